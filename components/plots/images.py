"""Attention over images: several models side by side, all on one scale."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from PIL.Image import Image

from components.analysis.attention import input_name, most_attended, shares_in_words
from components.analysis.grid import WHOLE, Extent
from components.plots.arrays import (
    Arrays,
    attention_arrays,
    color_arrays,
    label_arrays,
    run_arrays,
    target_arrays,
)
from components.plots.attention import COLOR_BAR_LEFT, add_color_bar, footer
from components.plots.bytes import draw_bars
from components.plots.no_data import hatch_around
from components.plots.plot import INK, MARGIN, RULE, SANS, SOFT_INK, Plot, printable, start_plot, wrapped
from components.scale.attention import AttentionScale, Scale, levels_of
from models.schema import AttentionMap, LabelAt, LabelScore, RunInfo

GAP = 0.4
"""Inches between columns."""
_RIGHT = COLOR_BAR_LEFT - GAP
_NAMED_AT_LEFT, _LINE = 0.42, 0.22


@dataclass(frozen=True, slots=True)
class ImageColumn:
    """One model's part of a plot.

    name: for the arrays of the .npz. title, caption: what stands above, such as "Learned positions" and "ship 93%".
    seen: the crop that the model saw, RGB. attention: over the grid [rows, columns] of the inputs, or for the method
    "decoder" over latents. extent: from where to where of `seen` the grid reaches. labels: classes, best first.
    """

    name: str
    title: str
    caption: str
    input_image: Image
    attention: AttentionMap
    run: RunInfo
    extent: Extent = WHOLE
    labels: tuple[LabelScore, ...] = ()


def compare_attention(columns: Sequence[ImageColumn], scale: Scale, title: str, opacity: float = 0.6) -> Plot:
    """Each map over the image, and the map below; for the method "decoder" a row of bars for each model.

    opacity: of the upper maps, 0 to 1. Raises ValueError for no column, or for inputs mixed with latents.
    """
    over_latents = {column.attention.method == "decoder" for column in columns}
    if len(over_latents) != 1:
        raise ValueError("a plot compares one or more maps, all over inputs or all over latents")
    attentions = [column.attention for column in columns]
    colors = AttentionScale.of(attentions, scale)
    each = input_name(attentions[0])
    facts = footer(attentions, [column.run for column in columns], scale)
    plot = start_plot(title, colors.explanation(each), facts, _alt_text(columns, scale, title))
    plot.arrays |= color_arrays(colors) | {"opacity": opacity}
    plot.arrays |= {name: array for column in columns for name, array in _arrays(column).items()}
    if each == "latent":
        _draw_rows(plot, columns, colors)
    else:
        _draw_columns(plot, columns, colors, opacity)
    add_color_bar(plot, colors)
    return plot


def _alt_text(columns: Sequence[ImageColumn], scale: Scale, title: str) -> str:
    said = [f"{title}."]
    for column in columns:
        shares = shares_in_words(column.attention)
        found = most_attended(column.attention, scale) + (f"; {shares}" if shares else "")
        said.append(f"{column.title} ({column.caption}): {found}.")
    return " ".join(said)


def _arrays(column: ImageColumn) -> Arrays:
    arrays = run_arrays(column.run) | attention_arrays(column.attention) | label_arrays(column.labels)
    arrays |= target_arrays(LabelAt(column.labels[0].index)) if column.labels else {}
    arrays |= {
        "title": column.attention.title,
        "caption": column.caption,
        "input_image": np.asarray(column.input_image.convert("RGB")),
        "extent": np.array(column.extent),
    }
    return {f"{column.name}_{name}": array for name, array in arrays.items()}


def _draw_columns(plot: Plot, columns: Sequence[ImageColumn], colors: AttentionScale, opacity: float) -> None:
    first = MARGIN + _NAMED_AT_LEFT
    width = (_RIGHT + GAP - first) / max(len(columns), 3) - GAP
    lefts = [first + at * (width + GAP) for at in range(len(columns))]
    # All maps start at one height, whatever stands above them.
    tops = [_write_head(plot, column, left, plot.top, width) for column, left in zip(columns, lefts, strict=True)]
    below = [_below(column, width) for column in columns]
    top, bottom = min(tops) - 0.1, plot.bottom + 0.1 + _LINE * max(map(len, below))
    side = min((top - bottom - 0.18) / 2, width)
    lower = top - 2 * side - 0.18
    for column, left, lines in zip(columns, lefts, below, strict=True):
        size = _fitted(column.input_image.size, side)
        _show(plot, left, lower + side + 0.18, size, colors, column, opacity)
        _show(plot, left, lower, size, colors, column)
        for row, line in enumerate(lines, start=1):
            plot.write(left, lower - row * _LINE, line, size=11.5)
    for middle, words in ((lower + 1.5 * side + 0.18, "over the image"), (lower + side / 2, "map")):
        plot.write(MARGIN + 0.24, middle, words, color=SOFT_INK, rotation=90, ha="right", va="center")


def _below(column: ImageColumn, width: float) -> list[str]:
    """What stands below the maps: how many inputs they are over, and what stayed behind."""
    rows, columns = column.attention.values.shape
    on_inputs, _, stayed = shares_in_words(column.attention).partition(" · ")
    first = f"{on_inputs or 'inputs 100%'}, M = {rows} × {columns}"
    first += "" if column.extent == WHOLE else "; hatched: not covered by the inputs"
    return [*wrapped(first, 11.5, width, lines=2), *(wrapped(stayed, 11.5, width, lines=2) if stayed else ())]


def _write_head(plot: Plot, column: ImageColumn, left: float, y: float, width: float) -> float:
    """Title, caption and what is shown, from y downwards; returns the height where they end."""
    for text, size, lines, ink in (
        (column.title, 17, 1, INK),
        (column.caption, 15, 2, INK),
        (column.attention.title, 11.5, 3, SOFT_INK),
    ):
        weight = "bold" if text is column.title else "normal"
        for line in wrapped(printable(text), size, width, lines=lines, weight=weight):
            y -= 1.35 * size / 72
            plot.write(left, y, line, size=size, color=ink, weight=weight)
        y -= 0.05
    return y


def _fitted(size: tuple[int, int], side: float) -> tuple[float, float]:
    """Width and height in inches of an image of these proportions within a square."""
    return size[0] / max(size) * side, size[1] / max(size) * side


def _show(
    plot: Plot,
    left: float,
    bottom: float,
    size: tuple[float, float],
    colors: AttentionScale,
    column: ImageColumn,
    opacity: float | None = None,
) -> None:
    """The map, or with an opacity the map over the image. Not smoothed: these are the inputs of the model."""
    axes = plot.axes_at(left, bottom, *size)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(color=RULE, linewidth=0.8)
    drawn = {"interpolation": "nearest", "aspect": "auto"}
    if opacity is not None:
        axes.imshow(np.asarray(column.input_image.convert("RGB")), extent=(0, 1, 0, 1), **drawn)
    start, stop = column.extent
    place = (start, stop, 1 - stop, 1 - start)
    fills = colors.fills(levels_of(column.attention, colors.scale))
    axes.imshow(fills, alpha=opacity, extent=place, **drawn)
    axes.set(xlim=(0, 1), ylim=(0, 1))  # which imshow changes
    hatch_around(axes, (start, 1 - stop, stop - start, stop - start), opacity)


def _draw_rows(plot: Plot, columns: Sequence[ImageColumn], colors: AttentionScale) -> None:
    """Below each other, so that each of many latents has its width and heights are compared along one scale."""
    left, named = MARGIN + 3.9, 3.0
    pitch = (plot.top - plot.bottom - 0.5) / max(len(columns), 3)
    plot.shrink_band(len(columns) * pitch + 0.5)
    unit = colors.axis_unit
    levels = [levels_of(column.attention, colors.scale) for column in columns]
    low = min(colors.norm.vmin, *(float(each.min()) for each in levels))
    reach = unit * low, unit * colors.norm.vmax
    last: Axes | None = None
    for at, (column, heights) in enumerate(zip(columns, levels, strict=True)):
        top = plot.top - at * pitch
        last = plot.axes_at(left, top - pitch + 0.42, _RIGHT - left, pitch - 0.72)
        draw_bars(last, unit * heights, colors.fills(heights) / 255, unit * colors.uniform, reach)
        _write_head(plot, column, MARGIN, top - 0.2, named)
    last.set_xlabel(f"latent; heights: {colors.unit}; dashed line: uniform", size=14, color=INK, family=SANS)
