"""The cells of the figure of a run: texts, bytes and images, one cell or a group of neighbors for each input."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from PIL.Image import Image

from components.analysis.byte_labels import byte_label
from components.html.images.pixels import data_uri

GRID = 16
"""Most cells along each side of an image: neighboring inputs share one."""
CELL = Markup('<span class="cell{kind}" role="option" id="{id}" data-index="{index}" aria-label="{name}">{text}</span>')
BOX = Markup('<div class="cells {}" style="{}" role="listbox" tabindex="0" aria-label="{}">{}</div>')


@dataclass(frozen=True, slots=True)
class Cells:
    """One side of the figure. names: what each cell is, in words. pool: [M] -> index of each input's cell."""

    markup: Markup
    names: Sequence[str]
    caption: str
    pool: np.ndarray | None = None


def text_cells(
    side: str, labels: Sequence[str], caption: str, marked: Sequence[int] = (), places: Sequence[int] = ()
) -> Cells:
    """Cells with text. marked: masked ones, which are shown as such. places: of the labels among the inputs."""
    names = [f"“{label}” at {place}" for label, place in zip(labels, places, strict=True)] if places else list(labels)
    cells = [cell_of(side, number, names[number], label, number in set(marked)) for number, label in enumerate(labels)]
    return Cells(box_of(side, "text", Markup("").join(cells)), names, caption)


def byte_cells(content: bytes, marked: Sequence[int] = ()) -> Cells:
    """The bytes that a model reads, between its two special tokens. marked: offsets of masked bytes."""
    labels = ["CLS", *map(byte_label, content), "SEP"]
    shown = [position + 1 for position in marked]
    for position in shown:
        labels[position] = "?"
    return text_cells("inputs", labels, f"{len(labels):,} byte tokens", shown, range(len(labels)))


def image_cells(image: Image, grid: tuple[int, int], caption: str) -> Cells:
    """An image of `grid` inputs, grouped into at most GRID x GRID cells."""
    rows, columns = min(grid[0], GRID), min(grid[1], GRID)
    y, x = (np.arange(size) * cells // size for size, cells in zip(grid, (rows, columns), strict=True))
    names = [f"row {row + 1}, column {column + 1}" for row in range(rows) for column in range(columns)]
    cells = Markup("").join(cell_of("inputs", number, name) for number, name in enumerate(names))
    style = f"--columns: {columns}; background-image: url({data_uri(np.asarray(image))})"
    return Cells(box_of("inputs", "image", cells, style), names, caption, (y[:, None] * columns + x).ravel())


def cell_of(side: str, index: int, name: str, text: str = "", marked: bool = False) -> Markup:
    kind = " masked" if marked else ""
    return CELL.format(kind=kind, id=f"network-{side}-{index}", index=index, name=name, text=text)


def box_of(side: str, kind: str, cells: Markup, style: str = "") -> Markup:
    return BOX.format(kind, style, side.capitalize(), cells)
