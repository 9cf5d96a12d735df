"""The cost of one more token as the context grows: Perceiver AR against a decoder-only stack with the same weights.

Without a prefix, a Perceiver AR *is* a decoder-only stack: every position is a latent, the cross-attention is causal
self-attention over one norm, and the layers after it cover all positions. So both are the same module with the same
weights, and differ in how many positions are latents: a fixed number, or all.
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from statistics import median
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor

from models.perceiver.ar import PerceiverAr
from models.perceiver.ar_decoding import IncrementalDecoder
from training.curve import INK

STEPS = 9
"""Tokens generated after each full pass; the first one does not count."""
READINGS, ENOUGH = 3, 10.0
"""Full passes per context, whose median counts; fewer once they have taken ENOUGH seconds."""
PERCEIVER, DECODER = "Perceiver AR", "decoder-only"
COLORS = {PERCEIVER: "#0f766e", DECODER: "#c2410c"}
QUANTITIES = {
    "reading": ("reading it, s", "reading the context, seconds", ".2f"),
    "step": ("one more token, s", "one more token, seconds", ".4f"),
    "mib": ("keys and values, MiB", "keys and values, MiB", ",.0f"),
}
"""Table heading, plot title and number format of each quantity."""


def growth(model: PerceiverAr, latents: int, contexts: tuple[int, ...]) -> list[dict[str, Any]]:
    """The costs of both at each context length in tokens."""
    found = []
    for context in contexts:
        ids = torch.randint(model.config.vocab_size, (1, context), generator=torch.Generator().manual_seed(context))
        if not found:
            for _, told in both(model, latents, context):
                measure(told, ids)  # not counted
        costs = {name: measure(told, ids) for name, told in both(model, latents, context)}
        found.append({"context": context, **costs})
    return found


def both(model: PerceiverAr, latents: int, context: int) -> Iterator[tuple[str, PerceiverAr]]:
    """The same weights with `latents` latents, and with all positions as latents."""
    for name, most in ((PERCEIVER, latents), (DECODER, context)):
        with torch.device("meta"):
            told = PerceiverAr(replace(model.config, max_seq_len=context, max_latents=most)).eval()
        told.load_state_dict(model.state_dict(), assign=True)
        yield name, told


def measure(model: PerceiverAr, ids: Tensor) -> dict[str, float]:
    """ids: [1, context]. The last ones are generated, so that a step has the cost at the end of the context."""
    config, prompt = model.config, ids.shape[1] - STEPS
    readings: list[float] = []
    while len(readings) < READINGS and sum(readings) < ENOUGH:
        writer = IncrementalDecoder(model)
        began = time.perf_counter()
        writer.start(ids[:, :prompt], config.max_latents - STEPS)
        readings.append(time.perf_counter() - began)
    steps = []
    for place in range(prompt, ids.shape[1]):
        began = time.perf_counter()
        writer.write(ids[:, place])
        steps.append(time.perf_counter() - began)
    return {"reading": median(readings), "step": median(steps[1:]), "mib": writer.nbytes / 2**20}


def tabulate(found: list[dict[str, Any]], latents: int) -> str:
    """A Markdown table with one row per context."""
    heads = [f"{head}: {name}" for head, _, _ in QUANTITIES.values() for name in COLORS]
    lines = [f"| context, {latents} latents | {' | '.join(heads)} |", "| ---: " * (1 + len(heads)) + "|"]
    for costs in found:
        cells = [f"{costs[name][key]:{form}}" for key, (_, _, form) in QUANTITIES.items() for name in COLORS]
        lines.append(f"| {costs['context']:,} | {' | '.join(cells)} |")
    return "\n".join(lines)


def draw(found: list[dict[str, Any]], latents: int) -> Figure:
    """Three panels, 10 x 3.6 inches, logarithmic except for the seconds of one more token, which start at 0."""
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    contexts = [costs["context"] for costs in found]
    for axes, (quantity, (_, said, _)) in zip(figure.subplots(1, len(QUANTITIES)), QUANTITIES.items(), strict=True):
        for name, color in COLORS.items():
            values = [costs[name][quantity] for costs in found]
            label = f"{name}, {latents} latents" if name == PERCEIVER else name
            axes.plot(contexts, values, color=color, linewidth=1.8, marker="o", markersize=4, label=label)
        axes.set_xscale("log", base=2)
        if quantity == "step":
            axes.set_ylim(bottom=0)
        else:
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter("{x:,g}")
        axes.set_xticks(contexts, [str(context) for context in contexts])
        axes.minorticks_off()
        axes.set_xlabel("context, tokens")
        axes.set_title(said, loc="left", fontsize="medium", color=INK)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].legend(frameon=False, fontsize="small")
    return figure
