"""Frames of a clip side by side, as HTML; data in, HTML out.

What carries `data-rows` can be pointed at: click_place.js.
"""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup
from PIL import Image

from components.analysis.clip import Box
from components.html.images.frames import SPOKEN, attributes, photograph, pointable
from components.words.numbers import seconds_in_words

LARGEST = 64
"""Pixels per side up to which a frame of a strip is kept exactly as it is."""
_KEYS = "Arrow keys move a cursor over the pixels, with Shift by a frame. Enter shows the attention of the pixel."


def film_strip(
    original: np.ndarray,
    reconstructed: np.ndarray,
    frames: Sequence[int],
    fps: float,
    chosen: int,
    pixel: Box | None = None,
) -> Markup:
    """Frames above their reconstructions, with numbers and times; each pixel can be selected.

    original, reconstructed: uint8 [n, side, side, 3]. frames: their indices in the clip; chosen: one of them.
    pixel: the traced output, in the lower half.
    """
    side, at = original.shape[1], frames.index(chosen)
    shown = (
        photograph(side_by_side(original), f"Frames {_listed(frames)} of the clip", "row")
        + photograph(side_by_side(reconstructed), "The same frames, reconstructed", "row")
        + outlined((at / len(frames), 0.0, 1 / len(frames), 1.0), "tile")
        + ("" if pixel is None else outlined((pixel[0], 0.5 + pixel[1] / 2, pixel[2], pixel[3] / 2), "marker"))
    )
    label = (
        f"Frames {_listed(frames)}: the clip above, its reconstruction below. Selected: frame {chosen + 1}, at "
        f"{seconds_in_words(chosen / fps)}. {_KEYS}"
    )
    place = side // 2 * len(frames) * side + at * side + side // 2
    tiles = {"data_tile": side, "data_frames": " ".join(str(frame + 1) for frame in frames)}
    places = attributes(class_="reel places", **pointable(2 * side, len(frames) * side, label, place, **tiles))
    reel = Markup("<div{}>{}</div>").format(places, shown + SPOKEN)
    caption = "Top: the clip. Bottom: the reconstruction. Click a pixel to show its attention."
    return Markup('{}<p class="caption">{}</p>').format(film(heads(frames, fps, chosen) + reel, len(frames)), caption)


def film(inner: Markup, count: int) -> Markup:
    """A box that scrolls sideways if `count` frames do not fit."""
    frames = Markup('<div class="frames" style="--count:{}">{}</div>').format(count, inner)
    return Markup('<div class="film" tabindex="0" role="group" aria-label="Frames">{}</div>').format(frames)


def heads(frames: Sequence[int], fps: float, chosen: int | None = None) -> Markup:
    """The frames' numbers and times, above them."""
    cells = Markup("").join(
        Markup("<span{}><b>{}</b> {}</span>").format(
            Markup(" class=chosen") if frame == chosen else "", frame + 1, seconds_in_words(frame / fps)
        )
        for frame in frames
    )
    return Markup('<div class="heads" aria-hidden="true">{}</div>').format(cells)


def side_by_side(frames: np.ndarray) -> np.ndarray:
    """uint8 [n, side, side, 3] -> uint8 [side, n side, 3], side at most LARGEST: what is larger is shrunk by areas."""
    if frames.shape[1] > LARGEST:
        small = (Image.fromarray(frame).resize((LARGEST, LARGEST), Image.Resampling.BOX) for frame in frames)
        frames = np.stack([np.asarray(frame) for frame in small])
    return np.hstack(list(frames))


def outlined(box: Box, kind: str) -> Markup:
    """An outline around a part of an image, "marker" or "tile". click_place.js puts its cursor in the same way."""
    left, top, width, height = (100 * share for share in box)
    style = f"left:{left + width / 2:.3f}%;top:{top + height / 2:.3f}%;width:{width:.3f}%;height:{height:.3f}%"
    return Markup('<i class="{}" style="{}"></i>').format(kind, style)


def _listed(frames: Sequence[int]) -> str:
    """ "1 to 16", "1, 3, … 31", "7"."""
    if len(frames) == 1:
        return str(frames[0] + 1)
    if frames[1] - frames[0] == 1:
        return f"{frames[0] + 1} to {frames[-1] + 1}"
    return f"{frames[0] + 1}, {frames[1] + 1}, … {frames[-1] + 1}"
