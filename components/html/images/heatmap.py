"""An attention map over the image, and the map by itself: data in, HTML out.

Elements with `data-rows` and `data-columns` can be clicked: click_place.js. The opacity of the map is the page's
`--map-opacity`, so that a slider needs no server.
"""

import numpy as np
from markupsafe import Markup
from PIL.Image import Image

from components.analysis.attention import most_attended
from components.analysis.grid import WHOLE, Extent, place_in_words
from components.html.images.film import outlined
from components.html.images.frames import SPOKEN, attributes, no_data_outside, pointable
from components.html.images.pixels import picture
from components.scale.attention import AttentionScale, levels_of
from models.schema import AttentionMap

_KEYS = "Arrow keys move a cursor over the inputs. Enter shows which latents attend to the input."


def overlay(
    seen: Image,
    attention: AttentionMap | None,
    colors: AttentionScale | None,
    label: str,
    selected: int | None,
    grid: tuple[int, int],
    extent: Extent = WHOLE,
) -> Markup:
    """The map over the image, and the map; only the image if `attention` is not over inputs.

    label: name of the model. selected: a flat index into grid [rows, columns], or None. extent: of the grid in the
    image.
    """
    crop = picture(np.asarray(seen.convert("RGB")), f"Input image, {seen.width} × {seen.height} pixels", "crop")
    marker = "" if selected is None else _marker(selected, grid, extent)
    if attention is None or colors is None:
        return Markup('<div class="heatmap">{}</div>').format(_places(crop + marker, label, selected, grid, extent))
    fills = colors.fills(levels_of(attention, colors.scale))
    said = most_attended(attention, colors.scale)
    outside = no_data_outside((extent[0], extent[0], extent[1], extent[1]))
    over = crop + outside + picture(fills, f"Attention map over the image: {said}", "map") + marker
    alone = outside + picture(fills, "Attention map", "map") + marker
    return Markup(
        '<div class="heatmap"><figure>{}<figcaption>attention over the image</figcaption></figure><figure>{}'
        "<figcaption>attention map</figcaption></figure></div>"
    ).format(
        _places(over, f"{label}, {said}", selected, grid, extent),
        _places(alone, "", selected, grid, extent, focusable=False),
    )


def _places(
    inner: Markup, label: str, selected: int | None, grid: tuple[int, int], extent: Extent, focusable: bool = True
) -> Markup:
    """A box whose inputs can be selected. focusable: also with keys, for one of two equal boxes."""
    start, stop = extent
    chosen = "" if selected is None else f" Selected: {place_in_words(selected, grid)}."
    places = pointable(*grid, f"{label}.{chosen} {_KEYS}", selected) | {
        "data_start": f"{start:.5f}",
        "data_stop": f"{stop:.5f}",
        "style": None if extent == WHOLE else f"--start:{start:.5f};--span:{stop - start:.5f}",
    }
    if not focusable:
        places |= {"role": None, "tabindex": None, "aria_label": None}
    return Markup("<div{}>{}</div>").format(
        attributes(class_="places", **places), inner + SPOKEN if focusable else inner
    )


def _marker(index: int, grid: tuple[int, int], extent: Extent) -> Markup:
    """An outline around an input."""
    rows, columns = grid
    row, column = divmod(index, columns)
    start, span = extent[0], extent[1] - extent[0]
    box = start + span * column / columns, start + span * row / rows, span / columns, span / rows
    return outlined(box, "marker")
