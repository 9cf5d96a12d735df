"""Hatching on a plot, where there is no data."""

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from components.plots.plot import SOFT_INK, Plot
from components.scale.no_data import DARK, LIGHT

Box = tuple[float, float, float, float]
"""Left, bottom, width and height, in units of the axes."""


def hatch(axes: Axes, box: Box, opacity: float | None = None) -> None:
    """Covers a box with diagonal lines. opacity: 0 to 1; None: opaque."""
    dark, light = (tuple(part / 255 for part in color) for color in (DARK, LIGHT))
    left, bottom, width, height = box
    style = {"facecolor": light, "edgecolor": dark, "hatch": "////", "linewidth": 0.0, "alpha": opacity}
    axes.add_patch(Rectangle((left, bottom), width, height, **style))


def hatch_around(axes: Axes, box: Box, opacity: float | None = None) -> None:
    """Covers the axes with diagonal lines, except for a box within."""
    (x0, x1), (y0, y1) = sorted(axes.get_xlim()), sorted(axes.get_ylim())
    left, bottom, width, height = box
    right, top = min(left + width, x1), min(bottom + height, y1)
    left, bottom = max(left, x0), max(bottom, y0)
    for part in (
        (x0, y0, left - x0, y1 - y0),
        (right, y0, x1 - right, y1 - y0),
        (left, y0, right - left, bottom - y0),
        (left, top, right - left, y1 - top),
    ):
        if part[2] > 0 and part[3] > 0:
            hatch(axes, part, opacity)


def write_no_data_key(plot: Plot, x: float, y: float, meaning: str) -> None:
    """A legend entry for hatching. x, y: its lower left corner, in inches."""
    key = plot.canvas_at(x, y - 0.02, 0.24, 0.18)
    hatch(key, (0.0, 0.0, 0.24, 0.18))
    plot.write(x + 0.3, y, meaning, size=12, color=SOFT_INK)
