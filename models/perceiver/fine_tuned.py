"""A fine-tuned classifier: some parameters differ from the base model, all others are shared with it.

Models are made by copying the modules of the base around other parameters. Nothing of the base is allocated again, and
the constructors of transformers, which draw random numbers and set global flags, are not involved.
"""

import hashlib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import PerceiverForSequenceClassification, PerceiverTokenizer

from models.perceiver.engine import basic_decoder
from models.schema import FineTunedModel, Weights

_DECODER = "perceiver.decoder.decoder."
FINAL = f"{_DECODER}final_layer"
_STD = 0.02


def trainable_copy(
    base: PerceiverForSequenceClassification, labels: int, draws: torch.Generator, frozen: bool
) -> PerceiverForSequenceClassification:
    """A model with `labels` labels, of which all parameters or only the decoder are trainable float32 copies.

    Only the last layer is initialized at random: the decoder query of the base trains faster than a new one.
    """
    parameters = dict(base.named_parameters())
    width = parameters[f"{FINAL}.weight"].shape[1]
    fresh = {
        f"{FINAL}.weight": torch.empty(labels, width).normal_(std=_STD, generator=draws),
        f"{FINAL}.bias": torch.zeros(labels),
    }
    changed = {
        # A copy, since tensors created in inference mode cannot be trained.
        name: fresh[name].to(base.device) if name in fresh else torch.empty_like(p, dtype=torch.float32).copy_(p)
        for name, p in ((name, p.detach()) for name, p in parameters.items())
        if not frozen or name.startswith(_DECODER)
    }
    model = _copy_around(base, changed, tuple(f"LABEL_{index}" for index in range(labels)))
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name in changed)
    return model


def fine_tuned_model(
    base: PerceiverForSequenceClassification, taught: FineTunedModel
) -> PerceiverForSequenceClassification:
    """The fine-tuned model on the device and in the dtype of the base; unchanged parameters are shared.

    Raises ValueError for a base of another shape.
    """
    parameters = dict(base.named_parameters())
    changed = {}
    for name, array in taught.changed.items():
        shape = tuple(parameters[name].shape) if name in parameters else None
        if name.startswith(FINAL):
            shape = (len(taught.labels), *(shape or ())[1:])
        if shape != array.shape:
            raise ValueError(f"{taught.name} does not fit {taught.base}: {name} is {array.shape}, not {shape}")
        changed[name] = torch.tensor(array, dtype=base.dtype, device=base.device)
    return _copy_around(base, changed, taught.labels)


def as_value(
    model: PerceiverForSequenceClassification, base: str, weights: Weights, labels: Sequence[str]
) -> FineTunedModel:
    """A copy of the trained parameters of a `trainable_copy`; its name is a digest of its content."""
    changed = {
        name: parameter.detach().float().cpu().numpy().copy()
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    }
    digest = hashlib.sha256(repr((base, weights, tuple(labels))).encode())
    for name, array in changed.items():
        digest.update(name.encode())
        digest.update(array.data)
    return FineTunedModel(f"{base}, fine-tuned ({digest.hexdigest()[:12]})", base, weights, tuple(labels), changed)


def save_fine_tuned(
    base: PerceiverForSequenceClassification, taught: FineTunedModel, folder: Path, dtype: torch.dtype = torch.float32
) -> None:
    """Writes a folder for `from_pretrained` of PerceiverForSequenceClassification and PerceiverTokenizer.

    dtype: float32 for exact results, or float16 for half the size.
    """
    model = fine_tuned_model(base, taught)
    model.config.architectures = [PerceiverForSequenceClassification.__name__]
    state = {name: tensor.to(dtype).contiguous() for name, tensor in model.state_dict().items()}
    model.config.dtype = dtype
    model.save_pretrained(folder, state_dict=state)
    PerceiverTokenizer(model_max_length=model.config.max_position_embeddings).save_pretrained(folder)


def _copy_around(
    base: PerceiverForSequenceClassification, changed: Mapping[str, Tensor], labels: tuple[str, ...]
) -> PerceiverForSequenceClassification:
    """The modules of the base copied around these tensors, and around its own tensors otherwise."""
    held = {
        id(parameter): nn.Parameter(changed.get(name, parameter.detach()), requires_grad=False)
        for name, parameter in base.named_parameters()
    }
    model = deepcopy(base, held)
    model.config.id2label = dict(enumerate(labels))
    model.config.label2id = {label: index for index, label in enumerate(labels)}
    model.num_labels = model.perceiver.decoder.num_labels = len(labels)
    decoder = basic_decoder(model)
    decoder.output_num_channels = decoder.final_layer.out_features = len(labels)
    return model.eval()
