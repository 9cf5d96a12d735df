"""Opens uploaded clips and reads them frame by frame."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from models.data.media.clip import Clip
from models.data.media.pictures import open_picture, read_picture
from models.data.media.sound import open_sound, read_black
from models.data.media.videos import NoVideoError, open_video, read_video
from models.schema import InputError


def open_clip(path: Path, sound_only: bool = False) -> Clip:
    """Opens a video, an animated image or a still image, detected by its content; if `sound_only`, also a sound file.

    Decodes all frames once and keeps none. Raises InputError for a file that is not a clip, has no frames, cannot be
    decoded, or exceeds the limits of `models.data.media.clip`. If only the beginning can be decoded, the clip ends
    there and a note says so.
    """
    try:
        if path.stat().st_size == 0:
            raise InputError("The file is empty (0 bytes). Upload it again.")
        return open_picture(path) or open_video(path)
    except NoVideoError:
        if not sound_only:
            raise
        return open_sound(path)
    except FileNotFoundError as error:
        raise InputError("The clip is no longer available. Upload it again.") from error


def read_frames(clip: Clip, start: int, stop: int, longest_side: int | None = None) -> Iterator[np.ndarray]:
    """Yields frames `start` up to `stop`: uint8 RGB [height, width, 3], upright, at the size of the clip.

    longest_side: maximum length of the longer side; larger frames are downscaled by area.

    A frame does not depend on which frames are read before it. Few are in memory at a time. Raises IndexError for
    frames outside the clip, and InputError while reading if the file is gone or has changed.
    """
    if not 0 <= start <= stop <= clip.frames:
        raise IndexError(f"frames {start} to {stop} of a clip of {clip.frames}")
    read = read_black if clip.black else read_picture if clip.moving_picture else read_video
    return _kept(read(clip, start, stop, clip.shrunk(longest_side)))


def _kept(frames: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    try:
        yield from frames
    except FileNotFoundError as error:
        raise InputError("The clip is no longer available. Upload it again.") from error
