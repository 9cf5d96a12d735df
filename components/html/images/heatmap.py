"""A map of attention over the picture that was read, and alone: data in, HTML out.

What carries `data-rows` and `data-columns` can be pointed at: click_place.js. How strongly the map covers the picture
is the page's `--map-opacity`, so that a slider needs no server.
"""

import numpy as np
from markupsafe import Markup
from PIL.Image import Image

from components.analysis.attention import most_attended
from components.analysis.grid import WHOLE, Extent, place_in_words
from components.html.images.pixels import picture
from components.scale.shared import SharedScale, relative
from models.schema import AttentionMap

_KEYS = "Arrow keys move a cursor over its places, Enter asks which latents read one."


def overlay(
    seen: Image,
    attention: AttentionMap | None,
    shared: SharedScale | None,
    label: str,
    selected: int | None,
    grid: tuple[int, int],
    extent: Extent = WHOLE,
) -> Markup:
    """The map laid over what was seen, and the map alone; without `attention` over inputs, what was seen alone.

    label: whose map it is. selected: a flat index into grid [rows, columns], or None. extent: from where to where of
    what was seen the grid reaches.
    """
    data = _data(selected, grid, extent)
    crop = picture(np.asarray(seen.convert("RGB")), f"What the model saw, {seen.width} × {seen.height} pixels", "crop")
    marker = "" if selected is None else _marker(selected, grid, extent)
    if attention is None or shared is None:
        return Markup('<div class="heatmap">{}</div>').format(_places(crop + marker, label, selected, grid, data))
    fills = shared.fills(relative(attention, shared.scale))
    said = most_attended(attention)
    over = crop + picture(fills, f"Map of the attention over it: {said}", "map") + marker
    alone = picture(fills, "The map alone", "map") + marker
    return Markup(
        '<div class="heatmap"><figure>{}<figcaption>over the picture</figcaption></figure><figure>'
        '<div class="places"{}>{}</div><figcaption>alone</figcaption></figure></div>'
    ).format(_places(over, f"{label}, {said}", selected, grid, data), data, alone)


def _places(inner: Markup, label: str, selected: int | None, grid: tuple[int, int], data: Markup) -> Markup:
    """For pointer and keys alike. Only one of both pictures is a stop of the tab key: they have the same places."""
    chosen = "" if selected is None else f" Chosen: {place_in_words(selected, grid)}."
    return Markup(
        '<div class="places" role="application" tabindex="0" aria-label="{}"{}>{}'
        '<span class="spoken" aria-live="polite"></span></div>'
    ).format(f"{label}.{chosen} {_KEYS}", data, inner)


def _data(selected: int | None, grid: tuple[int, int], extent: Extent) -> Markup:
    """For click_place.js, and for the style sheet, which lays the map where the grid lies."""
    start, stop = extent
    place = "" if selected is None else Markup(' data-place="{}"').format(selected)
    lies = "" if extent == WHOLE else Markup(' style="--start:{:.5f};--span:{:.5f}"').format(start, stop - start)
    return Markup(' data-rows="{}" data-columns="{}" data-start="{:.5f}" data-stop="{:.5f}"{}{}').format(
        grid[0], grid[1], start, stop, place, lies
    )


def _marker(index: int, grid: tuple[int, int], extent: Extent) -> Markup:
    """An outline about a place. click_place.js puts its cursor in the same way."""
    rows, columns = grid
    row, column = divmod(index, columns)
    start, span = 100 * extent[0], 100 * (extent[1] - extent[0])
    left, top = start + span * (column + 0.5) / columns, start + span * (row + 0.5) / rows
    style = f"left:{left:.3f}%;top:{top:.3f}%;width:{span / columns:.3f}%;height:{span / rows:.3f}%"
    return Markup('<i class="marker" style="{}"></i>').format(style)
