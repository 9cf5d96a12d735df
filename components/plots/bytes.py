"""Attention over text, a cell for each byte in reading order, and over latents, a bar for each."""

from collections.abc import Collection, Mapping, Sequence
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from components.analysis.attention import describe
from components.plots.attention import COLOR_BAR_LEFT, add_color_bar, add_shares, attention_plot
from components.plots.plot import INK, MARGIN, MONO, RULE, SANS, SOFT_INK, Plot, printable, text_width
from components.scale.attention import AttentionScale, Scale, ink_on, levels_of
from models.schema import AttentionMap, RunInfo

COLUMNS = (16, 24, 32, 40, 48, 64)
# Neither flatter nor more upright than this, height over width, so that a row still reads as a line of text.
FLATTEST, TALLEST = 0.9, 1.5
LARGEST_CELL = 1.0
# Inches of cell from which its number has room below its label.
ROOM_FOR_NUMBER = 0.62
MARK, TRACE = "#d6006c", "#e36209"


def attention_over_bytes(
    attention: AttentionMap,
    labels: Sequence[str],
    run: RunInfo,
    scale: Scale = "share",
    marked: Collection[int] = (),
    traced: int | None = None,
    first: int = 0,
) -> Plot:
    """values: [inputs], 1 to 2050 of them. labels: what stands in each cell.

    marked: cells that were hidden from the model. traced: the cell of the traced output. first: the number
    of the first cell; cells below 0 have none.
    """
    names = [f"{label} at position {i}" if i >= 0 else label for i, label in enumerate(labels, start=first)]
    plot = attention_plot(attention, run, scale, describe(attention, names, scale))
    plot.arrays |= {"units": np.array(labels, dtype=str), "hidden": np.array(sorted(marked), dtype=np.int64)}
    add_shares(plot, attention)
    colors, levels = AttentionScale.of([attention], scale), levels_of(attention, scale).ravel()
    outlines = {TRACE: () if traced is None else (traced,), MARK: set(marked) - {traced}}
    keys = {"traced": TRACE, "masked": MARK}
    _add_key(plot, {name: color for name, color in keys.items() if outlines[color]})
    left = MARGIN + 0.5
    columns, width, height = grid_shape(len(labels), COLOR_BAR_LEFT - 0.5 - left, plot.top - plot.bottom - 0.2)
    rows = ceil(len(labels) / columns)
    plot.shrink_band(rows * height + 0.2)
    add_color_bar(plot, colors)
    axes = plot.canvas_at(left, plot.top - rows * height, columns * width, rows * height)
    corners = np.array([(i % columns * width, (rows - 1 - i // columns) * height) for i in range(len(labels))])
    fills = colors.fills(levels) / 255
    _draw_cells(axes, fills, corners, (width, height), outlines)
    _write_labels(axes, labels, corners, (width, height), fills, list(map(colors.brief, levels.tolist())))
    for row in range(rows):
        y = (rows - row - 0.5) * height
        axes.text(
            -0.12, y, str(max(0, row * columns + first)), size=11, color=SOFT_INK, ha="right", va="center", family=SANS
        )
    return plot


def grid_shape(count: int, width: float, height: float) -> tuple[int, float, float]:
    """Columns, and width and height of a cell in inches: the fewest columns with which all rows fit."""
    for columns in COLUMNS:
        columns = min(columns, count)
        cell = min(width / columns, LARGEST_CELL)
        tall = min(height / ceil(count / columns), TALLEST * cell)
        if tall >= FLATTEST * cell:
            break
    return columns, cell, tall


def _draw_cells(
    axes: Axes,
    fills: np.ndarray,
    corners: np.ndarray,
    size: tuple[float, float],
    outlines: Mapping[str, Collection[int]],
) -> None:
    """fills: RGB [inputs, 3]. outlines: color -> cells, with a white ring between fill and outline."""
    gap = min(0.035 * min(size), 0.022)
    inset = np.full(len(corners), gap)
    inset[[cell for cells in outlines.values() for cell in cells]] = 3.2 * gap
    axes.add_collection(PolyCollection(_boxes(corners, size, inset), facecolors=fills, edgecolors=RULE, linewidths=0.5))
    for color, cells in outlines.items():
        boxes = _boxes(corners[sorted(cells)], size, np.full(len(cells), 1.5 * gap))
        line = {"edgecolors": color, "linewidths": 72 * 2 * gap}
        axes.add_collection(PolyCollection(boxes, facecolors="none", clip_on=False, **line))


def _boxes(corners: np.ndarray, size: tuple[float, float], inset: np.ndarray) -> np.ndarray:
    """Outlines [n, 4, 2] of cells, each drawn in by its own inset."""
    near = corners + inset[:, None]
    far = corners + size - inset[:, None]
    x0, y0, x1, y1 = near[:, 0], near[:, 1], far[:, 0], far[:, 1]
    return np.stack([np.stack(point, axis=1) for point in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))], axis=1)


def _write_labels(
    axes: Axes,
    labels: Sequence[str],
    corners: np.ndarray,
    size: tuple[float, float],
    fills: np.ndarray,
    numbers: Sequence[str],
) -> None:
    """Each label as large as its cell allows; below it, where there is room, the number that the color stands for."""
    width, height = size
    numbered = min(size) >= ROOM_FOR_NUMBER
    largest = 72 * min(size) * (0.36 if numbered else 0.5)
    for label, number, (x, y), ink in zip(labels, numbers, corners, ink_on(fills), strict=True):
        style = {"ha": "center", "va": "center_baseline", "color": ink, "parse_math": False}
        label = printable(label, MONO)
        fitting = largest * min(1.0, 0.72 * width / max(text_width(label, largest, family=MONO), 1e-6))
        middle = y + height * (0.62 if numbered else 0.5)
        axes.text(x + width / 2, middle, label, size=fitting, family=MONO, **style)
        if numbered:
            axes.text(x + width / 2, y + height * 0.24, number, size=72 * width * 0.19, family=SANS, **style)


def _add_key(plot: Plot, entries: Mapping[str, str]) -> None:
    """What the outlines mean: name -> color; empty without outlines."""
    if not entries:
        return
    axes = plot.canvas_at(MARGIN, plot.bottom, 10.0, 0.3)
    for column, (name, color) in enumerate(entries.items()):
        x = 3.2 * column
        box = _boxes(np.array([[x, 0.02]]), (0.24, 0.24), np.array([0.02]))
        axes.add_collection(PolyCollection(box, facecolors="none", edgecolors=color, linewidths=3, clip_on=False))
        axes.text(x + 0.36, 0.08, name, size=14, color=INK, family=SANS)
    plot.bottom += 0.4


def attention_over_latents(attention: AttentionMap, run: RunInfo, scale: Scale = "share") -> Plot:
    """values: [latents]; what an output read from each of them, as bars that rise (or, in log, also fall) from 0."""
    colors, levels = AttentionScale.of([attention], scale), levels_of(attention, scale).ravel()
    count = len(levels)
    plot = attention_plot(attention, run, scale, describe(attention, [f"latent {i}" for i in range(count)], scale))
    add_shares(plot, attention)
    add_color_bar(plot, colors)
    left, bottom, unit = MARGIN + 0.9, plot.bottom + 0.7, colors.axis_unit
    axes = plot.axes_at(left, bottom, COLOR_BAR_LEFT - 0.5 - left, plot.top - 0.2 - bottom)
    reach = (unit * min(colors.norm.vmin, levels.min()), unit * colors.norm.vmax)
    draw_bars(axes, levels * unit, colors.fills(levels) / 255, colors.uniform * unit, reach)
    axes.set_xlabel("latent (dashed line: uniform)", size=14, color=INK, family=SANS)
    axes.set_ylabel(colors.unit, size=14, color=INK, family=SANS)
    return plot


def draw_bars(axes: Axes, heights: np.ndarray, fills: np.ndarray, uniform: float, reach: tuple[float, float]) -> None:
    """A bar a latent from 0, the uniform level as a dashed line, the highest named. reach: what must fit, low, high."""
    axes.set(xlim=(-0.5, len(heights) - 0.5), ylim=(1.06 * reach[0], 1.06 * reach[1]))
    # The edge keeps bars in sight that are thinner than a pixel, and dark ones on a dark page.
    axes.add_collection(PolyCollection(_bars(heights), facecolors=fills, edgecolors=SOFT_INK, linewidths=0.5))
    axes.axhline(uniform, color=MARK, linewidth=1.4, linestyle=(0, (6, 3)))
    _style_axes(axes)
    _name_highest(axes, heights)


def _bars(heights: np.ndarray) -> np.ndarray:
    """Outlines [n, 4, 2] of bars on 0, of width 0.8 about each index."""
    at, base = np.arange(len(heights)), np.zeros(len(heights))
    points = ((at - 0.4, base), (at + 0.4, base), (at + 0.4, heights), (at - 0.4, heights))
    return np.stack([np.stack(point, axis=1) for point in points], axis=1)


def _style_axes(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=13, labelcolor=INK, color=SOFT_INK, labelfontfamily=SANS)
    axes.xaxis.get_major_locator().set_params(integer=True)


def _name_highest(axes: Axes, heights: np.ndarray) -> None:
    highest = int(np.argmax(heights))
    side = "left" if highest < 0.05 * len(heights) else "right" if highest > 0.95 * len(heights) else "center"
    style = {"size": 13, "color": INK, "family": SANS, "ha": side}
    axes.annotate(f"latent {highest}", (highest, heights[highest]), (0, 6), textcoords="offset points", **style)
