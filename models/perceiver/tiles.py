"""Overlapping tiles for models that read a fixed size: cut frames of any size into tiles and blend the results.

Shapes: N tiles, F frames, C channels; a tile is (height, width).
"""

from collections.abc import Callable

import torch
from torch import Tensor

OVERLAP = 20
"""Least number of pixels that neighboring tiles share, as in the published flow model."""

Size = tuple[int, int]


def over_tiles(
    estimate: Callable[[Tensor], Tensor], frames: Tensor, tile: Size, overlap: int = OVERLAP, at_once: int = 1
) -> Tensor:
    """frames [F, C, height, width] -> [2, height, width].

    estimate: [N, F, C, *tile] -> [N, 2, *tile], in pixels.
    at_once: tiles per call of `estimate`.

    Frames smaller than a tile are mirrored up to its size.
    """
    height, width = frames.shape[-2:]
    whole = mirrored(frames, max(height, tile[0]), max(width, tile[1]))
    corners = corners_of_tiles(height, width, tile, overlap)
    total = frames.new_zeros(2, *whole.shape[-2:], dtype=torch.float32)
    sum_of_weights = torch.zeros_like(total[0])
    weights = blend_weights(tile).to(frames.device)
    for start in range(0, len(corners), at_once):
        some = corners[start : start + at_once]
        found = estimate(torch.stack([whole[..., top : top + tile[0], left : left + tile[1]] for top, left in some]))
        for (top, left), flow in zip(some, found, strict=True):
            part = (slice(top, top + tile[0]), slice(left, left + tile[1]))
            total[:, *part] += flow.float() * weights
            sum_of_weights[part] += weights
    return (total / sum_of_weights)[:, :height, :width]


def corners_of_tiles(height: int, width: int, tile: Size, overlap: int = OVERLAP) -> list[tuple[int, int]]:
    """(top, left) of each tile, row by row; tiles may extend beyond a frame that is smaller than a tile."""
    return [(top, left) for top in starts(height, tile[0], overlap) for left in starts(width, tile[1], overlap)]


def starts(length: int, tile: int, overlap: int) -> list[int]:
    """Starts of the tiles along one axis: as far apart as the overlap allows, the last one at the end."""
    if length <= tile:
        return [0]
    return [*range(0, length - tile, tile - overlap), length - tile]


def blend_weights(tile: Size) -> Tensor:
    """float32 [height, width]: distance to the nearest edge in pixels, 1 at the edge. Tiles are less reliable there."""
    rows, columns = (torch.minimum(torch.arange(1, side + 1), torch.arange(side, 0, -1)) for side in tile)
    return torch.minimum(rows[:, None], columns).float()


def tile_of(row: int, column: int, height: int, width: int, tile: Size, overlap: int = OVERLAP) -> tuple[int, int]:
    """(top, left) of the tile with the largest weight at a pixel."""

    def inside(corner: tuple[int, int]) -> int:
        offsets = ((row - corner[0], tile[0]), (column - corner[1], tile[1]))
        return min(min(offset, side - 1 - offset) for offset, side in offsets)

    return max(corners_of_tiles(height, width, tile, overlap), key=inside)


def mirrored(frames: Tensor, height: int, width: int) -> Tensor:
    """[…, h, w] -> […, height, width]: mirrored at the bottom and right edges, repeatedly if needed."""
    if frames.shape[-2:] == (height, width):
        return frames
    rows, columns = _there_and_back(frames.shape[-2], height), _there_and_back(frames.shape[-1], width)
    return frames[..., rows, :][..., columns]


def _there_and_back(size: int, length: int) -> Tensor:
    """0 1 2 2 1 0 0 1 … for a size of 3."""
    place = torch.arange(length) % (2 * size)
    return torch.minimum(place, 2 * size - 1 - place)
