"""Where weights come from, and how a model is built from them: an embedded folder, or a hub id.

Safetensors only, except for repositories that hold nothing else than a `.bin`: that is read with `weights_only=True`,
which builds tensors and nothing more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import torch
from huggingface_hub import HfApi
from transformers import PerceiverConfig, PerceiverPreTrainedModel

from models.schema import CheckpointUnavailable, Weights

EMBEDDED = Path(__file__).parent.parent / "assets" / "weights"

_IMAGES: dict[str, Any] = {
    "num_latents": 512,
    "d_latents": 1024,
    "num_blocks": 8,
    "num_self_attends_per_block": 6,
    "num_cross_attention_heads": 1,
    "image_size": 224,
    "num_labels": 1000,
}

_KINETICS: dict[str, Any] = {"num_labels": 700}

PUBLISHED: Mapping[str, PerceiverConfig] = {
    "deepmind/language-perceiver": PerceiverConfig(qk_channels=256, v_channels=1280),
    "deepmind/vision-perceiver-learned": PerceiverConfig(d_model=512, **_IMAGES),
    "deepmind/vision-perceiver-fourier": PerceiverConfig(d_model=261, **_IMAGES),
    "deepmind/vision-perceiver-conv": PerceiverConfig(d_model=322, **_IMAGES),
    "deepmind/optical-flow-perceiver": PerceiverConfig(
        num_latents=2048,
        d_latents=512,
        d_model=322,
        num_self_attends_per_block=24,
        num_self_attention_heads=16,
        num_cross_attention_heads=1,
    ),
    "deepmind/multimodal-perceiver": PerceiverConfig(
        num_latents=784,
        d_latents=512,
        d_model=704,
        num_self_attends_per_block=8,
        num_cross_attention_heads=1,
        **_KINETICS,
    ),
}
"""The shapes of the published models, known without a download: for benchmarks, tests and drawings."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """name: a folder in assets/weights (embedded) or a hub id (published). model: the class that its weights fit.

    variant: which of a task's models it is, where there are several.
    """

    name: str
    weights: Weights
    model: type[PerceiverPreTrainedModel]
    variant: str = ""


def load_checkpoint(
    checkpoint: Checkpoint, device: torch.device, dtype: torch.dtype, folders: Mapping[str, Path]
) -> PerceiverPreTrainedModel:
    """The model in evaluation mode on the device. `folders` maps hub ids to local folders.

    Raises CheckpointUnavailable where the weights cannot be had, or do not fit the class.
    """
    source = EMBEDDED / checkpoint.name if checkpoint.weights == "embedded" else folders.get(checkpoint.name)
    if source is not None and not Path(source).is_dir():
        raise CheckpointUnavailable(f"{checkpoint.name}: there is no folder {source}.{_consolation(checkpoint)}")
    try:
        model, report = _from_pretrained(checkpoint.model, source or checkpoint.name, dtype)
    except Exception as error:  # other people's files: each part of them fails in its own way
        reason = "its folder cannot be read" if source else "it is not on this machine and could not be downloaded"
        raise CheckpointUnavailable(f"{checkpoint.name}: {reason}.{_consolation(checkpoint)}") from error
    if report["missing_keys"] or report["mismatched_keys"]:
        # transformers would fill these with noise, and the page would show it as predictions.
        raise CheckpointUnavailable(
            f"{checkpoint.name} holds no complete {checkpoint.model.__name__}.{_consolation(checkpoint)}"
        )
    return model.to(device).eval()


def config_of(checkpoint: Checkpoint) -> PerceiverConfig:
    """The shape of a model, without its weights."""
    if checkpoint.weights == "published":
        return PUBLISHED[checkpoint.name]
    return PerceiverConfig.from_pretrained(EMBEDDED / checkpoint.name, local_files_only=True)


def image_size_of(config: PerceiverConfig) -> int:
    """Pixels along each side of the images that a model was trained on."""
    return cast(int, config.image_size)  # transformers allows pairs, but no Perceiver has one


def labels_of(config: PerceiverConfig) -> tuple[str, ...]:
    """The names of a model's classes, in the order of its logits."""
    names = cast(dict[int, str], config.id2label or {})
    return tuple(names[index] for index in sorted(names))


@cache
def outline(checkpoint: Checkpoint) -> PerceiverPreTrainedModel:
    """The model that fits the checkpoint, without its numbers: nothing is allocated."""
    with torch.device("meta"):
        return checkpoint.model(config_of(checkpoint))


def count_parameters(checkpoint: Checkpoint) -> int:
    return sum(parameter.numel() for parameter in outline(checkpoint).parameters())


def _from_pretrained(model: type[PerceiverPreTrainedModel], source: str | Path, dtype: torch.dtype) -> Any:
    """The model and transformers' report on its keys."""
    options: dict[str, Any] = {"dtype": dtype, "weights_only": True, "output_loading_info": True}
    if isinstance(source, Path):
        return model.from_pretrained(source, local_files_only=True, **options)
    try:
        return model.from_pretrained(source, local_files_only=True, **options)  # in the cache: no question to the hub
    except OSError:
        _ask_hub(source)
        return model.from_pretrained(source, **options)


def _ask_hub(name: str) -> None:
    """One short question before a download: where the hub cannot be reached, `from_pretrained` would retry for long."""
    try:
        HfApi().model_info(name, timeout=5)
    except Exception as error:  # whatever transport or hub answered, the weights are not to be had
        raise OSError(f"the hub has no answer for {name}") from error


def _consolation(checkpoint: Checkpoint) -> str:
    return "" if checkpoint.weights == "embedded" else " The embedded model is still there."
