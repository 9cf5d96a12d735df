"""Reads and writes weights of Perceiver AR with the parameter names of krasserm's perceiver-io."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from models.perceiver.ar import PerceiverAr, inverse_frequencies
from models.perceiver.ar_config import PerceiverArConfig, read_config, write_config

FREQUENCIES = "backend_model.input_adapter.frq_pos_encoding.inv_freq"
"""Follows from the config: written for the other library, and compared when read."""
SAFETENSORS, PICKLED = "model.safetensors", "pytorch_model.bin"

_TOP = {
    "token_embedding.weight": "input_adapter.txt_embedding.weight",
    "position_embedding.weight": "input_adapter.pos_embedding.weight",
    "output_norm.weight": "out_norm.weight",
    "output_norm.bias": "out_norm.bias",
    "output_bias": "output_adapter.bias",
}
_ATTENTION = {f"attention.{ours}": f"0.module.attention.{theirs}_proj" for ours, theirs in
              {"query": "q", "key": "k", "value": "v", "output": "o"}.items()}  # fmt: skip
_MLP = {"mlp.norm": "1.module.0", "mlp.widen": "1.module.1", "mlp.narrow": "1.module.3"}
_MATCHING = {part: part for part in ("matching", "matching.value", "matching.output")}  # ours, under our names
_CROSS = {"latent_norm": "0.module.q_norm", "prefix_norm": "0.module.kv_norm"} | _ATTENTION | _MLP | _MATCHING
_SELF = {"norm": "0.module.norm"} | _ATTENTION | _MLP


def published_names(config: PerceiverArConfig) -> dict[str, str]:
    """Published name of each of our parameters."""
    with torch.device("meta"):
        ours = PerceiverAr(config).state_dict()
    return {name: f"backend_model.{_published(name)}" for name in ours}


def load(folder: Path, dtype: torch.dtype = torch.float32) -> PerceiverAr:
    """Loads config.json and model.safetensors (or pytorch_model.bin, of which only tensors are unpickled) of a folder.

    Returns the model in evaluation mode on the CPU. Raises ValueError if names, shapes or rotations do not match the
    config, and FileNotFoundError for a missing file.
    """
    config = read_config(folder)
    found = _read(folder)
    names = published_names(config)
    problems = _problems(config, names, found)
    if problems:
        raise ValueError(f"the weights in {folder} do not match its config.json: {'; '.join(problems)}")
    with torch.device("meta"):
        model = PerceiverAr(config)
    state = {ours: found[theirs].to(dtype) for ours, theirs in names.items()}
    model.load_state_dict(state, assign=True)
    return model.eval()


def save(model: PerceiverAr, folder: Path, dtype: torch.dtype = torch.float32) -> None:
    """Writes config.json and model.safetensors with the published names."""
    folder.mkdir(parents=True, exist_ok=True)
    state, config = model.state_dict(), model.config
    tensors = {
        theirs: state[ours].detach().to("cpu", dtype).contiguous() for ours, theirs in published_names(config).items()
    }
    # Always float32: half precision would rotate distant positions by wrong angles.
    tensors[FREQUENCIES] = inverse_frequencies(config.rotated_channels).float()
    save_file(tensors, folder / SAFETENSORS, metadata={"format": "pt"})
    write_config(config, folder)


def _published(ours: str) -> str:
    if ours in _TOP:
        return _TOP[ours]
    if ours.startswith("cross."):
        return f"cross_attention.{_renamed(ours.removeprefix('cross.'), _CROSS)}"
    _, number, rest = ours.split(".", maxsplit=2)
    return f"self_attention.{number}.{_renamed(rest, _SELF)}"


def _renamed(name: str, parts: Mapping[str, str]) -> str:
    part, _, kind = name.rpartition(".")
    return f"{parts[part]}.{kind}"


def _read(folder: Path) -> dict[str, Tensor]:
    if (folder / SAFETENSORS).exists():
        return load_file(folder / SAFETENSORS)
    return torch.load(folder / PICKLED, map_location="cpu", weights_only=True)


def _problems(config: PerceiverArConfig, names: Mapping[str, str], found: Mapping[str, Tensor]) -> list[str]:
    with torch.device("meta"):
        shapes = {names[ours]: value.shape for ours, value in PerceiverAr(config).state_dict().items()}
    missing, unknown = sorted(shapes.keys() - found.keys()), sorted(found.keys() - shapes.keys() - {FREQUENCIES})
    differing = [
        f"{name} is {tuple(found[name].shape)}, not {tuple(shape)}"
        for name, shape in shapes.items()
        if name in found and found[name].shape != shape
    ]
    expected, turns = inverse_frequencies(config.rotated_channels), found.get(FREQUENCIES)
    # Tolerance for rounding to float16.
    if turns is not None and not (len(turns) == len(expected) and torch.allclose(turns.double(), expected, rtol=1e-3)):
        differing.append(f"{FREQUENCIES} do not match {config.rotated_channels} rotated channels")
    return (
        [f"missing {', '.join(missing)}"] * bool(missing)
        + [f"unknown {', '.join(unknown)}"] * bool(unknown)
        + differing
    )
