"""Images of one size next to each other on a plot, each with a name above."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from matplotlib.axes import Axes

from components.plots.plot import MARGIN, MIN_BAND, RULE, SOFT_INK, Plot, printable, wrapped

GAP, HEAD = 0.35, 0.8
_THINNEST = 0.12


@dataclass(frozen=True, slots=True)
class Tile:
    """title: a line above the image; caption: two at most.

    pixels: uint8 [rows, columns, 3], or None for an empty one.
    """

    title: str
    caption: str
    pixels: np.ndarray | None


def draw_tiles(
    plot: Plot, tiles: Sequence[Tile], size: tuple[int, int], right: float, least: float = MIN_BAND
) -> list[Axes]:
    """As large as there is room for in the empty band up to `right` (inches); the page shrinks to them.

    size: width and height of every picture; the units of the axes, y downwards. Pixels are enlarged without smoothing.
    least: inches of the band that something next to the tiles needs.
    """
    band = right - MARGIN, plot.top - plot.bottom - 0.15
    across = max(range(1, len(tiles) + 1), key=lambda count: _fitted(size, len(tiles), count, band)[0])
    width, height = _fitted(size, len(tiles), across, band)
    pitch = (band[0] + GAP) / across, height + HEAD + 0.15
    plot.shrink_band(max(ceil(len(tiles) / across) * pitch[1], least))
    drawn = []
    for at, tile in enumerate(tiles):
        left, top = MARGIN + at % across * pitch[0], plot.top - at // across * pitch[1]
        _write_above(plot, tile, left, top, pitch[0] - GAP)
        axes = plot.axes_at(left, top - HEAD - height, width, height)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(color=RULE, linewidth=0.8)
        if tile.pixels is not None:
            extent = (0, size[0], size[1], 0)
            axes.imshow(tile.pixels, extent=extent, interpolation="nearest", aspect="auto")
        axes.set(xlim=(0, size[0]), ylim=(size[1], 0))
        drawn.append(axes)
    return drawn


def _fitted(size: tuple[int, int], count: int, across: int, band: tuple[float, float]) -> tuple[float, float]:
    """Width and height of an image in inches; a very flat one is drawn thicker."""
    down = ceil(count / across)
    room = (band[0] - GAP * (across - 1)) / across, (band[1] - 0.15 * (down - 1)) / down - HEAD
    share = min(room[0] / size[0], room[1] / size[1])
    return max(size[0] * share, _THINNEST), max(size[1] * share, _THINNEST)


def _write_above(plot: Plot, tile: Tile, left: float, top: float, width: float) -> None:
    for line in wrapped(printable(tile.title), 15, width, lines=1, weight="bold"):
        plot.write(left, top - 0.24, line, size=15, weight="bold")
    for at, line in enumerate(wrapped(printable(tile.caption), 12, width, lines=2)):
        plot.write(left, top - 0.47 - 0.21 * at, line, size=12, color=SOFT_INK)
