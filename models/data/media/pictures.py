"""Animated images such as GIF, and still images as clips of one frame, read with Pillow."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from models.data.images import as_rgb, check_size
from models.data.media.clip import Clip, check_extent, damaged_after
from models.schema import InputError

_MOVING = ("GIF", "WEBP", "PNG", "AVIF")
_FORMATS = (*_MOVING, "JPEG", "BMP", "TIFF")
_SHORTEST, _USUAL = 0.01, 0.1  # seconds: browsers show frames of at most _SHORTEST for _USUAL


def open_picture(path: Path) -> Clip | None:
    """An image as a clip; None if the file is not an image. Raises InputError."""
    try:
        with Image.open(path, formats=_FORMATS) as image:
            check_size(image)
            frames = getattr(image, "n_frames", 1) if image.format in _MOVING else 1
            check_extent(image.width, image.height, frames, 0)
            return _clip(path, image, frames)
    except UnidentifiedImageError:
        return None
    except InputError:
        raise
    except Image.DecompressionBombError as error:
        raise InputError("The image has too many pixels.") from error
    except Exception as error:  # the decoders of Pillow raise errors of many types
        raise InputError(f"The image is damaged or cut short and cannot be read ({error}).") from error


def read_picture(clip: Clip, start: int, stop: int, size: tuple[int, int]) -> Iterator[np.ndarray]:
    """Frames `start` to `stop` of a clip from `open_picture`: uint8 [height, width, 3]; size: (width, height).

    Raises InputError for a frame that can no longer be read.
    """
    with Image.open(clip.path, formats=_FORMATS) as image:
        for frame in range(start, stop):
            try:
                image.seek(frame)
                upright = as_rgb(image)
            except Exception as error:  # errors of many types
                raise InputError(
                    f"Frame {frame + 1} of the clip can no longer be read. Upload the clip again."
                ) from error
            yield np.array(upright if upright.size == size else upright.resize(size, Image.Resampling.BOX))


def _clip(path: Path, image: Image.Image, frames: int) -> Clip:
    ends, notes = [0.0], ()
    first = as_rgb(image)
    for frame in range(frames):
        try:
            image.seek(frame)
            image.load()
        except Exception:  # the decoders of Pillow raise errors of many types
            if frame == 0:
                raise
            notes = (damaged_after(ends[-1]),)
            break
        lasts = image.info.get("duration", 0) / 1000
        ends.append(ends[-1] + (lasts if lasts > _SHORTEST else _USUAL))
        check_extent(image.width, image.height, frame, ends[-1])
    times = np.array(ends[:-1])
    duration = ends[-1] if frames > 1 else 0.0
    return Clip(path, first.width, first.height, times, duration, notes=notes, moving_picture=True)
