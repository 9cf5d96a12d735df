"""What tests ask of a figure: its words, whether they can be read, its pixels."""

from pathlib import Path

import numpy as np
from matplotlib.text import Text

from components.plots.plot import Sheet, save_sheet


def texts(sheet: Sheet) -> list[Text]:
    """All that is drawn: matplotlib also keeps labels of ticks that lie outside of their axis."""
    beyond = set()
    for axis in (axis for axes in sheet.axes for axis in (axes.xaxis, axes.yaxis)):
        low, high = sorted(axis.get_view_interval())
        ticks = axis.get_major_ticks() if axis.axes.axison else []
        beyond |= {tick.label1 for tick in ticks if not low <= tick.get_loc() <= high}
    return [text for text in sheet.findobj(Text) if text.get_text() and text.get_visible() and text not in beyond]


def words(sheet: Sheet) -> str:
    return " ".join(" ".join(text.get_text() for text in texts(sheet)).split())


def assert_legible(sheet: Sheet) -> None:
    """Inside of the sheet, and no two texts' ink on top of each other."""
    sheet.canvas.draw()
    boxes = np.array([text.get_window_extent().extents for text in texts(sheet)])
    assert boxes.min() >= 0
    assert boxes[:, 2].max() <= 1600
    assert boxes[:, 3].max() <= 1000
    near = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    far = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    overlaps = ((far - near) > 1.0).all(axis=2)
    pairs = np.argwhere(np.triu(overlaps, 1))
    assert not len(pairs), [tuple(texts(sheet)[i].get_text() for i in pair) for pair in pairs[:5]]


def pixels(sheet: Sheet) -> np.ndarray:
    sheet.canvas.draw()
    return np.asarray(sheet.canvas.buffer_rgba())[..., :3].copy()


def saved(sheet: Sheet, folder: Path) -> tuple[Path, Path, Path]:
    """The sheet as PNG, SVG and NPZ."""
    png, svg, npz = (folder / f"sheet.{ending}" for ending in ("png", "svg", "npz"))
    for file in (png, svg, npz):
        save_sheet(sheet, file)
    return png, svg, npz
