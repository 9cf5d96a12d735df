"""Where something is in a picture, in words."""

import numpy as np

from components.figures.shared_scale import multiple, relative
from models.schema import AttentionMap

_ROWS, _COLUMNS = ("upper", "middle", "lower"), ("left", "middle", "right")


Extent = tuple[float, float]
"""From where to where of a picture a grid reaches, down and across alike: shares of its side."""
WHOLE: Extent = (0.0, 1.0)


def index_at(place: tuple[float, float], grid: tuple[int, int], extent: Extent = WHOLE) -> int:
    """Flat index into grid [rows, columns] of what lies nearest to a place: shares of height and width, 0 to 1."""
    start, stop = extent
    within = ((share - start) / (stop - start) for share in place)
    row, column = (min(max(int(share * cells), 0), cells - 1) for share, cells in zip(within, grid, strict=True))
    return row * grid[1] + column


def region(index: int, grid: tuple[int, int]) -> str:
    """Which ninth of the picture: "upper left", "lower middle", or "middle". index: flat, into grid [rows, columns]."""
    rows, columns = grid
    row, column = divmod(index, columns)
    names = _ROWS[int((row + 0.5) / rows * 3)], _COLUMNS[int((column + 0.5) / columns * 3)]
    return "middle" if names == ("middle", "middle") else " ".join(names)


def place_in_words(index: int, grid: tuple[int, int]) -> str:
    """ "row 3, column 5 of 32 × 32, upper left", counted from 1 at the upper left corner."""
    row, column = divmod(index, grid[1])
    return f"row {row + 1}, column {column + 1} of {grid[0]} × {grid[1]}, {region(index, grid)}"


def most_attended(attention: AttentionMap) -> str:
    """Where the largest share is, and how much more than uniform: over a grid of inputs, or over latents."""
    highest = int(np.argmax(attention.values))
    times = f"{multiple(relative(attention, 'linear').flat[highest])} times uniform"
    if attention.values.ndim == 1:
        return f"most attention on latent {highest} of {attention.values.size:,}: {times}"
    rows, columns = attention.values.shape
    where = place_in_words(highest, (rows, columns)).rpartition(", ")[0]
    return f"most attention in the {region(highest, (rows, columns))} ({where}): {times}"


def shares_in_words(attention: AttentionMap) -> str:
    """How much went to the inputs and how much stayed behind in residuals; nothing where all went to the inputs."""
    if not (attention.latent_share or attention.query_share):
        return ""
    parts = {
        "inputs": float(attention.values.sum(dtype=np.float64)),
        "learned latent array": attention.latent_share,
        "output query": attention.query_share,
    }
    return " · ".join(f"{name} {100 * share:.3g} %" for name, share in parts.items() if share)
