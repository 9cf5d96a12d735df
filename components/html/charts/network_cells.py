"""The cells of the figure of a run: texts, bytes and images, one cell or a group of neighbors for each input."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from markupsafe import Markup
from PIL.Image import Image

from components.analysis.byte_labels import byte_label
from components.html.images.pixels import data_uri
from components.words.quotes import quoted
from models.schema.grouping import cell_of_each, cells_along

CELL = Markup('<span class="cell{kind}" role="option" id="{id}" aria-label="{name}">{text}</span>')
GROUP = Markup(
    '<div class="of-{kind}" role="group" aria-label="{name}">{title}'
    '<div class="{kind}" style="{style}">{cells}</div></div>'
)
BOX = Markup('<div class="cells {}" style="{}" role="listbox" tabindex="0" aria-label="{}">{}</div>')


@dataclass(frozen=True, slots=True)
class Group:
    """Cells next to each other. kind: "text", or "image" or "signal", which have a picture below their cells.

    names: what each cell is, in words. labels: the texts in the cells. marked: those that are masked. title: above.
    """

    kind: str
    names: Sequence[str]
    labels: Sequence[str] = ()
    marked: Collection[int] = ()
    title: str = ""
    style: str = ""


@dataclass(frozen=True, slots=True)
class Cells:
    """One side of the figure. names: what each cell is, in words. pool: [M] -> index of each input's cell.

    total: number of inputs or outputs of the run, if the figure has fewer.
    """

    markup: Markup
    names: Sequence[str]
    caption: str
    pool: np.ndarray | None = None
    total: int | None = None


def cells_of(
    side: str, caption: str, *groups: Group, pool: np.ndarray | None = None, total: int | None = None
) -> Cells:
    """The cells of all groups, counted on from one to the next."""
    names = [name for group in groups for name in group.names]
    starts = accumulate((len(group.names) for group in groups), initial=0)
    drawn = [_drawn(side, group, start) for group, start in zip(groups, starts, strict=False)]
    if len(groups) == 1:
        box = box_of(side, groups[0].kind, drawn[0], groups[0].style)
    else:
        parts = (_titled(group, each) for group, each in zip(groups, drawn, strict=True))
        box = box_of(side, "groups", Markup("").join(parts))
    return Cells(box, names, caption, pool, total)


def _titled(group: Group, cells: Markup) -> Markup:
    title = Markup('<p class="caption">{}</p>').format(group.title) if group.title else ""
    return GROUP.format(
        kind=group.kind, name=group.title or group.names[0], title=title, style=group.style, cells=cells
    )


def _drawn(side: str, group: Group, start: int) -> Markup:
    labels = group.labels or [""] * len(group.names)
    pairs = enumerate(zip(group.names, labels, strict=True))
    cells = (cell_of(side, start + at, name, label, at in group.marked) for at, (name, label) in pairs)
    return Markup("").join(cells)


def text_cells(
    side: str, labels: Sequence[str], caption: str, marked: Sequence[int] = (), places: Sequence[int] = ()
) -> Cells:
    """Cells with text. marked: masked ones, which are shown as such. places: of the labels among the inputs."""
    return cells_of(side, caption, text_group(labels, marked, places))


def text_group(
    labels: Sequence[str], marked: Collection[int] = (), places: Sequence[int] = (), title: str = ""
) -> Group:
    """Cells with text, see `text_cells`."""
    named = [f"{quoted(label)} at {place}" for label, place in zip(labels, places, strict=bool(places))]
    return Group("text", named or list(labels), labels, set(marked), title)


def byte_cells(content: bytes, marked: Collection[int] = (), when: str = "") -> Cells:
    """The bytes that a model reads, between its two special tokens. marked: offsets of those that are masked `when`.

    They are counted as on the rest of the page, where the special tokens do not count.
    """
    read = ["?" if offset in marked else byte_label(byte) for offset, byte in enumerate(content)]
    named = text_group(read, places=range(len(read))).names
    group = Group("text", ["CLS", *named, "SEP"], ["CLS", *read, "SEP"], {offset + 1 for offset in marked})
    return cells_of("inputs", f"{len(group.names):,} byte tokens{when}", group)


def image_cells(image: Image, grid: tuple[int, int], caption: str) -> Cells:
    """An image of `grid` inputs, grouped into at most CELLS x CELLS cells."""
    cells = cells_along(grid)
    shown = "" if tuple(cells) == tuple(grid) else f", shown in {cells[0]} x {cells[1]} blocks"
    return cells_of("inputs", caption + shown, image_group(np.asarray(image), cells), pool=cell_of_each(grid, cells))


def image_group(pixels: np.ndarray, cells: Sequence[int], title: str = "", name: str = "") -> Group:
    """A picture, uint8 [height, width, 3], in (rows, columns) of cells. name: of the picture, before that of a cell."""
    rows, columns = cells
    names = [f"{name}row {row + 1}, column {column + 1}" for row in range(rows) for column in range(columns)]
    height, width = pixels.shape[:2]
    style = f"--columns: {columns}; aspect-ratio: {width} / {height}; background-image: url({data_uri(pixels)})"
    return Group("image", names, title=title, style=style)


def cell_of(side: str, index: int, name: str, text: str = "", marked: bool = False) -> Markup:
    kind = " masked" if marked else ""
    return CELL.format(kind=kind, id=f"network-{side}-{index}", name=name, text=text)


def box_of(side: str, kind: str, cells: Markup, style: str = "") -> Markup:
    return BOX.format(kind, style, side.capitalize(), cells)
