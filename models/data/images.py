"""Pictures as visitors bring them: opened with care, and turned into plain RGB."""

import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from models.schema import InputError

MAX_PIXELS = 50_000_000
# Formats that Pillow hands to other programs (Ghostscript) or to parts of the operating system; IPTC may wrap these.
_NOT_OURS = frozenset({"EPS", "WMF", "IPTC"})

# Pillow raises an error at twice what it warns of: before it decodes anything, for pictures inside others (icons), too.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


def open_image(source: Path | bytes) -> Image.Image:
    """The first frame of any picture that Pillow reads, upright, RGB.

    Raises InputError, in words for the visitor; the size is checked before anything is decoded.
    """
    try:
        if (source.stat().st_size if isinstance(source, Path) else len(source)) == 0:
            raise InputError("This file is empty: it has 0 bytes. Was the upload interrupted?")
        with Image.open(source if isinstance(source, Path) else BytesIO(source), formats=_formats()) as image:
            check_size(image)
            return as_rgb(image)
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError("This picture is no longer kept here: choose it again.") from error
    except UnidentifiedImageError as error:
        raise InputError("This file is no picture that can be read here, whatever its name says.") from error
    except Image.DecompressionBombError as error:
        raise InputError(_too_large()) from error
    except Exception as error:  # other people's files: each of Pillow's decoders fails in its own way
        raise InputError(f"This picture is damaged or cut short, and cannot be read ({error}).") from error


def is_animated(source: Path) -> bool:
    """Whether a picture that `open_image` could open has more frames than the first, which is all that it reads."""
    try:
        with Image.open(source, formats=_formats()) as image:
            return getattr(image, "is_animated", False)
    except Exception:  # what comes after the first frame may be damaged, and nobody reads it
        return False


def check_size(image: Image.Image) -> None:
    """Raises InputError for a picture of more than MAX_PIXELS, or of none."""
    if image.width * image.height > MAX_PIXELS:
        raise InputError(_too_large(f" ({image.width:,} x {image.height:,})"))
    if not image.width or not image.height:
        raise InputError("This picture has no pixels.")


def as_rgb(image: Image.Image) -> Image.Image:
    """RGB, turned upright as its EXIF data says, on white where it is transparent; 16 bits become 8."""
    image = _upright(image)
    if image.mode in ("I", "F") or image.mode.startswith("I;"):
        image = _to_8_bits(image)
    if image.mode == "La":  # which Pillow converts to LA and nothing else
        image = image.convert("LA")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _upright(image: Image.Image) -> Image.Image:
    """A copy, turned as its EXIF data says. EXIF data that cannot be read does the pixels no harm."""
    image.load()
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # as many kinds as there are decoders
        return image.copy()


def _to_8_bits(image: Image.Image) -> Image.Image:
    """Gray of more than 8 bits: 16-bit values by their range, floats and what exceeds 16 bits by their own extent."""
    if image.mode.startswith("I;"):
        values = np.asarray(image)
        gray = Image.fromarray((np.arange(2**16) / 257).round().astype(np.uint8)[values])
        transparent = image.info.get("transparency")  # of PNG: one of the 65,536 values
        if isinstance(transparent, int):
            gray.putalpha(Image.fromarray(values != transparent))
        return gray
    values = np.array(image, dtype=np.float64)
    np.nan_to_num(values, copy=False, posinf=0.0, neginf=0.0)
    low, high = 0.0, 65_535.0
    if values.min() < low or values.max() > high or image.mode == "F":
        low, high = values.min(), values.max()
    values -= low
    values *= 255 / (high - low or 1.0)
    return Image.fromarray(values.round(out=values).astype(np.uint8))


def _formats() -> list[str]:
    Image.init()
    return [name for name in Image.ID if name not in _NOT_OURS]


def _too_large(size: str = "") -> str:
    return f"This picture has too many pixels{size}: at most {MAX_PIXELS // 10**6} megapixels can be read."
