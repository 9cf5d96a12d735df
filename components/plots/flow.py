"""Optical flow as a plot: in colors with their wheel, and as arrows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle
from PIL.Image import Image

from components.analysis.motion import flow_in_words
from components.plots.arrays import Arrays, run_arrays
from components.plots.no_data import write_no_data_key
from components.plots.plot import MARGIN, RULE, SOFT_INK, WIDTH, Plot, start_plot
from components.plots.tiles import GAP, Tile, draw_tiles
from components.scale.flow import Arrows, FlowScale, arrows, flow_colors, shrunk, shrunk_frame, wheel
from components.scale.flow_errors import (
    ErrorColumn,
)
from components.words.numbers import length_in_words
from models.schema import RunInfo

_WHEEL, _WHEEL_BAND = 1.55, 3.3
"""Inches across the wheel, and from top to bottom with its legend."""
REMINDER = "Flow is an estimate. It is unreliable in occluded regions and where there is no texture."


@dataclass(frozen=True, slots=True)
class FlowColumn:
    """One method's flow. name: for the arrays of the .npz; title: for people. flow: float32 [height, width, 2]."""

    name: str
    title: str
    flow: np.ndarray


def flow_plot(frames: tuple[Image, Image], columns: Sequence[FlowColumn], run: RunInfo, title: str) -> Plot:
    """The first frame with arrows of the first method, and each method in colors, all on one scale.

    Raises ValueError for no method, or for one whose flow is not of the size of the frame.
    """
    first = frames[0]
    _check(columns, [column.flow for column in columns], first.size)
    colors = FlowScale.over([column.flow for column in columns])
    said = "Hue: direction of motion, as on the wheel. Saturation: length of motion. White: no motion."
    alt = " ".join([f"{title}.", *(f"{column.title}: {flow_in_words(column.flow)}." for column in columns)])
    scale = f"linear scale, full color from {length_in_words(colors.full)}"
    scale += f" ({colors.clipped_in_words})" if colors.clipped else ""
    plot = start_plot(title, said, _facts(run, columns, scale), alt, REMINDER)
    plot.arrays |= run_arrays(run) | frame_arrays(frames) | {"full_color": colors.full}
    plot.arrays |= {f"{column.name}_flow": column.flow for column in columns}
    drawn = arrows(columns[0].flow)
    whose = f" of {columns[0].title}" if len(columns) > 1 else ""
    tiles = [Tile("First frame", drawn.scale_in_words + whose, shrunk_frame(first))]
    for column in columns:
        pixels = flow_colors(shrunk(column.flow), colors.full)
        tiles.append(Tile(column.title, flow_in_words(column.flow), pixels))
    axes = draw_tiles(plot, tiles, first.size, WIDTH - MARGIN - _WHEEL - GAP, _WHEEL_BAND)
    draw_arrows(axes[0], drawn)
    _draw_wheel(plot, colors)
    return plot


def frame_arrays(frames: tuple[Image, Image]) -> Arrays:
    first, second = (np.asarray(frame.convert("RGB")) for frame in frames)
    return {"first": first, "second": second}


def draw_arrows(axes: Axes, drawn: Arrows) -> None:
    """White on black, visible on any image. axes: in pixels of the frame."""
    for color, width in (("black", 2.6), ("white", 1.1)):
        lines = LineCollection(list(drawn.strokes), colors=color, linewidths=width, capstyle="round", joinstyle="round")
        axes.add_collection(lines, autolim=False)


def _draw_wheel(plot: Plot, colors: FlowScale) -> None:
    """In the upper right corner of the empty band."""
    side = _WHEEL
    left, bottom = WIDTH - MARGIN - side, plot.top - side - 0.3
    axes = plot.axes_at(left, bottom, side, side)
    axes.set_label("wheel")
    axes.set_axis_off()
    axes.imshow(wheel(round(100 * side)), extent=(-1, 1, 1, -1), interpolation="nearest", aspect="auto")
    axes.plot([0, 0.98], [0, 0], color="black", linewidth=1)
    axes.set(xlim=(-1, 1), ylim=(1, -1))
    plot.write(left + side / 2, bottom - 0.32, length_in_words(colors.full), size=16, weight="bold", ha="center")
    plot.write(left + side / 2, bottom - 0.58, "or more at the rim", size=12, color=SOFT_INK, ha="center")
    key = plot.canvas_at(left + 0.2, bottom - 1.02, 0.18, 0.18)
    key.add_patch(Rectangle((0, 0), 0.18, 0.18, facecolor="white", edgecolor=RULE, linewidth=1.5))
    plot.write(left + 0.5, bottom - 1.0, "no motion", size=12, color=SOFT_INK)
    if colors.unknown:
        write_no_data_key(plot, left + 0.2, bottom - 1.3, "unknown")


def _facts(run: RunInfo, columns: Sequence[FlowColumn | ErrorColumn], scale: str) -> list[str]:
    methods = ", ".join(column.title for column in columns)
    return [f"model {run.model}", f"{run.weights} weights", f"method {methods}", scale, f"{run.device}, {run.dtype}"]


def _check(columns: Sequence[object], values: Sequence[np.ndarray], size: tuple[int, int]) -> None:
    if not columns:
        raise ValueError("a plot shows one or more methods")
    if sizes := {(each.shape[1], each.shape[0]) for each in values} - {size}:
        raise ValueError(f"the first frame is {size}, and one method's result {sizes.pop()} (width, height)")
