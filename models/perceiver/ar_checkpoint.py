"""Loads the weights of a Perceiver AR from a folder or a hub id; transformers has no class for them."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import torch
from huggingface_hub import snapshot_download

from models.perceiver.ar import PerceiverAr
from models.perceiver.ar_config import PerceiverArConfig, read_config
from models.perceiver.ar_weights import PICKLED, SAFETENSORS, load
from models.perceiver.hub import ask_hub

PUBLISHED_AR: Mapping[str, PerceiverArConfig] = {
    "krasserm/perceiver-ar-clm-base": PerceiverArConfig(
        vocab_size=32_000,
        max_seq_len=1024,
        max_latents=512,
        num_channels=1280,
        num_heads=10,
        num_self_attention_layers=20,
        output_norm=True,
        output_bias=False,
        abs_pos_emb=False,
    ),
}
"""Configurations of the published models, known without a download."""
_CONFIG = "config.json"


def load_ar(source: Path | str, dtype: torch.dtype) -> PerceiverAr:
    """`ar_weights.load` for a folder or a hub id; cached files are used without contacting the hub.

    Raises OSError if a hub id is neither in the cache nor reachable, and the errors of `ar_weights.load`.
    """
    return load(source if isinstance(source, Path) else _cached(source) or _downloaded(source), dtype)


def read_ar_config(source: Path | str) -> PerceiverArConfig:
    """The config of a folder, or of a hub id in the cache. Raises OSError, and the errors of `read_config`."""
    folder = source if isinstance(source, Path) else _cached(source)
    if folder is None:
        raise OSError(f"{source} is not in the cache")
    return read_config(folder)


@cache
def outline_ar(config: PerceiverArConfig) -> PerceiverAr:
    """The model on the meta device: no memory is allocated."""
    with torch.device("meta"):
        return PerceiverAr(config)


def _cached(name: str) -> Path | None:
    """The folder of an earlier download, if it is complete."""
    try:
        folder = Path(snapshot_download(name, local_files_only=True))
    except OSError:
        return None
    complete = (folder / _CONFIG).is_file() and any((folder / weights).is_file() for weights in (SAFETENSORS, PICKLED))
    return folder if complete else None


def _downloaded(name: str) -> Path:
    weights = SAFETENSORS if SAFETENSORS in ask_hub(name) else PICKLED
    return Path(snapshot_download(name, allow_patterns=[_CONFIG, weights]))
