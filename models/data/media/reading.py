"""Clips as visitors bring them: opened with care, and read frame by frame."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from models.data.media.clip import Clip
from models.data.media.pictures import open_picture, read_picture
from models.data.media.videos import open_video, read_video
from models.schema import InputError


def open_clip(path: Path) -> Clip:
    """What is in a video, a moving picture or a still one, told by what is in the file and not by its name.

    All frames are decoded once, none is kept. Raises InputError, in words for the visitor, for whatever is no clip,
    holds no picture, cannot be decoded, or is larger or longer than `models.data.media.clip` allows. Where only its
    beginning can be decoded, that is the clip, and a note says so.
    """
    try:
        if path.stat().st_size == 0:
            raise InputError("This file is empty: it has 0 bytes. Was the upload interrupted?")
        return open_picture(path) or open_video(path)
    except FileNotFoundError as error:
        raise InputError("This clip is no longer kept here: choose it again.") from error


def read_frames(clip: Clip, start: int, stop: int, longest_side: int | None = None) -> Iterator[np.ndarray]:
    """Frames `start` up to, but not, `stop`: uint8 RGB [height, width, 3] each, upright, as large as the clip says.

    longest_side: pixels that the longer side may have; larger frames are shrunk by areas. A frame is the same whichever
    frames are read before it. Few are in memory at a time. Raises IndexError for frames that the clip has not, and,
    when it comes to read one, InputError if the file has gone or changed.
    """
    if not 0 <= start <= stop <= clip.frames:
        raise IndexError(f"frames {start} to {stop} of a clip of {clip.frames}")
    read = read_picture if clip.moving_picture else read_video
    return _kept(read(clip, start, stop, clip.shrunk(longest_side)))


def _kept(frames: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    try:
        yield from frames
    except FileNotFoundError as error:
        raise InputError("This clip is no longer kept here: choose it again.") from error
