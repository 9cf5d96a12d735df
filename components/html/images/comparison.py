"""Warp check, which needs no ground truth: the first frame next to the second warped back; data in, HTML out.

A range input slides the border between both in the browser (compare.js).
"""

import numpy as np
from markupsafe import Markup
from PIL import Image as Images
from PIL.Image import Image

from components.html.images.frames import Size, framed, photograph
from components.scale.flow import shrunk_frame
from components.scale.no_data import hatched
from components.words.numbers import percent


def warp_check(
    first: Image, warped: Image, before: float, after: float, known: np.ndarray | None = None, name: str = ""
) -> Markup:
    """The first frame on the left of the border, the second warped back by the flow on its right.

    before, after: mean photometric error, in gray levels of 0 to 255, of the second frame as it is and of `warped`.
    known: bool [height, width], where `warped` shows something of the second frame; elsewhere it is hatched.
    name: whose flow. Raises ValueError for pictures of different sizes.
    """
    if first.size != warped.size:
        raise ValueError(f"the first frame is {first.size}, and the warped one {warped.size} (width, height)")
    unseen = ""
    if known is not None and not known.all():
        warped = Images.fromarray(hatched(np.asarray(warped.convert("RGB")), ~known))
        unseen = f" Hatched: {percent(1 - float(known.mean()))}, warped from outside the second frame."
    back = f"second frame, warped back{f' by {name}' if name else ''}"
    said = error_in_words(before, after)
    caption = f"{said}{unseen} Left of the border: first frame. Right: second frame, warped back by the flow."
    return Markup('<figure class="comparison">{}<figcaption>{}</figcaption></figure>').format(
        _sliding(first, warped, back), caption
    )


def _sliding(first: Image, warped: Image, back: str) -> Markup:
    left = photograph(shrunk_frame(first), "First frame", "side")
    right = photograph(shrunk_frame(warped), f"S{back[1:]}", "side")
    return sliding((left, "first", "first frame"), (right, back, back), first.size)


def sliding(left: tuple[Markup, str, str], right: tuple[Markup, str, str], size: Size) -> Markup:
    """Two images of one size on top of each other, with a border that compare.js slides.

    Each: its <img> of class "side", its name over it, and its name in a sentence. size: width and height.
    """
    label = f"Border between the {left[2]}, on the left, and the {right[2]}, on the right; position in percent"
    inner = Markup(
        '<div class="right">{}<span class="name">{}</span></div><div class="left">{}<span class="name">{}</span>'
        '</div><i class="border"></i>'
        '<input type="range" class="slide" min="0" max="100" step="0.5" value="50" aria-label="{}">'
    ).format(right[0], right[1], left[0], left[1], label)
    return framed(inner, size)


def error_in_words(before: float, after: float) -> str:
    """ "Warp error 2.1 on a scale of 255, without warping 12.3: 83% lower." """
    if not np.isfinite([before, after]).all():
        return "Warp error: unknown."
    said = f"Warp error {after:.1f} on a scale of 255, without warping {before:.1f}"
    if not before or f"{before:.1f}" == f"{after:.1f}":
        return f"{said}."
    change = after / before - 1
    return f"{said}: {percent(abs(change))} {'higher' if change > 0 else 'lower'}."
