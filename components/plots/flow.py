"""Optical flow on a sheet: in colours with their wheel, as arrows, and how far it is from the truth."""

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle
from PIL.Image import Image

from components.analysis.motion import errors_in_words, flow_in_words, scores_in_words
from components.plots.attention import draw_colour_bar
from components.plots.plot import MARGIN, RULE, SOFT_INK, WIDTH, Sheet, start_sheet
from components.plots.tiles import GAP, Pane, draw_panes
from components.scale.flow import UNKNOWN, Arrows, arrows, flow_colours, largest_shown, shrunk, shrunk_frame, wheel
from components.scale.flow_errors import (
    ERROR_COLOURS,
    ErrorColumn,
    error_colours,
    largest_error_in_words,
    largest_error_shown,
)
from components.words.numbers import length_in_words
from models.schema import RunInfo

REMINDER = "Flow is an estimate: where nothing has texture, or something is hidden, it is a guess."


@dataclass(frozen=True, slots=True)
class FlowColumn:
    """One method's flow. name: for the arrays of the .npz; title: for people. flow: float32 [height, width, 2]."""

    name: str
    title: str
    flow: np.ndarray


def flow_sheet(
    first: Image, columns: Sequence[FlowColumn], run: RunInfo, title: str, largest: float | None = None
) -> Sheet:
    """The first frame with arrows of the first method, and each method in colours, all on one scale.

    largest: pixels at which colours are full; without it, the largest magnitude of all. Raises ValueError where there
    is no method, or one whose flow is not of the frame's size.
    """
    _check(columns, [column.flow for column in columns], first.size)
    full = largest_shown([column.flow for column in columns]) if largest is None else largest
    said = "Colour: where it moves, as on the wheel; the fuller, the faster. White is still, grey unknown."
    alt = " ".join([f"{title}.", *(f"{column.title}: {flow_in_words(column.flow)}." for column in columns)])
    scale = f"linear scale, full colour from {length_in_words(full)}"
    sheet = start_sheet(title, said, _facts(run, columns, scale), alt, REMINDER)
    sheet.arrays = {"first": np.asarray(first.convert("RGB")), "largest": np.asarray(full), "model": run.model}
    sheet.arrays |= {f"{column.name}_flow": column.flow for column in columns}
    drawn = arrows(columns[0].flow)
    whose = f" of {columns[0].title}" if len(columns) > 1 else ""
    panes = [Pane("First frame", drawn.scale_in_words + whose, shrunk_frame(first))]
    for column in columns:
        pixels = flow_colours(shrunk(column.flow), full)
        panes.append(Pane(column.title, flow_in_words(column.flow), pixels))
    axes = draw_panes(sheet, panes, first.size, _draw_wheel(sheet, full) - GAP)
    draw_arrows(axes[0], drawn)
    return sheet


def draw_arrows(axes: Axes, drawn: Arrows) -> None:
    """White on black, to be seen on any picture. axes: in pixels of the frame."""
    for colour, width in (("black", 2.6), ("white", 1.1)):
        lines = LineCollection(
            list(drawn.strokes), colors=colour, linewidths=width, capstyle="round", joinstyle="round"
        )
        axes.add_collection(lines, autolim=False)


def _draw_wheel(sheet: Sheet, largest: float) -> float:
    """In the upper right corner of the empty band; returns its left edge, in inches."""
    side = 1.55
    left, bottom = WIDTH - MARGIN - side, sheet.top - side - 0.3
    axes = sheet.axes_at(left, bottom, side, side)
    axes.set_label("wheel")
    axes.set_axis_off()
    axes.imshow(wheel(round(100 * side)), extent=(-1, 1, 1, -1), interpolation="nearest", aspect="auto")
    axes.plot([0, 0.98], [0, 0], color="black", linewidth=1)
    axes.set(xlim=(-1, 1), ylim=(1, -1))
    sheet.write(left + side / 2, bottom - 0.32, length_in_words(largest), size=16, weight="bold", ha="center")
    sheet.write(left + side / 2, bottom - 0.58, "or more at the rim", size=12, color=SOFT_INK, ha="center")
    for at, (name, colour) in enumerate((("still", "white"), ("unknown", [part / 255 for part in UNKNOWN]))):
        y = bottom - 1.0 - 0.3 * at
        key = sheet.canvas_at(left + 0.2, y - 0.02, 0.18, 0.18)
        key.add_patch(Rectangle((0, 0), 0.18, 0.18, facecolor=colour, edgecolor=RULE, linewidth=1.5))
        sheet.write(left + 0.5, y, name, size=12, color=SOFT_INK)
    return left


def error_sheet(
    first: Image, columns: Sequence[ErrorColumn], run: RunInfo, title: str, largest: float | None = None
) -> Sheet:
    """The first frame and each method's end-point error, all on one scale, with its means.

    largest: pixels at which colours end; without it, a percentile of all. Raises ValueError as `flow_sheet` does.
    """
    every = [column.errors for column in columns]
    _check(columns, every, first.size)
    end = largest_error_shown(every) if largest is None else largest
    said = "Colour: end-point error, the distance between estimated and true motion, in pixels. Grey: no truth known."
    scores = [f"{scores_in_words(column.epe, column.fl_all)}; {errors_in_words(column.errors)}" for column in columns]
    alt = " ".join([f"{title}.", *(f"{column.title}: {each}." for column, each in zip(columns, scores, strict=True))])
    facts = _facts(run, columns, f"linear scale, colours end at {length_in_words(end)}")
    sheet = start_sheet(title, said, facts, alt, REMINDER)
    sheet.arrays = {"first": np.asarray(first.convert("RGB")), "largest": np.asarray(end), "model": run.model}
    for column in columns:
        parts = {"errors": column.errors, "epe": column.epe, "fl_all": column.fl_all}
        sheet.arrays |= {f"{column.name}_{name}": np.asarray(part) for name, part in parts.items()}
    panes = [Pane("First frame", "", shrunk_frame(first))]
    for column, score in zip(columns, scores, strict=True):
        panes.append(Pane(column.title, score, error_colours(shrunk(column.errors), end)))
    mean = columns[0].epe if np.isfinite(columns[0].epe) else 0.0
    whose = "EPE" if len(columns) == 1 else "EPE of\nthe first:"
    ends = ("0 px", f"{whose}\n{mean:.2f} px", largest_error_in_words(every, end))
    colouring = Normalize(0.0, end), matplotlib.colormaps[ERROR_COLOURS]
    draw_panes(sheet, panes, first.size, draw_colour_bar(sheet, colouring, min(mean, end), ends) - GAP)
    return sheet


def _facts(run: RunInfo, columns: Sequence[FlowColumn | ErrorColumn], scale: str) -> list[str]:
    methods = ", ".join(column.title for column in columns)
    return [f"model {run.model}", f"{run.weights} weights", f"method {methods}", scale, f"{run.device}, {run.dtype}"]


def _check(columns: Sequence[object], values: Sequence[np.ndarray], size: tuple[int, int]) -> None:
    if not columns:
        raise ValueError("a sheet shows one or more methods")
    if sizes := {(each.shape[1], each.shape[0]) for each in values} - {size}:
        raise ValueError(f"the first frame is {size}, and one method's result {sizes.pop()} (width, height)")
