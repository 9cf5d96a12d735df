"""What the cards of all embedded models have in common: tables, and how a run is told."""

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from safetensors import safe_open

from training.curve import best_step
from training.loop import BETAS, Schedule

Curve = list[dict[str, float]]
"""Lines of `read_curve`."""
COUNTED = ("running_mean", "running_var", "num_batches_tracked")


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def architecture_section(weights: Path, inputs: str, decoder: str) -> str:
    """weights: holds model.safetensors and config.json, from which come the numbers. inputs, decoder: in words."""
    config = json.loads((weights / "config.json").read_text())
    blocks, layers = config["num_blocks"], config["num_self_attends_per_block"]
    rows = {
        "parameters": f"{_parameters_in(weights / 'model.safetensors'):,}",
        "inputs": inputs,
        "latents": f"{config['num_latents']} x {config['d_latents']}",
        "encoder": f"1 cross-attention, {config['num_cross_attention_heads']} heads",
        "processor": f"{f'{blocks} x the same ' if blocks > 1 else ''}{layers} self-attention layers, "
        f"{config['num_self_attention_heads']} heads, MLP {config['self_attention_widening_factor']} times as wide",
        "decoder": decoder,
        "query and key, value channels": f"{config['qk_channels']}, {config['v_channels']}",
    }
    return "## Architecture\n\n" + table(("", ""), rows.items())


def _parameters_in(path: Path) -> int:
    """How many numbers the file holds, without those that a batch norm only counts."""
    with safe_open(path, framework="numpy") as tensors:
        names = [name for name in tensors.keys() if not name.endswith(COUNTED)]  # noqa: SIM118
        return sum(math.prod(tensors.get_slice(name).get_shape()) for name in names)


def training_section(
    training: Mapping[str, Any],
    curve: Curve,
    seen: Mapping[str, str],
    recipe: Mapping[str, str],
    scored: str,
    muon: bool = False,
) -> str:
    """How a run went, as a table.

    training: RUN/training.json, to which "remarks" may be added by hand; {} without one. seen: what went by, for the
    row after the steps. recipe: rows that only this recipe has. scored: on what, and in what, weights were chosen.
    """
    steps, best = int(curve[-1]["step"]), best_step(curve)
    planned = training.get("steps", steps)
    rows = {"steps": f"{steps:,}" if steps == planned else f"{steps:,} of {planned:,} planned", **seen}
    rows["optimiser"] = _optimiser(Schedule(planned, training.get("rate", 0)), muon)
    if {"rate", "warmup"} <= training.keys():
        rows["learning rate"] = f"{training['rate']} after {training['warmup']:,} steps of warm-up, then cosine to 0"
    rows |= recipe
    rows["hardware"] = training.get("hardware", "not recorded")
    rows["time"] = f"{curve[-1]['seconds'] / 60:.0f} minutes"
    if best:
        rows["weights kept"] = f"step {int(best['step']):,}: {best['valid']:.3f} {scored}"
    if "remarks" in training:
        rows["remarks"] = training["remarks"]
    return "## Training\n\n" + table(("", ""), rows.items())


def _optimiser(schedule: Schedule, muon: bool) -> str:
    hidden = "Muon on the matrices of linear layers but the last; all else by " if muon else ""
    return (
        f"{hidden}AdamW, betas {BETAS[0]} and {BETAS[1]}, weight decay {schedule.weight_decay} on matrices, "
        f"gradients clipped to norm {schedule.clip}"
    )


def precision_section(weights: Path, compared: str = "") -> str:
    """compared: how the weights as trained and the rounded ones score, where the former are still there."""
    size = (weights / "model.safetensors").stat().st_size
    text = (
        f"## Precision\n\nFloat16 on disk ({size / 1e6:.2f} MB). Trained as float32 with bfloat16 arithmetic; run in\n"
        "float32 where nothing else is asked for. The scores above are of the weights on disk."
    )
    return f"{text}\n{compared}\n" if compared else f"{text}\n"
