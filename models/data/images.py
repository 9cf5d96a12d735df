"""Reads uploaded images as plain RGB."""

import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from models.schema import InputError

MAX_PIXELS = 50_000_000
# Formats that Pillow passes to other programs (Ghostscript) or to the operating system; IPTC may contain these.
_EXCLUDED = frozenset({"EPS", "WMF", "IPTC"})

_TWELVE_BITS, _SIXTEEN_BITS = 2**12 - 1, 2**16 - 1
_HEAD, _HEIC = 12, (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
# Pillow raises an error at twice this number, before decoding, also for images within images (icons).
Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


def open_image(source: Path | bytes) -> Image.Image:
    """The first frame of an image in any format that Pillow reads, upright, RGB.

    Raises InputError. The size is checked before anything is decoded.
    """
    try:
        if (source.stat().st_size if isinstance(source, Path) else len(source)) == 0:
            raise InputError("The file is empty (0 bytes). Upload it again.")
        with Image.open(source if isinstance(source, Path) else BytesIO(source), formats=_formats()) as image:
            check_size(image)
            return as_rgb(image)
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError("The image is no longer available. Upload it again.") from error
    except UnidentifiedImageError as error:
        raise InputError(_not_supported(source)) from error
    except Image.DecompressionBombError as error:
        raise InputError(_too_large()) from error
    except Exception as error:  # the decoders of Pillow raise errors of many types
        raise InputError(f"The image is damaged or cut short and cannot be read ({error}).") from error


def is_animated(source: Path) -> bool:
    """Whether an image has more frames than the first one, which is all that `open_image` reads.

    The further images of an MPO, which phones write, are a gain map or a preview of the same photo.
    """
    try:
        with Image.open(source, formats=_formats()) as image:
            return image.format != "MPO" and getattr(image, "is_animated", False)
    except Exception:  # later frames may be damaged, but are not read
        return False


def image_note(source: Path) -> str:
    """What a visitor should know about how `open_image` reads a file, or ""."""
    if is_animated(source):
        return "This file has more than one frame: using the first."
    try:
        with Image.open(source, formats=_formats()) as image:
            check_size(image)
            twelve = image.mode.startswith("I;") and _white_of(np.asarray(image)) == _TWELVE_BITS
    except Exception:  # `open_image` reports what cannot be read
        return ""
    return f"The image has 12-bit values in 16 bits: {_TWELVE_BITS:,} is read as white." if twelve else ""


def check_size(image: Image.Image) -> None:
    """Raises InputError for an image with no pixels or with more than MAX_PIXELS."""
    if image.width * image.height > MAX_PIXELS:
        raise InputError(_too_large(f": {image.width:,}x{image.height:,}"))
    if not image.width or not image.height:
        raise InputError("The image has no pixels.")


def as_rgb(image: Image.Image) -> Image.Image:
    """RGB, rotated as its EXIF data says, on white where it is transparent; 16 bits become 8."""
    image = _upright(image)
    if image.mode in ("I", "F") or image.mode.startswith("I;"):
        image = _to_8_bits(image)
    if image.mode == "La":  # Pillow converts La only to LA
        image = image.convert("LA")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _upright(image: Image.Image) -> Image.Image:
    """A copy, rotated as its EXIF data says. Invalid EXIF data is ignored."""
    image.load()
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # the parser raises errors of many types
        return image.copy()


def _to_8_bits(image: Image.Image) -> Image.Image:
    """Converts gray of more than 8 bits: 12 and 16 bits by their range, other values by their minimum and maximum."""
    if image.mode.startswith("I;"):
        values = np.asarray(image)
        levels = np.minimum(np.arange(2**16) * (255 / _white_of(values)), 255).round().astype(np.uint8)
        gray = Image.fromarray(levels[values])
        transparent = image.info.get("transparency")  # in PNG: one of the 65,536 values
        if isinstance(transparent, int):
            gray.putalpha(Image.fromarray(values != transparent))
        return gray
    values = np.array(image, dtype=np.float64)
    np.nan_to_num(values, copy=False, posinf=0.0, neginf=0.0)
    low, high = 0.0, float(_SIXTEEN_BITS)
    if values.min() < low or values.max() > high or image.mode == "F":
        low, high = values.min(), values.max()
    values -= low
    values *= 255 / (high - low or 1.0)
    return Image.fromarray(values.round(out=values).astype(np.uint8))


def _white_of(values: np.ndarray) -> int:
    """The largest value of the range: 12 bits if the image uses them all and no more, as cameras and scanners do."""
    return _TWELVE_BITS if _TWELVE_BITS // 2 < values.max(initial=0) <= _TWELVE_BITS else _SIXTEEN_BITS


def _formats() -> list[str]:
    Image.init()
    return [name for name in Image.ID if name not in _EXCLUDED]


def _not_supported(source: Path | bytes) -> str:
    head = source[:_HEAD] if isinstance(source, bytes) else source.read_bytes()[:_HEAD]
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC:
        return "The file is a HEIC photo, which cannot be read. Export it as JPEG, or send it to yourself as one."
    return "The file is not an image in a supported format. Use JPEG or PNG."


def _too_large(size: str = "") -> str:
    return f"The image has too many pixels{size}. The limit is {MAX_PIXELS // 10**6} megapixels."
