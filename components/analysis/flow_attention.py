"""Attention of the flow of one pixel, and its positions in the frames."""

from dataclasses import dataclass

import numpy as np

from components.analysis.grid import index_at, place_in_words, region
from components.analysis.motion import vector_in_words
from components.scale.attention import Scale, share_in_words
from models.schema import AttentionMap

Area = tuple[float, float, float, float]
"""Position of a grid of inputs in a frame: top, left, bottom, right, as shares of its height and width."""
WHOLE: Area = (0.0, 0.0, 1.0, 1.0)
BEYOND = "At this size, a tile is larger than the frames. The rest of it is mirrored from them and is not drawn."


@dataclass(frozen=True, slots=True)
class TracedPixel:
    """A pixel of the first frame, and the attention of its flow.

    attention.values: float32 [rows, columns], if each input holds both frames at its position; or [2, rows, columns],
    one map for each frame. row, column: the pixel. vector: its flow, right and down, pixels. area: of the grid, a part
    of the frame if that is read in tiles. before: right and down, pixels by which the second frame had been warped back
    when it was read.
    """

    attention: AttentionMap
    row: int
    column: int
    vector: tuple[float, float]
    area: Area = WHOLE
    before: tuple[float, float] = (0.0, 0.0)

    @property
    def apart(self) -> bool:
        """Whether each frame has its own map."""
        return self.attention.values.ndim == 3

    @property
    def beyond(self) -> bool:
        """Whether inputs lie outside the frame."""
        return max(self.area) > 1

    @property
    def found(self) -> tuple[float, float] | None:
        """x and y of the center of the pixel, in pixels of the second frame as it was read; None: unknown."""
        x = self.column + 0.5 + self.vector[0] - self.before[0]
        y = self.row + 0.5 + self.vector[1] - self.before[1]
        return (x, y) if np.isfinite([x, y]).all() else None

    @property
    def found_in_words(self) -> str:
        vector = vector_in_words(*self.vector)
        return (
            "position in the second frame: unknown"
            if self.found is None
            else f"ring: position in the second frame ({vector})"
        )

    @property
    def second_in_words(self) -> str:
        """Name of the second frame as it was read."""
        if not any(self.before):
            return "Second frame"
        return "Second frame, warped back by the flow so far"

    def in_words(self, size: tuple[int, int], scale: Scale) -> str:
        """The pixel, its motion, and the maximum of its attention. size: of the frame, width and height."""
        place = place_in_words(self.row * size[0] + self.column, (size[1], size[0]))
        return f"Pixel in {place}: {vector_in_words(*self.vector)}; {most_read(self.attention, scale, self.area)}"


def most_read(attention: AttentionMap, scale: Scale, area: Area = WHOLE) -> str:
    """Region of the frame with the most attention, and which frame if each has its own map. area: of the inputs."""
    shares = attention.values
    *frame, row, column = (int(at) for at in np.unravel_index(int(shares.argmax()), shares.shape))
    level = share_in_words(float(shares.max()), attention.uniform, scale)
    top, left, bottom, right = area
    down = top + (bottom - top) * (row + 0.5) / shares.shape[-2]
    across = left + (right - left) * (column + 0.5) / shares.shape[-1]
    if max(down, across) >= 1:
        return f"most attention in the mirror image beyond the edge of the frame: {level}"
    name = f" of the {('first', 'second')[frame[0]]} frame" if frame else ""
    return f"most attention in the {region(index_at((down, across), (3, 3)), (3, 3))}{name}: {level}"


def cut(pixels: np.ndarray, area: Area) -> np.ndarray:
    """A part of a frame [height, width, ...]; beyond its edges it is mirrored, as the model reads it."""
    sizes = pixels.shape[:2]
    starts = [round(share * size) for share, size in zip(area[:2], sizes, strict=True)]
    stops = [max(start + 1, round(share * size)) for start, share, size in zip(starts, area[2:], sizes, strict=True)]
    beyond = [(0, max(0, stop - size)) for stop, size in zip(stops, sizes, strict=True)]
    whole = np.pad(pixels, [*beyond, *[(0, 0)] * (pixels.ndim - 2)], mode="symmetric")
    return whole[starts[0] : stops[0], starts[1] : stops[1]]
