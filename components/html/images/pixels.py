"""Pixels as an image within HTML, and legends for its colors."""

import base64
import io

import numpy as np
from markupsafe import Markup
from matplotlib.colors import Colormap, to_hex
from PIL import Image

from components.scale.attention import AttentionScale

FINE = 72
"""Pixels per side from which a tile is shown at reduced size."""


def data_uri(pixels: np.ndarray) -> str:
    """A PNG, pixel by pixel. pixels: uint8 [height, width, 3]."""
    written = io.BytesIO()
    _palette_image(pixels).save(written, format="png")
    return "data:image/png;base64," + base64.b64encode(written.getvalue()).decode("ascii")


def _palette_image(pixels: np.ndarray) -> Image.Image:
    """The same pixels in a third of the bytes where they have at most 256 colors, as every colored map has."""
    flat = pixels.reshape(-1, 3).astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    colors, indices = np.unique(flat, return_inverse=True)
    if len(colors) > 256:
        return Image.fromarray(pixels)
    image = Image.fromarray(indices.astype(np.uint8).reshape(pixels.shape[:2]), mode="P")
    image.putpalette(np.stack([colors >> 16, colors >> 8 & 255, colors & 255], axis=1).astype(np.uint8).tobytes())
    return image


def picture(pixels: np.ndarray, alt: str, classes: str) -> Markup:
    """An <img> that keeps its pixels apart however large it is shown; a tile of very many blends them instead."""
    if max(pixels.shape[:2]) > FINE:
        classes += " fine"
    return Markup('<img class="{}" src="{}" alt="{}" draggable="false">').format(classes, data_uri(pixels), alt)


def color_legend(colors: AttentionScale, said: str | Markup) -> Markup:
    """The colors from end to end, with a tick at the uniform level. said: what the colors measure."""
    low, high = colors.ends
    return legend(colors.color_map, (low, high), said, float(colors.norm(colors.uniform)))


def no_data_key(meaning: str) -> Markup:
    """A legend entry for hatching."""
    return Markup(' <span class="no-data-key"><i class="no-data"></i> {}</span>').format(meaning)


def legend(color_map: Colormap, ends: tuple[str, str], said: str | Markup, tick: float | None = None) -> Markup:
    """tick: how far along the colors it stands, 0 to 1."""
    colors = ", ".join(to_hex(color_map(at)) for at in np.linspace(0, 1, 11))
    mark = "" if tick is None else Markup('<i style="left:{:.2f}%"></i>').format(100 * tick)
    return Markup(
        '<p class="legend"><span>{}</span><span class="colors" style="background:linear-gradient(90deg, {})">{}'
        "</span><span>{}</span><small>{}</small></p>"
    ).format(ends[0], colors, mark, ends[1], said)
