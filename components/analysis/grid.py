"""Geometry of a grid over an image: cells, regions and their names."""

_ROWS, _COLUMNS = ("upper", "center", "lower"), ("left", "center", "right")

Extent = tuple[float, float]
"""Start and stop of a grid within an image, the same down and across: shares of its side."""
WHOLE: Extent = (0.0, 1.0)


def index_at(place: tuple[float, float], grid: tuple[int, int], extent: Extent = WHOLE) -> int:
    """Flat index of the cell of grid [rows, columns] nearest to a point. place: shares of height and width, 0 to 1."""
    start, stop = extent
    within = ((share - start) / (stop - start) for share in place)
    row, column = (min(max(int(share * cells), 0), cells - 1) for share, cells in zip(within, grid, strict=True))
    return row * grid[1] + column


def region(index: int, grid: tuple[int, int]) -> str:
    """Which ninth of the image: "upper left", "lower center" or "center". index: flat, into grid [rows, columns]."""
    rows, columns = grid
    row, column = divmod(index, columns)
    names = _ROWS[int((row + 0.5) / rows * 3)], _COLUMNS[int((column + 0.5) / columns * 3)]
    return "center" if names == ("center", "center") else " ".join(names)


def place_in_words(index: int, grid: tuple[int, int]) -> str:
    """ "row 3, column 5 of 32 × 32, upper left", counted from 1 at the upper left corner."""
    row, column = divmod(index, grid[1])
    return f"row {row + 1}, column {column + 1} of {grid[0]} × {grid[1]}, {region(index, grid)}"
