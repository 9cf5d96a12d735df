"""A clip as a model reads it, straight from its file: few of its frames are in memory at a time."""

import math

import numpy as np

from models.data.av_clip import LONGEST_SECONDS, at_rate
from models.data.media.clip import Clip
from models.data.media.reading import read_frames
from models.schema import InputError


def check_moving(clip: Clip) -> None:
    """Raises InputError, in words for the visitor, for a still picture, or a clip that is too long to be rebuilt."""
    if clip.frames < 2:
        raise InputError("This is one still picture: a clip has at least two frames.")
    if clip.duration > LONGEST_SECONDS + 0.5:
        raise InputError(
            f"This clip is too long: at most {LONGEST_SECONDS} seconds can be rebuilt, and it has "
            f"{clip.duration:.0f}. Cut out a part of it."
        )


def read_squares(clip: Clip, fps: float, side: int) -> np.ndarray:
    """The center squares of a clip's frames, `fps` of them a second: uint8 [t, side, side, 3].

    Raises InputError if the file has gone or changed.
    """
    longest = math.ceil(side * max(clip.width, clip.height) / min(clip.width, clip.height))
    return at_rate(read_frames(clip, 0, clip.frames, longest), clip.times, clip.duration, fps, side)
