"""Occlusion and end-point error as HTML; data in, HTML out."""

from collections.abc import Mapping

import matplotlib
import numpy as np
from markupsafe import Markup
from PIL.Image import Image

from components.analysis.grid import region
from components.analysis.motion import errors_in_words, scores_in_words
from components.html.images.frames import color_map, framed, photograph, stencil
from components.html.images.pixels import legend, no_data_key
from components.scale.flow import shrunk, shrunk_frame
from components.scale.flow_errors import (
    ERROR_COLORS,
    ErrorColumn,
    error_colors,
    largest_error_in_words,
    largest_error_shown,
)
from components.words.numbers import percent

HIDDEN = (214, 0, 108)


def occlusion_picture(first: Image, hidden: Mapping[str, np.ndarray]) -> Markup:
    """The pixels of the first frame that fail the forward-backward check, over that frame.

    hidden: bool [height, width] by the methods' names. The opacity is the page's `--map-opacity`.
    """
    frame = photograph(shrunk_frame(first), f"First frame, {first.width} × {first.height} pixels")
    shown = Markup("").join(
        Markup("<figure>{}<figcaption><b>{}</b>: {}</figcaption></figure>").format(
            framed(frame + _over(mask), first.size), name, hidden_in_words(mask)
        )
        for name, mask in hidden.items()
    )
    meaning = "Pixels that do not return to their start: occluded, outside the second frame, or with wrong flow."
    return Markup('<div class="flows">{}</div><p class="caption"><span class="hidden-key"></span> {}</p>').format(
        shown, meaning
    )


def _over(mask: np.ndarray) -> Markup:
    return stencil(shrunk(mask), HIDDEN, hidden_in_words(mask), "map")


def hidden_in_words(mask: np.ndarray) -> str:
    """ "4.2% of the pixels do not return, most in the center right". mask: bool [height, width]."""
    if not mask.any():
        return "all pixels return"
    rows, columns = mask.shape
    at, along = np.nonzero(mask)
    # By the middle of a pixel, as `region` does.
    ninths = ((at + 0.5) / rows * 3).astype(int) * 3 + ((along + 0.5) / columns * 3).astype(int)
    most = int(np.bincount(ninths, minlength=9).argmax())
    return f"{percent(float(mask.mean()))} of the pixels do not return, most in the {region(most, (3, 3))}"


def error_pictures(columns: list[ErrorColumn], largest: float | None = None) -> Markup:
    """Each method's end-point error on one scale, with its EPE and Fl-all; hatched where there is no ground truth.

    largest: pixels at which colors end; without it, a percentile of all. Raises ValueError for no method.
    """
    if not columns:
        raise ValueError("one or more methods are shown")
    every = [column.errors for column in columns]
    end = largest_error_shown(every) if largest is None else largest
    shown = Markup("").join(_errors(column, end) for column in columns)
    ends = ("0 px", largest_error_in_words(every, end))
    said = "end-point error in pixels" + (", one scale for all methods" if len(columns) > 1 else "")
    said += ". EPE: mean error. Fl-all: share of pixels with an error above 3 px and above 5% of the motion"
    key = "" if all(np.isfinite(each).all() for each in every) else no_data_key("no ground truth")
    bar = legend(matplotlib.colormaps[ERROR_COLORS], ends, Markup("{}{}").format(said, key))
    return Markup('<div class="flows">{}</div>{}').format(shown, bar)


def _errors(column: ErrorColumn, end: float) -> Markup:
    size = column.errors.shape[1], column.errors.shape[0]
    scores, said = scores_in_words(column.epe, column.fl_all), errors_in_words(column.errors)
    alt = f"Error of {column.title}: {scores}; {said}"
    picture = framed(color_map(error_colors(shrunk(column.errors), end), alt, "map"), size)
    return Markup("<figure>{}<figcaption><b>{}</b>: {}<br>{}</figcaption></figure>").format(
        picture, column.title, scores, said
    )
