"""Attention behind the flow of one pixel: where it lies in the frames, in words."""

from dataclasses import dataclass

import numpy as np

from components.analysis.grid import index_at, place_in_words, region
from components.analysis.motion import vector_in_words
from components.scale.attention import Scale, share_in_words
from models.schema import AttentionMap

Area = tuple[float, float, float, float]
"""Where a grid of inputs lies in a frame: top, left, bottom, right, as shares of its height and width."""


WHOLE: Area = (0.0, 0.0, 1.0, 1.0)


BEYOND = "At this size the frames are smaller than a tile: the rest shows the frames mirrored, and is not drawn."


@dataclass(frozen=True, slots=True)
class PixelAsked:
    """A pixel of the first frame, and what its flow was read from.

    attention.values: float32 [rows, columns], where each input holds both frames at its place; or [2, rows, columns],
    the frames apart. row, column: the pixel. vector: its flow, right and down, pixels. area: where the grid lies, which
    for a frame that is read in tiles is not all of it. before: right and down, by how much the second frame had been
    moved back when it was read, where that was done in steps.
    """

    attention: AttentionMap
    row: int
    column: int
    vector: tuple[float, float]
    area: Area = WHOLE
    before: tuple[float, float] = (0.0, 0.0)

    @property
    def apart(self) -> bool:
        """Whether the frames have maps of their own."""
        return self.attention.values.ndim == 3

    @property
    def beyond(self) -> bool:
        """Whether inputs lie outside of the frame."""
        return max(self.area) > 1

    @property
    def found(self) -> tuple[float, float] | None:
        """x and y, in pixels of the second frame as it was read, where the middle of the pixel is; None: unknown."""
        x = self.column + 0.5 + self.vector[0] - self.before[0]
        y = self.row + 0.5 + self.vector[1] - self.before[1]
        return (x, y) if np.isfinite([x, y]).all() else None

    @property
    def found_in_words(self) -> str:
        vector = vector_in_words(*self.vector)
        return "where it is found is unknown" if self.found is None else f"ring: where it is found, {vector}"

    @property
    def second_in_words(self) -> str:
        """What the second frame is, as it was read."""
        if not any(self.before):
            return "Second frame"
        return "Second frame, moved back by what was found before: only the rest is seen"

    def in_words(self, size: tuple[int, int], scale: Scale) -> str:
        """Which pixel, how it moves, and where most was read. size: of the frame, width and height."""
        place = place_in_words(self.row * size[0] + self.column, (size[1], size[0]))
        return f"Pixel in {place}: {vector_in_words(*self.vector)}; {most_read(self.attention, scale, self.area)}"


def most_read(attention: AttentionMap, scale: Scale, area: Area = WHOLE) -> str:
    """Where in the frame most was read, of inputs that lie in its `area`, and in which frame where they are apart."""
    shares = attention.values
    *frame, row, column = (int(at) for at in np.unravel_index(int(shares.argmax()), shares.shape))
    level = share_in_words(float(shares.max()), attention.uniform, scale)
    top, left, bottom, right = area
    down = top + (bottom - top) * (row + 0.5) / shares.shape[-2]
    across = left + (right - left) * (column + 0.5) / shares.shape[-1]
    if max(down, across) >= 1:
        return f"most attention beyond the frame's edge, where it is mirrored: {level}"
    name = f" of the {('first', 'second')[frame[0]]} frame" if frame else ""
    return f"most attention in the {region(index_at((down, across), (3, 3)), (3, 3))}{name}: {level}"
