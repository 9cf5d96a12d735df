"""Grids of inputs or outputs in cells: many of them are shown, and kept, as fewer groups of neighbors."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from models.schema.common import Stages

CELLS = 16
"""Most cells along each side of an image."""
Shape = tuple[int, ...]


def cells_along(shape: Sequence[int], most: int | Sequence[int] = CELLS) -> Shape:
    """The shape of a grid in cells. most: cells along each axis."""
    limits = [most] * len(shape) if isinstance(most, int) else most
    return tuple(min(pair) for pair in zip(shape, limits, strict=True))


def cell_of_each(shape: Sequence[int], cells: Sequence[int]) -> np.ndarray:
    """int64 [product of shape]: the cell of each place of a grid, both counted row by row."""
    parts = [np.arange(size) * count // size for size, count in zip(shape, cells, strict=True)]
    return np.ravel_multi_index(np.meshgrid(*parts, indexing="ij"), cells).ravel()


def centers_of_cells(shape: Sequence[int], cells: Sequence[int]) -> np.ndarray:
    """int64 [product of cells]: the place of the grid in the middle of each cell."""
    starts = (-(-np.arange(count + 1) * size // count) for size, count in zip(shape, cells, strict=True))
    middles = [(each[:-1] + each[1:]) // 2 for each in starts]
    return np.ravel_multi_index(np.meshgrid(*middles, indexing="ij"), shape).ravel()


def sums_in_cells(rows: np.ndarray, cell_of: np.ndarray) -> np.ndarray:
    """float [R, M] -> float32 [R, cells]: the sum in each cell. cell_of: int64 [M]."""
    count = int(cell_of.max()) + 1
    return np.stack([np.bincount(cell_of, row, count) for row in rows]).astype(np.float32)


def in_cells(stages: Stages, cell_of: np.ndarray) -> Stages:
    """The same with the attention to inputs added up in cells, which for an image is far less to keep."""
    return replace(stages, encoder=sums_in_cells(stages.encoder, cell_of), inputs=sums_in_cells(stages.inputs, cell_of))
