"""Attention of the flow of a pixel to both frames, as a plot."""

import numpy as np
from matplotlib.axes import Axes
from PIL.Image import Image

from components.analysis.attention import shares_in_words
from components.analysis.flow_attention import Area, TracedPixel
from components.plots.arrays import Arrays, attention_arrays, color_arrays, run_arrays, target_arrays
from components.plots.attention import COLOR_BAR_LEFT, add_color_bar, footer
from components.plots.no_data import hatch_around
from components.plots.plot import Plot, start_plot
from components.plots.tiles import GAP, Tile, draw_tiles
from components.scale.attention import AttentionScale, Scale, levels_of
from components.scale.flow import shrunk_frame
from models.schema import PixelAt, RunInfo

CROSS = "#ff7a1a"


def flow_attention_plot(
    frames: tuple[Image, Image], traced: TracedPixel, run: RunInfo, scale: Scale = "relative", opacity: float = 0.6
) -> Plot:
    """The map over both frames, and the map, on one scale; a cross at the pixel, a ring at its position there.

    frames: first and second, of one size. opacity: of the maps over the frames, 0 to 1. Raises ValueError for frames of
    different sizes.
    """
    if frames[0].size != frames[1].size:
        raise ValueError(f"the frames have sizes {frames[0].size} and {frames[1].size}")
    size = frames[0].size
    attention, apart = traced.attention, traced.apart
    colors = AttentionScale.of([attention], scale)
    alt = f"{attention.title}. {traced.in_words(size, scale)}."
    plot = start_plot(attention.title, colors.explanation("input"), footer([attention], [run], scale), alt)
    plot.arrays |= run_arrays(run) | color_arrays(colors) | {"opacity": opacity}
    plot.arrays |= _arrays(frames, traced)
    fills = colors.fills(levels_of(attention, scale))
    fills = fills if apart else np.stack([fills, fills])
    tiles = [
        Tile("First frame", f"cross: row {traced.row + 1}, column {traced.column + 1}", shrunk_frame(frames[0])),
        Tile(traced.second_in_words, traced.found_in_words, shrunk_frame(frames[1])),
    ]
    if apart:
        tiles += [Tile("Attention to the first frame", "", None), Tile("Attention to the second frame", "", None)]
    else:
        tiles.append(Tile("Attention to both frames", "each input holds both at one position", None))
    shares = shares_in_words(attention)
    if shares:
        tiles[-1] = Tile(tiles[-1].title, shares, None)
    drawn = draw_tiles(plot, tiles, size, COLOR_BAR_LEFT - GAP)
    add_color_bar(plot, colors)
    for axes, tile, at in zip(drawn, tiles, (0, 1, 0, 1), strict=False):
        _lay(axes, fills[at], traced.area, None if tile.pixels is None else opacity)
        _mark(axes, traced, at if apart or tile.pixels is not None else 0)
    return plot


def _lay(axes: Axes, fills: np.ndarray, area: Area, opacity: float | None) -> None:
    """Not smoothed. axes: in pixels of the frame."""
    width, height = axes.get_xlim()[1], axes.get_ylim()[0]
    top, left, bottom, right = area
    extent = (left * width, right * width, bottom * height, top * height)
    axes.imshow(fills, alpha=opacity, extent=extent, interpolation="nearest", aspect="auto")
    axes.set(xlim=(0, width), ylim=(height, 0))  # which every picture changes
    hatch_around(axes, (left * width, top * height, (right - left) * width, (bottom - top) * height), opacity)


def _mark(axes: Axes, traced: TracedPixel, frame: int) -> None:
    """A cross at the pixel; in the second frame also a ring at its position there."""
    marks = [("x", (traced.column + 0.5, traced.row + 0.5))]
    if frame == 1 and traced.found is not None:
        marks.append(("o", traced.found))
    for shape, (x, y) in marks:
        for color, width in (("black", 5.0), ("white", 3.6), (CROSS, 2.0)):
            axes.plot(x, y, shape, color=color, fillstyle="none", markersize=13, markeredgewidth=width)


def _arrays(frames: tuple[Image, Image], traced: TracedPixel) -> Arrays:
    target = target_arrays(PixelAt(traced.row, traced.column))
    return (
        attention_arrays(traced.attention)
        | target
        | {
            "first": np.asarray(frames[0].convert("RGB")),
            "second_read": np.asarray(frames[1].convert("RGB")),
            "vector": np.array(traced.vector),
            "before": np.array(traced.before),
            "area": np.array(traced.area),
        }
    )
