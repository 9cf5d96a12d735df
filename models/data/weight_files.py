"""The files of a model in its folder, checked without torch, so that errors are shown before anything is loaded."""

import hashlib
import json
from pathlib import Path
from typing import Any

EMBEDDED = Path(__file__).parents[2] / "assets" / "weights"
WEIGHTS, CARD, CONFIG = "model.safetensors", "card.md", "config.json"
DIGEST = "weights_sha256"
"""Key in the metadata of a card."""
_SIZES = {
    "perceiver.embeddings.latents": ("num_latents", "d_latents"),
    "backend_model.input_adapter.txt_embedding.weight": ("vocab_size", "num_channels"),
}
"""Keys of the configuration that give the shape of a tensor: of a Perceiver, and of a Perceiver AR."""
_PARTS_OF_AN_ID = 2


def folder_or_id(given: Path) -> Path | str:
    """What a path in the settings means: a folder, or, like "owner/name", the hub id of a model."""
    is_id = not given.is_absolute() and len(given.parts) == _PARTS_OF_AN_ID and not given.is_dir()
    return given.as_posix() if is_id else given


def digest_of(folder: Path) -> str:
    """SHA-256 of the weights, in hexadecimal; 1 ms per MB."""
    with (folder / WEIGHTS).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_problem(folder: Path) -> str | None:
    """Why no model can be loaded from a folder, in words. None: its files are in order, as far as they are checked.

    Weights are compared with the SHA-256 in the folder's card; without it, their header with the configuration.
    """
    if not folder.is_dir():
        return f"the folder {folder} does not exist"
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        return f"{folder / CONFIG} cannot be read ({_reason(error)})"
    if not isinstance(config, dict):
        return f"{folder / CONFIG} is not a JSON object"
    if not any(folder.glob("*.safetensors*")) and not any(folder.glob("*.bin*")):
        return f"the folder {folder} has no weights ({WEIGHTS})"
    return _weights_problem(folder, config) if (folder / WEIGHTS).exists() else None


def _weights_problem(folder: Path, config: dict[str, Any]) -> str | None:
    if not (folder / CARD).exists():
        return _header_problem(folder, config)
    from huggingface_hub import metadata_load  # slow, and front ends over a cluster have no weights

    try:
        recorded = (metadata_load(folder / CARD) or {}).get(DIGEST)
    except Exception as error:  # of files, encodings and YAML
        return f"{folder / CARD} cannot be read ({_reason(error)})"
    if recorded is None:
        return _header_problem(folder, config)
    return None if digest_of(folder) == recorded else f"{folder / WEIGHTS} does not have the SHA-256 in {CARD}"


def _header_problem(folder: Path, config: dict[str, Any]) -> str | None:
    from safetensors import SafetensorError, safe_open  # installed with torch

    sizes = config | config.get("model_config", {})  # as Perceiver AR nests them
    try:
        with safe_open(folder / WEIGHTS, framework="numpy") as tensors:
            shapes = {name: tensors.get_slice(name).get_shape() for name in {*tensors.keys()} & {*_SIZES}}
    except SafetensorError as error:
        return f"{folder / WEIGHTS} is damaged or incomplete ({error})"
    for name, shape in shapes.items():
        for key, size in zip(_SIZES[name], shape, strict=True):
            if sizes.get(key, size) != size:
                return f"{folder / WEIGHTS} does not fit {CONFIG}: {key} is {size}, not {sizes[key]!r}"
    return None


def _reason(error: Exception) -> str:
    """In one line."""
    text = error.strerror if isinstance(error, OSError) else str(error)
    return " ".join((text or type(error).__name__).split())
