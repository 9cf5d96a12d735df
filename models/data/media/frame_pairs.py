"""Pairs of frames of a clip, as optical flow takes them: which there are, and their images."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL.Image import Image, fromarray

from models.data.media.clip import Clip
from models.data.media.reading import read_frames

PAIR_SIDE = 960
"""Pixels of the longer side at which two frames are read: a pair in 4K would take half a minute."""
FILM_SIDE = 384
"""The same for all pairs of a clip."""
MAX_PAIRS = 150
MAX_DISTANCE = 10
"""Frames between the two of a pair."""


@dataclass(frozen=True, slots=True)
class FramePair:
    """Two frames of a clip.

    start: the first one, counting from 0.
    distance: from the first to the second frame, in frames.
    """

    clip: Clip
    start: int = 0
    distance: int = 1

    @classmethod
    def nearest(cls, clip: Clip, start: int, distance: int) -> "FramePair":
        """The pair closest to these numbers that the clip has."""
        distance = min(distance, clip.frames - 1)
        return cls(clip, min(start, clip.frames - 1 - distance), distance)

    @property
    def available(self) -> int:
        """Pairs of this distance from the first frame on; at most MAX_PAIRS of them are read."""
        return max(0, self.clip.frames - self.distance - self.start)

    def images(self) -> tuple[Image, Image]:
        """Both frames, RGB, their longer side at most PAIR_SIDE."""
        first, second = (
            fromarray(next(read_frames(self.clip, at, at + 1, PAIR_SIDE)))
            for at in (self.start, self.start + self.distance)
        )
        return first, second

    def following(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """This pair and those after it: uint8 RGB, their longer side at most FILM_SIDE."""
        count = min(self.available, MAX_PAIRS)
        frames = list(read_frames(self.clip, self.start, self.start + count + self.distance, FILM_SIDE))
        return zip(frames[:count], frames[self.distance :], strict=True)


def describe_clip(clip: Clip) -> str:
    """Number of frames, size and duration of a clip, and the size at which a pair is read if it is smaller."""
    facts = [f"{clip.frames} frames of {clip.width}x{clip.height} pixels, {clip.duration:.1f} s."]
    width, height = clip.shrunk(PAIR_SIDE)
    if width < clip.width:
        facts.append(f"Read at {width}x{height}. For full size, upload two frames as images.")
    return " ".join([*facts, *clip.notes])
