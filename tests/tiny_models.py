"""Tiny random Perceivers, one of each class of transformers, and what transformers itself makes of their inputs.

A fresh Perceiver answers almost the same to everything: its weights start at 0.02, its biases at 0. Here all of them
are drawn wide, so that two answers that ought to differ do, by far more than the tests tolerate.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
import transformers
from torch import Tensor, nn
from transformers import PerceiverConfig, PerceiverPreTrainedModel
from transformers.models.perceiver.modeling_perceiver import PerceiverOpticalFlowDecoder

from models.perceiver.ar import PerceiverAr
from models.perceiver.ar_config import PerceiverArConfig
from models.perceiver.checkpoints import Checkpoint
from models.perceiver.patch_flow import PerceiverForPatchFlow, patch_flow_config
from models.perceiver.patch_multimodal import PerceiverForPatchMultimodal, patch_multimodal_config
from models.schema import CheckpointUnavailable, Weights

BATCH = 2
ATOL = 1e-5
FAR = 1e-2
"""What differs has to differ by this much, a thousand times what counts as equal."""
READS = 32
"""Bytes that the text models of `load_tiny` read."""
WRITER_CONTEXT, WRITER_LATENTS = 24, 8
"""Bytes that its writers of text read, and how many of them are latents."""
SIDE, CLASSES = 32, 10
"""Pixels along each side of what its image models were made for, as the embedded ones; and what they tell apart."""
FLOW_TILES: Mapping[Weights, tuple[int, int]] = {"embedded": (24, 24), "published": (24, 30)}
"""Height and width of what its flow models read at once: larger than what tiles share."""

_SHAPE = {
    "num_latents": 7,
    "d_latents": 16,
    "num_blocks": 2,
    "num_self_attends_per_block": 2,
    "num_self_attention_heads": 4,
    "num_cross_attention_heads": 2,
    "self_attention_widening_factor": 2,
    "num_labels": 3,
    "qk_channels": 8,
    "v_channels": 16,
}


@dataclass(frozen=True, slots=True)
class Tiny:
    """all_outputs: what `decode` takes for all outputs. answers: how many queries that is."""

    config: Mapping[str, Any]
    inputs: Callable[[int], Any]
    answers: int
    all_outputs: Mapping[str, Tensor | None] | None = None


def _ids(batch: int) -> Tensor:
    return torch.randint(6, 262, (batch, 20))


def _clip(batch: int) -> dict[str, Tensor]:
    return {
        "image": torch.randn(batch, 2, 3, 8, 8),
        "audio": torch.randn(batch, 64, 1),
        "label": torch.randn(batch, 3),
    }


_TEXT = {**_SHAPE, "d_model": 24, "max_position_embeddings": 20}
_IMAGE = {**_SHAPE, "image_size": 6}
_CLIP = {
    **_SHAPE,
    "num_frames": 2,
    "audio_samples_per_frame": 32,
    "samples_per_patch": 16,
    "image_size": 8,
    "output_shape": (1, 2, 8, 8),
    "output_num_channels": 12,
    "_label_trainable_num_channels": 10,
}

TINY: Mapping[str, Tiny] = {
    "PerceiverForMaskedLM": Tiny(_TEXT, _ids, answers=20),
    "PerceiverForSequenceClassification": Tiny(_TEXT, _ids, answers=1),
    "PerceiverForImageClassificationLearned": Tiny(_IMAGE, lambda b: torch.randn(b, 3, 6, 6), answers=1),
    # As published: no widths of its own, one head, so queries and keys take the width of the inputs.
    "PerceiverForImageClassificationFourier": Tiny(
        {**_IMAGE, "qk_channels": None, "v_channels": None, "num_cross_attention_heads": 1},
        lambda b: torch.randn(b, 3, 6, 6),
        answers=1,
    ),
    "PerceiverForImageClassificationConvProcessing": Tiny(
        {**_IMAGE, "qk_channels": None, "v_channels": None, "cross_attention_shape_for_attention": "q"},
        lambda b: torch.randn(b, 3, 16, 16),
        answers=1,
    ),
    "PerceiverForOpticalFlow": Tiny(
        {**_SHAPE, "d_model": 322, "train_size": (5, 7)}, lambda b: torch.randn(b, 2, 27, 5, 7), answers=35
    ),
    "PerceiverForMultimodalAutoencoding": Tiny(
        _CLIP, _clip, answers=133, all_outputs={"image": torch.arange(128), "audio": torch.arange(4), "label": None}
    ),
}
NAMES = tuple(TINY)
CLASSIFIERS = tuple(name for name in NAMES if "Classification" in name)
TEXTS = NAMES[:2]


@cache
def tiny_model(name: str, seed: int = 0, **changes: Any) -> PerceiverPreTrainedModel:
    """In evaluation mode, float32, the same for the same arguments. Tests that change a model take a deep copy."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = getattr(transformers, name)(PerceiverConfig(**{**TINY[name].config, **changes}))
        scatter(model)
    return model.eval()


@cache
def tiny_patch_flow(seed: int = 0, size: int = 16) -> PerceiverForPatchFlow:
    """The project's own small model of optical flow, smaller: tiles of `size` pixels a side, patches of 4."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = PerceiverForPatchFlow(
            patch_flow_config(size=size, patch=4, window=8, latents=5, channels=16, layers=2, features=14, hidden=12)
        )
        scatter(model)
    return model.eval()


@cache
def tiny_patch_multimodal(seed: int = 0) -> PerceiverForPatchMultimodal:
    """The project's own small multimodal autoencoder, smaller: 4 frames of 8 x 8 pixels, 1,024 samples, 3 labels."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        config = patch_multimodal_config(
            frames=4, size=8, patch=4, samples_per_frame=256, samples_per_patch=64, input_samples=128, latents=7,
            labels=("a", "b", "c"),
            video_latents=(1, 2, 2), sound_latents=2, channels=64, width=80, layers=2, answers=24,
        )  # fmt: skip
        model = PerceiverForPatchMultimodal(config)
        scatter(model)
    return model.eval()


@cache
def tiny_text_writer(seed: int = 0) -> PerceiverAr:
    """A Perceiver AR of bytes, that reads WRITER_CONTEXT of them."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        config = PerceiverArConfig(
            vocab_size=262, max_seq_len=WRITER_CONTEXT, max_latents=WRITER_LATENTS, num_channels=16, num_heads=2,
            num_self_attention_layers=2, num_self_attention_rotary_layers=-1, self_attention_widening_factor=2,
            cross_attention_widening_factor=2, output_norm=True, output_bias=False, abs_pos_emb=False,
        )  # fmt: skip
        model = PerceiverAr(config)
        scatter(model)
    return model.eval()


def tiny_inputs(name: str, batch: int = BATCH, seed: int = 1) -> Any:
    """Random inputs as the model's own forward takes them."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return TINY[name].inputs(batch)


@torch.no_grad()
def scatter(model: nn.Module) -> None:
    """Draws every parameter and every running statistic anew, wide enough to matter."""
    for name, parameter in model.named_parameters():
        parameter.normal_(std=0.3 if name.endswith("bias") else 1.0)
    for name, module in model.named_modules():
        match module:
            case nn.Linear() | nn.Conv2d():
                gain = 1.5 if name.endswith(("query", "key")) else 1.0
                module.weight.mul_(gain * module.weight[0].numel() ** -0.5)
            case nn.LayerNorm() | nn.BatchNorm2d():
                module.weight.mul_(0.3).add_(1)
            case nn.Embedding():
                module.weight.mul_(0.3)
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
        if isinstance(module, PerceiverOpticalFlowDecoder):
            module.decoder.final_layer.weight.mul_(module.rescale_factor)


@torch.no_grad()
def reference(model: PerceiverPreTrainedModel, inputs: Any, **options: Any) -> Any:
    """What transformers' own forward makes of it, with every attention map."""
    wanted = TINY[type(model).__name__].all_outputs
    if wanted is not None:
        options.setdefault("subsampled_output_points", wanted)
    return model(inputs=inputs, output_attentions=True, **options)


def flat_logits(logits: Any) -> Any:
    """transformers shapes a flow like its image; the engine gives outputs in a row, as they were wanted."""
    if isinstance(logits, Tensor) and logits.ndim == 4:
        return logits.flatten(1, 2)
    return logits


def assert_equal(found: Any, expected: Any, atol: float = ATOL) -> None:
    torch.testing.assert_close(found, expected, atol=atol, rtol=0)


def spread(values: Tensor, dim: int) -> float:
    """How far apart values lie along an axis, at the place where they are farthest."""
    return (values.amax(dim) - values.amin(dim)).max().item()


def load_tiny(checkpoint: Checkpoint, device: torch.device, dtype: torch.dtype, folders: Any) -> Any:
    """What tests give to `LocalBackend` in place of `load_checkpoint`: other weights for other checkpoints."""
    seed = {"embedded": 0, "published": 1}[checkpoint.weights]
    return deepcopy(served_model(checkpoint.model.__name__, seed)).to(device, dtype)


def served_model(name: str, seed: int = 0) -> Any:
    """What `load_tiny` copies."""
    if name == PerceiverAr.__name__:
        return tiny_text_writer(seed)
    if name == PerceiverForPatchFlow.__name__:
        return tiny_patch_flow(seed, FLOW_TILES["embedded"][0])
    if name == "PerceiverForOpticalFlow":
        return tiny_model(name, seed, train_size=FLOW_TILES["published"])
    if name == PerceiverForPatchMultimodal.__name__:
        return tiny_patch_multimodal(seed)
    if name == "PerceiverForMultimodalAutoencoding":
        return tiny_model(name, seed, audio_samples_per_frame=1920)  # as published: 25 frames a second
    if "Image" in name:
        return tiny_model(name, seed, image_size=SIDE, num_labels=CLASSES)
    return tiny_model(name, seed, max_position_embeddings=READS + 2)


class Counting:
    """A loader whose models count how often they are built, and how often each reads inputs."""

    def __init__(self) -> None:
        self.loads: list[str] = []
        self.reads: list[str] = []

    def __call__(self, checkpoint: Any, *options: Any) -> Any:
        self.loads.append(checkpoint.name)
        model = load_tiny(checkpoint, *options)
        reader = model.token_embedding if isinstance(model, PerceiverAr) else model.perceiver.input_preprocessor
        reader.register_forward_hook(lambda *_: self.reads.append(checkpoint.name))
        return model


def unavailable(checkpoint: Any, *_: Any) -> Any:
    raise CheckpointUnavailable(f"{checkpoint.name} is not there")
