"""What tests ask of a figure: its words, whether they can be read, its pixels."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Text

from components.plots.attention import COLOR_BAR_LEFT
from components.plots.plot import MIN_BAND, Plot, save_plot


def texts(plot: Plot) -> list[Text]:
    """All that is drawn: matplotlib also keeps labels of ticks that lie outside of their axis."""
    beyond = set()
    for axis in (axis for axes in plot.axes for axis in (axes.xaxis, axes.yaxis)):
        low, high = sorted(axis.get_view_interval())
        ticks = axis.get_major_ticks() if axis.axes.axison else []
        beyond |= {tick.label1 for tick in ticks if not low <= tick.get_loc() <= high}
    return [text for text in plot.findobj(Text) if text.get_text() and text.get_visible() and text not in beyond]


def words(plot: Plot) -> str:
    return " ".join(" ".join(text.get_text() for text in texts(plot)).split())


def assert_legible(plot: Plot) -> None:
    """Inside of the plot, and no two texts' ink on top of each other."""
    if plot.stale:  # only the layout matters here
        plot.draw_without_rendering()
        plot.stale = True
    boxes = np.array([text.get_window_extent().extents for text in texts(plot)])
    assert boxes.min() >= 0
    assert boxes[:, 2].max() <= plot.bbox.width
    assert boxes[:, 3].max() <= plot.bbox.height
    near = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    far = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    overlaps = ((far - near) > 1.0).all(axis=2)
    pairs = np.argwhere(np.triu(overlaps, 1))
    assert not len(pairs), [tuple(texts(plot)[i].get_text() for i in pair) for pair in pairs[:5]]


def assert_filled(plot: Plot) -> None:
    """1600 pixels wide, and without an empty strip of 15% of the height, unless the color bar needs it."""
    page = pixels(plot)
    assert page.shape[1] == 1600
    assert page.shape[0] <= 1000
    if plot.top - plot.bottom <= MIN_BAND + 1e-6:
        return
    rows = np.flatnonzero((page[:, : int(100 * COLOR_BAR_LEFT)] < 250).any(axis=(1, 2)))
    assert np.diff(rows, prepend=0, append=len(page)).max() <= 0.15 * len(page)


def color_at(plot: Plot, axes: Axes, x: float, y: float) -> np.ndarray:
    """The color on the page at a place, in units of the axes: int [3]."""
    across, up = axes.transData.transform((x, y))
    page = pixels(plot)
    return page[int(len(page) - up), int(across)].astype(int)


def pixels(plot: Plot) -> np.ndarray:
    if plot.stale:
        plot.canvas.draw()
    return np.asarray(plot.canvas.buffer_rgba())[..., :3].copy()


def saved(plot: Plot, folder: Path) -> tuple[Path, Path, Path]:
    """The plot as PNG, SVG and NPZ."""
    png, svg, npz = (folder / f"plot.{ending}" for ending in ("png", "svg", "npz"))
    for file in (png, svg, npz):
        save_plot(plot, file)
    return png, svg, npz
