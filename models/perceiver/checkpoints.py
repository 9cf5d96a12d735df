"""Where weights come from, and how a model is built from them: an embedded folder, or a hub id.

Safetensors only, except for repositories that hold nothing else than a `.bin`: that is read with `weights_only=True`,
which builds tensors and nothing more.
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

from models.perceiver.ar import PerceiverAr
from models.perceiver.ar_checkpoint import PUBLISHED_AR, load_ar, outline_ar, read_ar_config
from models.perceiver.ar_config import PerceiverArConfig
from models.perceiver.hub import ask_hub
from models.schema import CheckpointUnavailable, Weights

EMBEDDED = Path(__file__).parents[2] / "assets" / "weights"
_PARTS_OF_AN_ID = 2

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
_PRAISE_OR_BLAME: dict[str, Any] = {"num_labels": 2}
_LANGUAGE: dict[str, Any] = {"qk_channels": 256, "v_channels": 1280}

PUBLISHED: Mapping[str, PerceiverConfig] = {
    "deepmind/language-perceiver": PerceiverConfig(**_LANGUAGE),
    "addy88/perceiver_imdb": PerceiverConfig(**_LANGUAGE, **_PRAISE_OR_BLAME),
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
"""The shapes of the published models of transformers' classes, known without a download."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """name: a folder in assets/weights (embedded) or a hub id (published). model: the class that its weights fit.

    variant: which of a task's models it is, where there are several.
    """

    name: str
    weights: Weights
    model: type[PerceiverPreTrainedModel] | type[PerceiverAr]
    variant: str = ""


def load_checkpoint(
    checkpoint: Checkpoint, device: torch.device, dtype: torch.dtype, folders: Mapping[str, Path]
) -> Any:
    """The model, of the checkpoint's class, in evaluation mode on the device. `folders`: see `source_of`.

    Raises CheckpointUnavailable where the weights cannot be had, or do not fit the class.
    """
    source, name = source_of(checkpoint, folders), name_of(checkpoint, folders)
    local = isinstance(source, Path)
    if local and not source.is_dir():
        raise CheckpointUnavailable(f"{name}: there is no folder {source}.{_consolation(checkpoint)}")
    try:
        model, complete = _read(checkpoint.model, source, dtype)
    except Exception as error:  # other people's files: each part of them fails in its own way
        reason = "its folder cannot be read" if local else "it is not on this machine and could not be downloaded"
        raise CheckpointUnavailable(f"{name}: {reason}.{_consolation(checkpoint)}") from error
    if not complete:
        # transformers would fill these with noise, and the page would show it as predictions.
        raise CheckpointUnavailable(f"{name} holds no complete {checkpoint.model.__name__}.{_consolation(checkpoint)}")
    return model.to(device).eval()


def source_of(checkpoint: Checkpoint, folders: Mapping[str, Path] = MappingProxyType({})) -> Path | str:
    """The folder or the hub id that the weights come from.

    folders: what is taken in place of hub ids: a local folder, or, where there is no folder `owner/name`, the model of
    that hub id, which has to be of the same class.
    """
    if checkpoint.weights == "embedded":
        return EMBEDDED / checkpoint.name
    given = folders.get(checkpoint.name)
    if given is None:
        return checkpoint.name
    is_id = not given.is_absolute() and len(given.parts) == _PARTS_OF_AN_ID and not given.is_dir()
    return given.as_posix() if is_id else Path(given)


def name_of(checkpoint: Checkpoint, folders: Mapping[str, Path]) -> str:
    """What a model is called: folder in assets/weights or hub id, the one that stands in for it where one does."""
    source = source_of(checkpoint, folders)
    return source if isinstance(source, str) else checkpoint.name


def config_of(checkpoint: Checkpoint, folders: Mapping[str, Path] = MappingProxyType({})) -> Any:
    """The shape of a model, without its weights; of what stands in for a hub id, its own, as far as it is here.

    A PerceiverConfig, or of a PerceiverAr its PerceiverArConfig.
    """
    source = source_of(checkpoint, folders)
    is_ar = issubclass(checkpoint.model, PerceiverAr)
    published = PUBLISHED_AR if is_ar else PUBLISHED
    if source == checkpoint.name:
        return published[checkpoint.name]
    try:
        return read_ar_config(source) if is_ar else PerceiverConfig.from_pretrained(source, local_files_only=True)
    except Exception:  # other people's files; loading the weights will say what is wrong with them
        if checkpoint.weights == "embedded":
            raise
        return published[checkpoint.name]


def image_size_of(config: PerceiverConfig) -> int:
    """Pixels along each side of the images that a model was trained on."""
    return cast(int, config.image_size)  # transformers allows pairs, but no Perceiver has one


def labels_of(config: PerceiverConfig) -> tuple[str, ...]:
    """The names of a model's classes, in the order of its logits."""
    names = cast(dict[int, str], config.id2label or {})
    return tuple(names[index] for index in sorted(names))


def outline(checkpoint: Checkpoint, folders: Mapping[str, Path] = MappingProxyType({})) -> Any:
    """The model that fits the checkpoint, without its numbers: nothing is allocated."""
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
) -> tuple[Any, bool]:
    """The model, and whether all of its numbers were there; of a Perceiver AR, less is an error."""
    if issubclass(model, PerceiverAr):
        return load_ar(source, dtype), True
    loaded, report = _from_pretrained(model, source, dtype)
    return loaded, not (report["missing_keys"] or report["mismatched_keys"])


def _from_pretrained(model: type[PerceiverPreTrainedModel], source: str | Path, dtype: torch.dtype) -> Any:
    """The model and transformers' report on its keys."""
    options: dict[str, Any] = {"dtype": dtype, "weights_only": True, "output_loading_info": True}
    if isinstance(source, Path):
        return model.from_pretrained(source, local_files_only=True, **options)
    try:
        return model.from_pretrained(source, local_files_only=True, **options)  # in the cache: no question to the hub
    except OSError:
        ask_hub(source)
        return model.from_pretrained(source, **options)


def _consolation(checkpoint: Checkpoint) -> str:
    return "" if checkpoint.weights == "embedded" else " The embedded model is still there."
