"""Attention of the flow of a pixel, over both frames, as HTML; data in, HTML out.

The opacity of the maps over the frames is the page's `--map-opacity`.
"""

import numpy as np
from markupsafe import Markup
from PIL.Image import Image

from components.analysis.attention import shares_in_words
from components.analysis.flow_attention import BEYOND, Area, TracedPixel, most_read
from components.html.images.frames import Size, cross, framed, no_data_outside, photograph, ring
from components.html.images.pixels import color_legend, no_data_key, picture
from components.scale.attention import AttentionScale, Scale, levels_of
from components.scale.flow import shrunk_frame


def flow_attention_pictures(frames: tuple[Image, Image], traced: TracedPixel, scale: Scale = "relative") -> Markup:
    """The map over both frames, and the map: one if each input holds both frames, otherwise two.

    A cross marks the pixel, a ring its position in the second frame. frames: of one size.
    """
    size, attention = frames[0].size, traced.attention
    colors = AttentionScale.of([attention], scale)
    fills = colors.fills(levels_of(attention, scale))
    fills = fills if traced.apart else np.stack([fills, fills])
    said = most_read(attention, scale, traced.area)
    marks = [cross((traced.row, traced.column), size)] * 2
    if traced.found is not None:
        marks[1] += ring(traced.found, size)
    shown = ""
    names = ("First frame", traced.second_in_words)
    for name, frame, fill, mark in zip(names, frames, fills, marks, strict=True):
        crop = photograph(shrunk_frame(frame), f"{name}, {size[0]} × {size[1]} pixels")
        shown += _figure(crop + _map(fill, traced.area, f"Attention map over the frame: {said}") + mark, size, name)
    alone = (
        ("Attention to the first frame", "Attention to the second frame")
        if traced.apart
        else ("Attention to both frames",)
    )
    for name, fill, mark in zip(alone, fills, marks, strict=False):
        shown += _figure(_map(fill, traced.area, name) + mark, size, name)
    tiled = no_data_key("outside the tile that the model read for this pixel") if no_data_outside(traced.area) else ""
    shares = shares_in_words(attention)
    stayed = Markup("<br>{}").format(shares) if shares else ""
    beyond = Markup("<br>{}").format(BEYOND) if traced.beyond else ""
    return Markup(
        '<div class="flows">{}</div>{}<p class="caption">{}<br>Cross: row {}, column {}; {}. {}.{}{}</p>'
    ).format(
        shown,
        color_legend(colors, Markup("{}, one scale for all maps{}").format(colors.unit, tiled)),
        attention.title,
        traced.row + 1,
        traced.column + 1,
        traced.found_in_words,
        said[0].upper() + said[1:],
        stayed,
        beyond,
    )


def _figure(inner: Markup, size: Size, caption: str) -> Markup:
    return Markup("<figure>{}<figcaption>{}</figcaption></figure>").format(framed(inner, size), caption)


def _map(fills: np.ndarray, area: Area, alt: str) -> Markup:
    """The map at the position of its grid; parts outside the frame are not shown."""
    top, left, bottom, right = (100 * share for share in area)
    style = f"top:{top:.3f}%;left:{left:.3f}%;width:{right - left:.3f}%;height:{bottom - top:.3f}%"
    return (
        Markup('<div class="over">{}').format(no_data_outside(area))
        + picture(fills, alt, "map").replace(Markup("<img "), Markup('<img style="{}" ').format(style), 1)
        + Markup("</div>")
    )
