"""What all pictures share: pixels as an image within HTML, and what its colours mean."""

import base64
import io
from html import escape

import numpy as np
from matplotlib.colors import Colormap, to_hex
from PIL import Image

from components.scale.shared import SharedScale

FINE = 72
"""Pixels a side from which a tile is shown smaller than it is."""


def data_uri(pixels: np.ndarray) -> str:
    """A PNG, pixel by pixel. pixels: uint8 [height, width, 3]."""
    written = io.BytesIO()
    _palette_image(pixels).save(written, format="png")
    return "data:image/png;base64," + base64.b64encode(written.getvalue()).decode("ascii")


def _palette_image(pixels: np.ndarray) -> Image.Image:
    """The same pixels in a third of the bytes where they have at most 256 colours, as every coloured map has."""
    flat = pixels.reshape(-1, 3).astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    colours, indices = np.unique(flat, return_inverse=True)
    if len(colours) > 256:
        return Image.fromarray(pixels)
    image = Image.fromarray(indices.astype(np.uint8).reshape(pixels.shape[:2]), mode="P")
    image.putpalette(np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1).astype(np.uint8).tobytes())
    return image


def picture(pixels: np.ndarray, alt: str, classes: str) -> str:
    """An <img> that keeps its pixels apart however large it is shown; a tile of very many blends them instead."""
    if max(pixels.shape[:2]) > FINE:
        classes += " fine"
    return f'<img class="{classes}" src="{data_uri(pixels)}" alt="{escape(alt)}" draggable="false">'


def colour_legend(shared: SharedScale, said: str) -> str:
    """The colours from end to end, with a tick at the uniform level. said: what they are colours of."""
    low, high = shared.ends
    return legend(shared.colour_map, (low, high), said, float(shared.norm(shared.uniform)))


def legend(colour_map: Colormap, ends: tuple[str, str], said: str, tick: float | None = None) -> str:
    """tick: how far along the colours it stands, 0 to 1."""
    colours = ", ".join(to_hex(colour_map(at)) for at in np.linspace(0, 1, 11))
    mark = "" if tick is None else f'<i style="left:{100 * tick:.2f}%"></i>'
    return (
        f'<p class="legend"><span>{escape(ends[0])}</span>'
        f'<span class="colours" style="background:linear-gradient(90deg, {colours})">{mark}</span>'
        f"<span>{escape(ends[1])}</span><small>{escape(said)}</small></p>"
    )
