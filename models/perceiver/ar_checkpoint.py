"""Where the weights of a Perceiver AR are: a folder, or the files of a hub id, which transformers has no class for."""

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
"""The shapes of the published models, known without a download."""
_CONFIG = "config.json"


def load_ar(source: Path | str, dtype: torch.dtype) -> PerceiverAr:
    """As `ar_weights.load`, of a folder or a hub id: what is in the cache is not asked for.

    Raises OSError where a hub id can be had neither from the cache nor from the hub; else as `ar_weights.load`.
    """
    return load(source if isinstance(source, Path) else _cached(source) or _downloaded(source), dtype)


def read_ar_config(source: Path | str) -> PerceiverArConfig:
    """The config of a folder, or of a hub id as far as it is in the cache. Raises OSError, and as `read_config`."""
    folder = source if isinstance(source, Path) else _cached(source)
    if folder is None:
        raise OSError(f"{source} is not on this machine")
    return read_config(folder)


@cache
def outline_ar(config: PerceiverArConfig) -> PerceiverAr:
    """The model without its numbers: nothing is allocated."""
    with torch.device("meta"):
        return PerceiverAr(config)


def _cached(name: str) -> Path | None:
    """The folder of an earlier download, if all of it is there."""
    try:
        folder = Path(snapshot_download(name, local_files_only=True))
    except OSError:
        return None
    complete = (folder / _CONFIG).is_file() and any((folder / weights).is_file() for weights in (SAFETENSORS, PICKLED))
    return folder if complete else None


def _downloaded(name: str) -> Path:
    weights = SAFETENSORS if SAFETENSORS in ask_hub(name) else PICKLED
    return Path(snapshot_download(name, allow_patterns=[_CONFIG, weights]))
