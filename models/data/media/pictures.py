"""Pictures that move, such as GIF, and stills as clips of one frame: read by Pillow, as all other pictures are."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from models.data.images import as_rgb, check_size
from models.data.media.clip import Clip, check_extent, damaged_after
from models.schema import InputError

_MOVING = ("GIF", "WEBP", "PNG", "AVIF")
_FORMATS = (*_MOVING, "JPEG", "BMP", "TIFF")
_SHORTEST, _USUAL = 0.01, 0.1  # seconds: browsers show for the latter what says that it lasts no longer than the former


def open_picture(path: Path) -> Clip | None:
    """A picture as a clip, or None for a file that is no picture. Raises InputError, in words for the visitor."""
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
        raise InputError("This picture has too many pixels to be read here.") from error
    except Exception as error:  # other people's files: each of Pillow's decoders fails in its own way
        raise InputError(f"This picture is damaged or cut short, and cannot be read ({error}).") from error


def read_picture(clip: Clip, start: int, stop: int, size: tuple[int, int]) -> Iterator[np.ndarray]:
    """Frames `start` to `stop` of a clip of `open_picture`: uint8 [height, width, 3]; size: (width, height).

    Raises InputError for one that cannot be read any more.
    """
    with Image.open(clip.path, formats=_FORMATS) as image:
        for frame in range(start, stop):
            try:
                image.seek(frame)
                upright = as_rgb(image)
            except Exception as error:  # as many kinds as there are decoders
                raise InputError(f"Frame {frame + 1} of this clip cannot be read any more: choose it again.") from error
            yield np.array(upright if upright.size == size else upright.resize(size, Image.Resampling.BOX))


def _clip(path: Path, image: Image.Image, frames: int) -> Clip:
    ends, notes = [0.0], ()
    first = as_rgb(image)
    for frame in range(frames):
        try:
            image.seek(frame)
            image.load()
        except Exception:  # as many kinds as there are decoders
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
