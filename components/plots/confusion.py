"""Confusion matrix as a plot."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from components.analysis.confusion import CONFUSION_COLORS, chance_in_words, right_in_words, row_shares, worst_in_words
from components.analysis.text_units import shortened
from components.plots.arrays import run_arrays
from components.plots.attention import COLOR_BAR_LEFT, draw_color_bar
from components.plots.bytes import TRACE
from components.plots.no_data import hatch, write_no_data_key
from components.plots.plot import INK, MARGIN, RULE, SANS, SOFT_INK, Plot, printable, start_plot, wrapped
from components.scale.attention import ink_on
from models.schema import RunInfo

REMINDER = "With few held-out rows, each one changes these shares a lot. Another seed holds out other rows."
_NAMES, _LEVEL, _UPRIGHT = 2.3, 0.75, 1.75
"""Inches for the names of rows, and for those of columns, which stand upright where these are narrow."""


def confusion_plot(confusion: np.ndarray, labels: Sequence[str], run: RunInfo) -> Plot:
    """confusion: int [labels, labels], number of rows by true label (row) and prediction (column)."""
    said = f"{right_in_words(confusion)} {chance_in_words(confusion)}".strip()
    heading = "Confusion matrix"
    facts = [f"model {run.model}", f"started from {run.weights} weights", f"{run.device}, {run.dtype}"]
    facts += [] if run.seed is None else [f"seed {run.seed}"]
    alt = " ".join(filter(None, (f"{heading}.", said, worst_in_words(confusion, labels))))
    plot = start_plot(heading, said, facts, alt, REMINDER)
    plot.arrays |= run_arrays(run) | {"labels": np.array(labels, dtype=str), "confusion": confusion}
    count = len(labels)
    even = f"uniform\n1/{count}"
    norm, colors = Normalize(0, 1), matplotlib.colormaps[CONFUSION_COLORS]
    left, right, bottom = MARGIN + _NAMES + 0.4, COLOR_BAR_LEFT - 0.4, plot.bottom + 0.15
    upright = (right - left) / count < 1.6 or max(map(len, labels)) > 14
    above = _UPRIGHT if upright else _LEVEL
    cell = min((right - left) / count, 2.2), min((plot.top - above - bottom) / count, 1.5)
    plot.shrink_band(above + count * cell[1] + 0.15)
    draw_color_bar(plot, (norm, colors), 1 / count, ("0%", even, "100%\nof a row"))
    bottom = plot.top - above - count * cell[1]
    axes = plot.canvas_at(left, bottom, count * cell[0], count * cell[1])
    _draw_cells(axes, confusion, cell)
    _name(plot, labels, (left, bottom), cell, upright)
    if not confusion.sum(axis=1).all():
        write_no_data_key(plot, MARGIN, plot.bottom + 0.15, "no held-out rows")
    return plot


def _draw_cells(axes: Axes, confusion: np.ndarray, cell: tuple[float, float]) -> None:
    count, shares = len(confusion), row_shares(confusion)
    fills = matplotlib.colormaps[CONFUSION_COLORS](np.nan_to_num(shares.ravel()))
    inks = ink_on(fills)
    for at, (fill, ink) in enumerate(zip(fills, inks, strict=True)):
        row, column = divmod(at, count)
        x, y = column * cell[0], (count - 1 - row) * cell[1]
        empty = np.isnan(shares[row, column])
        if empty:
            hatch(axes, (x, y, *cell))
        else:
            axes.add_patch(Rectangle((x, y), *cell, facecolor=fill, edgecolor=RULE, linewidth=0.6))
        style = {"ha": "center", "va": "center_baseline", "color": INK if empty else ink, "family": SANS}
        size = 72 * min(0.34 * cell[1], 0.22 * cell[0])
        middle = x + cell[0] / 2
        axes.text(middle, y + 0.64 * cell[1], f"{confusion[row, column]}", size=size, **style)
        share = "–" if empty else f"{shares[row, column]:.0%}"
        axes.text(middle, y + 0.26 * cell[1], share, size=0.68 * size, **style)
    gap = 0.04 * min(cell)
    for at in range(count):
        corner = at * cell[0] + gap, (count - 1 - at) * cell[1] + gap
        inner = cell[0] - 2 * gap, cell[1] - 2 * gap
        axes.add_patch(Rectangle(corner, *inner, facecolor="none", edgecolor="white", linewidth=5))
        axes.add_patch(Rectangle(corner, *inner, facecolor="none", edgecolor=TRACE, linewidth=2.5))


def _name(
    plot: Plot, labels: Sequence[str], corner: tuple[float, float], cell: tuple[float, float], upright: bool
) -> None:
    left, bottom = corner
    top = bottom + len(labels) * cell[1]
    for at, label in enumerate(labels):
        y = top - (at + 0.5) * cell[1]
        plot.write(left - 0.15, y, _fitting(label, _NAMES - 0.2), ha="right", va="center")
        x = left + (at + 0.5) * cell[0]
        if upright:
            plot.write(x, top + 0.1, _fitting(label, 1.25), ha="center", va="bottom", rotation=90)
        else:
            plot.write(x, top + 0.12, _fitting(label, cell[0] - 0.05), ha="center")
    plot.write(left, plot.top - 0.2, "predicted label →", color=SOFT_INK)
    plot.write(MARGIN + 0.1, (top + bottom) / 2, "true label", color=SOFT_INK, rotation=90, va="center", ha="center")


def _fitting(label: str, width: float) -> str:
    """As much of it as fits, at 13 points. width: inches."""
    line = wrapped(printable(shortened(label, 24)), 13, width, lines=1)
    return line[0] if line else shortened(printable(label), 8)
