"""Loads models from an embedded folder or a hub id.

Weights are safetensors, except for repositories that have only a `.bin`, which is read with `weights_only=True`, so
that only tensors are unpickled.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import torch
from transformers import PerceiverConfig, PerceiverPreTrainedModel

from models.data.weight_files import EMBEDDED, folder_or_id, folder_problem
from models.perceiver.ar import PerceiverAr
from models.perceiver.ar_checkpoint import PUBLISHED_AR, load_ar, outline_ar, read_ar_config
from models.perceiver.ar_config import PerceiverArConfig
from models.perceiver.hub import ask_hub
from models.schema import CheckpointUnavailable, Weights

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
_TWO_LABELS: dict[str, Any] = {"num_labels": 2}
_LANGUAGE: dict[str, Any] = {"qk_channels": 256, "v_channels": 1280}

PUBLISHED: Mapping[str, PerceiverConfig] = {
    "deepmind/language-perceiver": PerceiverConfig(**_LANGUAGE),
    "addy88/perceiver_imdb": PerceiverConfig(**_LANGUAGE, **_TWO_LABELS),
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
"""Configurations of the published models, known without a download."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """name: folder in assets/weights (embedded) or hub id (published).

    model: class of the weights.
    variant: distinguishes several models of a task.
    """

    name: str
    weights: Weights
    model: type[PerceiverPreTrainedModel] | type[PerceiverAr]
    variant: str = ""


def load_checkpoint(
    checkpoint: Checkpoint, device: torch.device, dtype: torch.dtype, folders: Mapping[str, Path]
) -> Any:
    """The model in evaluation mode on the device. folders: see `source_of`.

    Raises CheckpointUnavailable if the weights cannot be loaded or do not match the class.
    """
    source, name = source_of(checkpoint, folders), name_of(checkpoint, folders)
    local = isinstance(source, Path)
    if local and (problem := folder_problem(source)):
        raise CheckpointUnavailable(f"{name}: {problem}.{_alternative(checkpoint)}")
    try:
        model, unfit = _read(checkpoint.model, source, dtype)
    except Exception as error:  # files from the hub can fail in many ways
        reason = "its folder cannot be read" if local else "it is not in the cache and could not be downloaded"
        raise CheckpointUnavailable(f"{name}: {reason}.{_alternative(checkpoint)}") from error
    if unfit:
        # transformers would initialize them at random.
        reason = f"is not a complete {checkpoint.model.__name__}: {unfit[0]} is missing or has another shape"
        raise CheckpointUnavailable(f"{name} {reason}.{_alternative(checkpoint)}")
    return model.to(device).eval()


def source_of(checkpoint: Checkpoint, folders: Mapping[str, Path] = MappingProxyType({})) -> Path | str:
    """Folder or hub id of the weights.

    folders: replacements for hub ids: a local folder, or another hub id of a model of the same class.
    """
    if checkpoint.weights == "embedded":
        return EMBEDDED / checkpoint.name
    given = folders.get(checkpoint.name)
    return checkpoint.name if given is None else folder_or_id(given)


def name_of(checkpoint: Checkpoint, folders: Mapping[str, Path]) -> str:
    """Folder in assets/weights or hub id of a model, or of its replacement."""
    source = source_of(checkpoint, folders)
    return source if isinstance(source, str) else checkpoint.name


def config_of(checkpoint: Checkpoint, folders: Mapping[str, Path] = MappingProxyType({})) -> Any:
    """The configuration of a model without its weights: a PerceiverConfig or a PerceiverArConfig.

    For the replacement of a hub id, its own configuration, as far as it is in the cache.
    """
    source = source_of(checkpoint, folders)
    is_ar = issubclass(checkpoint.model, PerceiverAr)
    published = PUBLISHED_AR if is_ar else PUBLISHED
    if source == checkpoint.name:
        return published[checkpoint.name]
    try:
        return read_ar_config(source) if is_ar else PerceiverConfig.from_pretrained(source, local_files_only=True)
    except Exception:  # loading the weights reports the error
        if checkpoint.weights == "embedded":
            raise
        return published[checkpoint.name]


def image_size_of(config: PerceiverConfig) -> int:
    """Pixels along each side of the training images."""
    return cast(int, config.image_size)  # transformers allows pairs, but no Perceiver uses one


def labels_of(config: PerceiverConfig) -> tuple[str, ...]:
    """Names of the classes, in the order of the logits."""
    names = cast(dict[int, str], config.id2label or {})
    return tuple(names[index] for index in sorted(names))


def outline(checkpoint: Checkpoint, folders: Mapping[str, Path] = MappingProxyType({})) -> Any:
    """The model of a checkpoint on the meta device: no memory is allocated."""
    config = config_of(checkpoint, folders)
    if isinstance(config, PerceiverArConfig):
        return outline_ar(config)
    return _outline(cast(type[PerceiverPreTrainedModel], checkpoint.model), config.to_json_string())


@cache
def _outline(model: type[PerceiverPreTrainedModel], config: str) -> PerceiverPreTrainedModel:
    with torch.device("meta"):
        return model(PerceiverConfig.from_dict(json.loads(config)))


def count_parameters(checkpoint: Checkpoint, folders: Mapping[str, Path] = MappingProxyType({})) -> int:
    return sum(parameter.numel() for parameter in outline(checkpoint, folders).parameters())


def _read(
    model: type[PerceiverPreTrainedModel] | type[PerceiverAr], source: str | Path, dtype: torch.dtype
) -> tuple[Any, list[str]]:
    """The model, and the names of weights that do not fit it, which for a Perceiver AR are an error."""
    if issubclass(model, PerceiverAr):
        return load_ar(source, dtype), []
    loaded, report = _from_pretrained(model, source, dtype)
    return loaded, sorted(report["missing_keys"]) + sorted(str(key[0]) for key in report["mismatched_keys"])


def _from_pretrained(model: type[PerceiverPreTrainedModel], source: str | Path, dtype: torch.dtype) -> Any:
    """The model, and the report of transformers on its keys."""
    options: dict[str, Any] = {"dtype": dtype, "weights_only": True, "output_loading_info": True}
    if isinstance(source, Path):
        return model.from_pretrained(source, local_files_only=True, **options)
    try:
        return model.from_pretrained(source, local_files_only=True, **options)  # in the cache: no request to the hub
    except OSError:
        ask_hub(source)
        return model.from_pretrained(source, **options)


def _alternative(checkpoint: Checkpoint) -> str:
    return "" if checkpoint.weights == "embedded" else " The demo model still works."
