"""Frames as images within HTML: pixels, proportions, and marks on them.

What is larger than MAX_SHOWN pixels per side is shown smaller. Positions are in pixels of the full size.
"""

import base64
import io

import numpy as np
from markupsafe import Markup
from PIL import Image

from components.html.images.pixels import data_uri

Size = tuple[int, int]
"""Width and height of a frame, in pixels."""
Pixel = tuple[int, int]
"""Row and column."""

LOSSLESS = 256 * 256
"""Pixels up to which a photograph is kept exactly as it is."""
MAX_BYTES = 900_000
"""Bytes of the markup of an image above which even maps are compressed."""
SPOKEN = Markup('<span class="spoken" aria-live="polite"></span>')
"""Where click_place.js announces the position of the cursor to screen readers."""
SMALL = 256
"""Pixels per side up to which pixels stay sharp when enlarged."""


def photograph(pixels: np.ndarray, alt: str, classes: str = "crop") -> Markup:
    """An <img> of uint8 RGB [height, width, 3]: exact if it is small, otherwise visually the same."""
    small = pixels.shape[0] * pixels.shape[1] <= LOSSLESS
    return _image(data_uri(pixels) if small else _lossy(pixels), pixels, alt, classes)


def color_map(pixels: np.ndarray, alt: str, classes: str) -> Markup:
    """An <img> of colors that mean something: exact, but for a large one of noise."""
    uri = data_uri(pixels)
    return _image(uri if len(uri) <= MAX_BYTES else _lossy(pixels), pixels, alt, classes)


def stencil(mask: np.ndarray, color: tuple[int, int, int], alt: str, classes: str) -> Markup:
    """An <img> of one color where bool [height, width] is true, and transparent elsewhere."""
    image = Image.fromarray(mask.astype(np.uint8))
    image.putpalette([0, 0, 0, *color])
    written = io.BytesIO()
    image.save(written, format="png", transparency=0)
    return _image("data:image/png;base64," + base64.b64encode(written.getvalue()).decode("ascii"), mask, alt, classes)


def _lossy(pixels: np.ndarray) -> str:
    """With as many pixels of color as of brightness: hue shows the direction of flow."""
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, format="jpeg", quality=90, subsampling=0)
    return "data:image/jpeg;base64," + base64.b64encode(written.getvalue()).decode("ascii")


def _image(uri: str, pixels: np.ndarray, alt: str, classes: str) -> Markup:
    if max(pixels.shape[:2]) > SMALL:
        classes += " fine"
    return Markup('<img class="{}" src="{}" alt="{}" draggable="false">').format(classes, uri, alt)


def attributes(**values: object) -> Markup:
    """HTML attributes named by keywords with "_" for "-"; None leaves one out."""
    kept = ((name.strip("_").replace("_", "-"), value) for name, value in values.items() if value is not None)
    return Markup("").join(Markup(' {}="{}"').format(name, value) for name, value in kept)


def framed(inner: Markup, size: Size, classes: str = "frame", **more: object) -> Markup:
    """A box of a frame's proportions for images on top of each other; a very flat one is shown thicker."""
    return Markup("<div{}>{}</div>").format(
        attributes(class_=classes, style=f"--ratio:{size[0] / size[1]:.6g}", **more), inner
    )


def pointable(rows: int, columns: int, label: str, place: int | None, **more: object) -> dict[str, object]:
    """Attributes of a box of class "places", which contains `SPOKEN`: click_place.js lets visitors select a position.

    label: for screen readers. place: the selected position, as a flat index.
    """
    grid = {"data_rows": rows, "data_columns": columns, "data_start": 0, "data_stop": 1, "data_place": place}
    return {"role": "application", "tabindex": 0, "aria_label": label} | grid | more


def pointed_at(inner: Markup, size: Size, label: str, chosen: Pixel | None) -> Markup:
    """A frame whose pixels can be selected."""
    width, height = size
    place = None if chosen is None else chosen[0] * width + chosen[1]
    return framed(inner + SPOKEN, size, "frame places", **pointable(height, width, label, place))


def no_data_outside(area: tuple[float, float, float, float]) -> Markup:
    """Hatching over an image except for an area: top, left, bottom, right, as shares of its height and width."""
    top, left, bottom, right = (100 * min(max(share, 0.0), 1.0) for share in area)
    if (top, left, bottom, right) == (0.0, 0.0, 100.0, 100.0):
        return Markup()
    frame = "0 0,100% 0,100% 100%,0 100%,0 0"
    hole = f"{left:.3f}% {top:.3f}%,{right:.3f}% {top:.3f}%,{right:.3f}% {bottom:.3f}%,{left:.3f}% {bottom:.3f}%"
    style = f"clip-path:polygon(evenodd,{frame},{hole},{left:.3f}% {top:.3f}%)"
    return Markup('<i class="no-data outside" style="{}"></i>').format(style)


def cross(pixel: Pixel, size: Size) -> Markup:
    """Where a pixel is. Not an outline about it: of a large frame, one is too small to be seen."""
    return _mark("cross", (pixel[1] + 0.5, pixel[0] + 0.5), size)


def ring(point: tuple[float, float], size: Size) -> Markup:
    """About a point, x and y in pixels; nothing where it lies outside of the frame."""
    inside = 0 <= point[0] <= size[0] and 0 <= point[1] <= size[1]
    return _mark("ring", point, size) if inside else Markup()


def _mark(kind: str, point: tuple[float, float], size: Size) -> Markup:
    left, top = (100 * at / along for at, along in zip(point, size, strict=True))
    return Markup('<i class="{}" style="left:{:.3f}%;top:{:.3f}%"></i>').format(kind, left, top)
