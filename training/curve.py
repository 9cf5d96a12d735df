"""The loss curve of a run: its sessions joined into one, and drawn."""

import json
from collections.abc import Sequence
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

INK, SOFT_INK = "#1a1a1a", "#5c5c5c"
TRAIN_COLOR, VALID_COLOR = "#9ecae1", "#08519c"
BASELINE_STYLES = ((0, (6, 3)), (0, (2, 2)))


def read_curve(paths: Sequence[Path]) -> list[dict[str, float]]:
    """Lines {"step", "train" or "valid", "seconds"} of the sessions of one run, first to last, as if never interrupted.

    A session counts its seconds from 0: they are added up. What a later session did again replaces the earlier line.
    """
    joined: list[dict[str, float]] = []
    spent, last = 0.0, {"step": 0, "seconds": 0.0}
    for line in (json.loads(text) for path in paths for text in path.read_text().splitlines() if text):
        if line["seconds"] < last["seconds"] or line["step"] < last["step"]:
            spent += last["seconds"]
            joined = [earlier for earlier in joined if earlier["step"] < line["step"]]
        joined.append(line | {"seconds": round(spent + line["seconds"], 1)})
        last = line
    if not joined:
        raise SystemExit(f"No step is recorded in {', '.join(str(path) for path in paths)}.")
    return joined


def write_curve(curve: list[dict[str, float]], path: Path) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in curve))


def best_step(curve: list[dict[str, float]]) -> dict[str, float] | None:
    """The line with the lowest validation score, whose weights `fit` kept; None where nothing was validated."""
    return min((line for line in curve if "valid" in line), key=lambda line: line["valid"], default=None)


def draw_curve(curve: list[dict[str, float]], title: str, quantity: str, baselines: dict[str, float]) -> Figure:
    """Training loss and validation against the step, 8 x 4.5 inches; baselines: name -> level, as dashed lines."""
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for name, label, color in (("train", "training batches", TRAIN_COLOR), ("valid", "validation", VALID_COLOR)):
        points = [(line["step"], line[name]) for line in curve if name in line]
        if points:
            axes.plot(*zip(*points, strict=True), color=color, linewidth=1.8, label=label)
    for (name, level), style in zip(baselines.items(), BASELINE_STYLES * len(baselines), strict=False):
        axes.axhline(level, color=SOFT_INK, linewidth=1.2, linestyle=style, label=f"{name}: {level:.2f}")
    # The first steps, far above all that follows, would flatten it.
    highest = max([line["train"] for line in curve[2:] if "train" in line] + list(baselines.values()), default=1)
    axes.set(xlabel="step", ylabel=quantity, xlim=(0, curve[-1]["step"]), ylim=(0, 1.05 * highest))
    axes.set_title(title, loc="left", color=INK)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize="small")
    return figure


def save_svg(figure: Figure, path: Path) -> None:
    """The same bytes for the same curve: neither a date nor random ids in the file; text stays text."""
    with matplotlib.rc_context({"svg.hashsalt": "curve", "svg.fonttype": "none"}):
        figure.savefig(path, format="svg", metadata={"Date": None})
