"""What a pixel's flow was read from, over both frames, as HTML; data in, HTML out.

How strongly the maps cover the frames is the page's `--map-opacity`.
"""

from html import escape

import numpy as np
from PIL.Image import Image

from components.analysis.attention import shares_in_words
from components.analysis.flow_attention import BEYOND, Area, PixelAsked, most_read
from components.html.images.frames import Size, cross, framed, photograph, ring
from components.html.images.pixels import color_legend, picture
from components.scale.attention import Scale
from components.scale.flow import shrunk_frame
from components.scale.shared import SharedScale, relative


def flow_attention_pictures(frames: tuple[Image, Image], asked: PixelAsked, scale: Scale = "linear") -> str:
    """The map over the first and the second frame, and alone: once where each input holds both frames, else twice.

    A cross at the pixel; in the second frame, a ring where it is found. frames: of one size.
    """
    size, attention = frames[0].size, asked.attention
    shared = SharedScale.of([attention], scale)
    fills = shared.fills(relative(attention, scale))
    fills = fills if asked.apart else np.stack([fills, fills])
    said = most_read(attention, asked.area)
    marks = [cross((asked.row, asked.column), size)] * 2
    if asked.found is not None:
        marks[1] += ring(asked.found, size)
    shown = ""
    names = ("First frame", asked.second_in_words)
    for name, frame, fill, mark in zip(names, frames, fills, marks, strict=True):
        crop = photograph(shrunk_frame(frame), f"{name}, {size[0]} × {size[1]} pixels")
        shown += _figure(crop + _map(fill, asked.area, f"Map of the attention over it: {said}") + mark, size, name)
    alone = (
        ("First frame's map alone", "Second frame's map alone") if asked.apart else ("The map alone, of both frames",)
    )
    for name, fill, mark in zip(alone, fills, marks, strict=False):
        shown += _figure(_map(fill, asked.area, name) + mark, size, name)
    measure = "times uniform" if scale == "linear" else "log10 of times uniform"
    shares = shares_in_words(attention)
    stayed = f"<br>{escape(shares)}" if shares else ""
    beyond = f"<br>{escape(BEYOND)}" if asked.beyond else ""
    return (
        f'<div class="flows">{shown}</div>{color_legend(shared, f"{measure}, one scale for all maps")}'
        f'<p class="caption">{escape(attention.title)}<br>Cross: row {asked.row + 1}, column {asked.column + 1}; '
        f"{escape(asked.found_in_words)}. {escape(said[0].upper() + said[1:])}.{stayed}{beyond}</p>"
    )


def _figure(inner: str, size: Size, caption: str) -> str:
    return f"<figure>{framed(inner, size)}<figcaption>{escape(caption)}</figcaption></figure>"


def _map(fills: np.ndarray, area: Area, alt: str) -> str:
    """Where its grid lies in the frame; what lies beyond is not shown."""
    top, left, bottom, right = (100 * share for share in area)
    style = f"top:{top:.3f}%;left:{left:.3f}%;width:{right - left:.3f}%;height:{bottom - top:.3f}%"
    return '<div class="over">' + picture(fills, alt, "map").replace("<img ", f'<img style="{style}" ', 1) + "</div>"
