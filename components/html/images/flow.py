"""Optical flow as HTML: in colors with their wheel, and as arrows; data in, HTML out.

What carries `data-rows` can be pointed at: click_place.js.
"""

from collections.abc import Mapping

import numpy as np
from markupsafe import Markup
from PIL import Image as Images
from PIL.Image import Image

from components.analysis.grid import place_in_words
from components.analysis.motion import flow_in_words, vector_in_words
from components.html.images.frames import Pixel, Size, color_map, cross, photograph, pointed_at
from components.html.images.pixels import no_data_key
from components.scale.flow import Arrows, FlowScale, arrows, flow_colors, shrunk, shrunk_frame, wheel
from components.words.numbers import length_in_words

_KEYS = "Arrow keys move a cursor over the pixels. Enter shows the motion and the attention of the pixel."
_WHEEL = 112


def flow_pictures(flows: Mapping[str, np.ndarray], chosen: Pixel | None = None, head: str = "") -> Markup:
    """Flows of the same frames by the names of their methods, in colors on one scale, with one wheel.

    flows: float32 [height, width, 2] each, of one size, in pixels, x right, y down, not finite where unknown.
    chosen: the traced pixel. head: markup that stands first, such as the frame with arrows. Raises
    ValueError for no flow, or for several sizes.
    """
    if len({flow.shape for flow in flows.values()}) != 1:
        raise ValueError("flows that are compared are of one size, and there is one or more")
    scale = FlowScale.over(flows.values())
    shown = Markup("").join(_flow(name, flow, scale.full, chosen) for name, flow in flows.items())
    return Markup('<div class="flows">{}{}{}</div>').format(head, shown, wheel_legend(scale))


def _flow(name: str, flow: np.ndarray, full: float, chosen: Pixel | None) -> Markup:
    size = flow.shape[1], flow.shape[0]
    said = flow_in_words(flow)
    inner, label, below = (
        color_map(flow_colors(shrunk(flow), full), f"{name}: {said}", "map"),
        f"{name}, {said}.",
        "",
    )
    if chosen is not None:
        vector = vector_in_words(*flow[chosen].tolist())
        inner += cross(chosen, size)
        where = place_in_words(chosen[0] * size[0] + chosen[1], (size[1], size[0]))
        label += f" Pixel at the cross ({where}): {vector}."
        below = Markup("<br>Pixel at the cross: <b>{}</b>").format(vector)
    picture = pointed_at(inner, size, f"{label} {_KEYS}", chosen)
    return Markup("<figure>{}<figcaption><b>{}</b>: {}{}</figcaption></figure>").format(picture, name, said, below)


def wheel_legend(scale: FlowScale) -> Markup:
    """The meaning of the colors, the motion with full color, and the share of longer motions."""
    length = length_in_words(scale.full)
    colors = Images.fromarray(wheel(_WHEEL))
    white = Images.new("RGB", colors.size, "white")
    white.paste(colors, mask=colors.getchannel("A"))
    clipped, unknown = scale.clipped_in_words, no_data_key("unknown") if scale.unknown else ""
    rim = color_map(
        np.asarray(white), f"Color wheel: direction of motion from its center, full color from {length}", "wheel"
    )
    return Markup(
        '<div class="wheel-legend"><div>{}<b aria-hidden="true">{}</b></div>'
        "<p>Hue: direction of motion, from the center of the wheel. Saturation: length, full from <b>{}</b>{}. "
        '<span class="still"><i></i> no motion</span>{}</p></div>'
    ).format(rim, length, length, Markup(" ({})").format(clipped) if clipped else "", unknown)


def arrows_picture(first: Image, flow: np.ndarray, name: str, chosen: Pixel | None = None) -> Markup:
    """The first frame with arrows on a regular grid, and their scale. flow, chosen: as in `flow_pictures`."""
    drawn, size = arrows(flow), first.size
    alt = f"First frame, {size[0]} × {size[1]} pixels, with the flow of {name} as arrows: {flow_in_words(flow)}"
    inner = photograph(shrunk_frame(first), alt) + _lines(drawn, size) + (cross(chosen, size) if chosen else "")
    caption = Markup("<b>First frame</b> with the flow of {} ({}). Click a pixel.").format(name, drawn.scale_in_words)
    picture = pointed_at(inner, size, f"{alt}. {_KEYS}", chosen)
    return Markup("<figure>{}<figcaption>{}</figcaption></figure>").format(picture, caption)


def _lines(drawn: Arrows, size: Size) -> Markup:
    """White with a dark edge, visible on any image. Without motion there is a dot, a line of length 0."""
    path = Markup("").join("M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in stroke) for stroke in drawn.strokes.tolist())
    return Markup(
        '<svg class="arrows" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true">'
        '<path class="edge" d="{}"/><path d="{}"/></svg>'
    ).format(size[0], size[1], path, path)
