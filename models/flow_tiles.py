"""Frames of any size for a model that reads tiles of one size: where they lie, how they are cut, and joined again.

Height comes before width everywhere. Rows and columns are treated alike and apart from each other: the grid of tiles is
the product of the starts along either axis.
"""

from collections.abc import Iterable, Sequence
from itertools import product

import numpy as np

OVERLAP = 20  # pixels that two neighbouring tiles share at least


def starts(length: int, tile: int, overlap: int = OVERLAP) -> tuple[int, ...]:
    """Where the tiles along one axis begin, in pixels, rising; the last one ends where the axis does.

    length, tile: pixels, at least 1. overlap: pixels, less than `tile`. An axis no longer than a tile has one, at 0.
    Raises ValueError for anything else.
    """
    if length < 1 or not 0 <= overlap < tile:
        raise ValueError(f"no tiles of {tile} pixels, {overlap} of them shared, along {length} pixels")
    if length <= tile:
        return (0,)
    last = length - tile
    return (*range(0, last, tile - overlap), last)


def grid(shape: tuple[int, int], tile: tuple[int, int], overlap: int = OVERLAP) -> tuple[tuple[int, int], ...]:
    """(top, left) of every tile of a frame, row by row. shape, tile: (height, width) in pixels."""
    return tuple(product(starts(shape[0], tile[0], overlap), starts(shape[1], tile[1], overlap)))


def mirrored(length: int, tile: int) -> np.ndarray:
    """int64 [max(length, tile)]: which pixel of an axis stands at each place, once it is as long as a tile.

    Past its end the axis is reflected, as often as needed, with the pixel at the edge not repeated (numpy's "reflect");
    a single pixel is repeated. What was found about padding can be led back to the pixels it is made of with it.
    """
    places = np.arange(max(length, tile)) % max(2 * (length - 1), 1)
    return np.minimum(places, 2 * (length - 1) - places) if length > 1 else places


def pad(frame: np.ndarray, tile: tuple[int, int]) -> np.ndarray:
    """[height, width, ...] -> at least as high and as wide as a tile, reflected below and on the right.

    A frame that is large enough comes back itself. Pixels keep their places, so that `[:height, :width]` undoes it.
    """
    height, width = frame.shape[:2]
    if height >= tile[0] and width >= tile[1]:
        return frame
    return frame[np.ix_(mirrored(height, tile[0]), mirrored(width, tile[1]))]


def cut(frame: np.ndarray, corners: Sequence[tuple[int, int]], tile: tuple[int, int]) -> np.ndarray:
    """Tiles of a frame [height, width, ...], padded where it is smaller: [number of corners, *tile, ...], a copy."""
    padded = pad(frame, tile)
    return np.stack([padded[top : top + tile[0], left : left + tile[1]] for top, left in corners])


def weights(tile: tuple[int, int]) -> np.ndarray:
    """float32 [height, width]: how much a tile counts at each of its pixels: 1 at its edge, one more for each further.

    That is the smaller, over both axes, of min(i + 1, size - i).
    """
    rows, columns = (np.minimum(np.arange(1, size + 1), np.arange(size, 0, -1)) for size in tile)
    return np.minimum(rows[:, None], columns).astype(np.float32)


def blend(tiles: Iterable[np.ndarray], corners: Sequence[tuple[int, int]], shape: tuple[int, int]) -> np.ndarray:
    """Join the flows of tiles, each float [tile height, tile width, 2], to float32 [height, width, 2].

    Where tiles overlap, the mean by `weights`; what lies past the frame, since it was padded, is dropped.
    tiles: one for each of `corners`, read one by one, so that they may come from a generator. shape: of the frame.
    Raises ValueError where tiles and corners differ in number, a tile is not of its place (as one with its height and
    width swapped), or a pixel is left without any.
    """
    total, weight = np.zeros((*shape, 2), np.float32), np.zeros((*shape, 1), np.float32)
    counts = None
    for flow, (top, left) in zip(tiles, corners, strict=True):
        if counts is None:
            counts = weights((flow.shape[0], flow.shape[1]))[..., None]
        if flow.shape != (*counts.shape[:2], 2) or not _fits(flow, (top, left), shape):
            raise ValueError(f"a tile of shape {flow.shape} at {(top, left)} is none of a frame of {shape}")
        inside = np.s_[: shape[0] - top, : shape[1] - left]
        place = np.s_[top : top + flow.shape[0], left : left + flow.shape[1]]
        total[place] += (flow * counts)[inside]
        weight[place] += counts[inside]
    if not weight.all():
        raise ValueError(f"tiles at {list(corners)} leave pixels of a frame of {shape} uncovered")
    total /= weight
    return total


def _fits(flow: np.ndarray, corner: tuple[int, int], shape: tuple[int, int]) -> bool:
    """Only a tile at 0, larger than the frame, may reach past it."""
    return all(
        start == 0 or (start > 0 and start + size <= length)
        for start, size, length in zip(corner, flow.shape[:2], shape, strict=True)
    )
