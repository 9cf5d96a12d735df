"""End-point errors of optical flow as colors."""

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.colors import Normalize

from components.scale.no_data import hatched
from components.words.numbers import length_in_words

ERROR_COLORS = "viridis"


CLIPPED = 99
"""Percentile of all errors shown at which their colors end, so that a single one does not darken the others."""


@dataclass(frozen=True, slots=True)
class ErrorColumn:
    """One method's errors. errors: float32 [height, width], end-point error in pixels, NaN where no truth is known.

    epe: their mean, pixels. fl_all: share of outliers, 0 to 1.
    """

    name: str
    title: str
    errors: np.ndarray
    epe: float
    fl_all: float


def error_colors(errors: np.ndarray, largest: float) -> np.ndarray:
    """uint8 RGB [height, width, 3]: from 0 to `largest` pixels, above 0; hatched where no ground truth is known."""
    known = np.isfinite(errors)
    coloring = matplotlib.colormaps[ERROR_COLORS]
    pixels = coloring(Normalize(0.0, largest)(np.where(known, errors, 0.0)), bytes=True)[..., :3]
    return hatched(pixels, ~known)


def largest_error_shown(errors: Sequence[np.ndarray]) -> float:
    """Pixels of error at which colors end, for all maps that are compared: a percentile, never 0."""
    known = np.concatenate([each[np.isfinite(each)] for each in errors])
    return max(float(np.percentile(known, CLIPPED)), 0.01) if known.size else 1.0


def largest_error_in_words(errors: Sequence[np.ndarray], largest: float) -> str:
    """What stands at the upper end of the colors: "≥ 2.3 px" where there is more."""
    beyond = any(bool((each[np.isfinite(each)] > largest).any()) for each in errors)
    return f"{'≥ ' if beyond else ''}{length_in_words(largest)}"
