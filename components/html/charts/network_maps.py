"""Attention maps as the figure of a run sends them to the browser."""

import base64

import matplotlib
import numpy as np
from matplotlib.colors import to_hex

from components.html.charts.network_cells import Cells
from models.schema.grouping import sums_in_cells


def steps_of(colors: str) -> list[str]:
    """A color map of matplotlib in 17 steps, from its lowest to its highest color."""
    return [to_hex(color) for color in matplotlib.colormaps[colors](np.linspace(0, 1, 17))]


def pooled(rows: np.ndarray, cells: Cells) -> np.ndarray:
    """[R, M] -> [R, cells]: the attention of inputs that share a cell is added up."""
    if cells.pool is None:
        return rows
    return sums_in_cells(rows, cells.pool)


def packed(rows: np.ndarray) -> dict[str, object]:
    """One byte per share: the square root, as a part of the largest. Small shares keep three digits."""
    most = float(rows.max()) or 1.0
    levels = np.round(255 * np.sqrt(np.clip(rows / most, 0, 1))).astype(np.uint8)
    return {"most": most, "rows": base64.b64encode(levels.tobytes()).decode()}
