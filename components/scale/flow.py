"""Flow as colors and as arrows. Flow is float [height, width, 2] in pixels, x right, y down; not finite: unknown."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PIL import Image as Images
from PIL.Image import Image

from components.scale.no_data import hatched
from components.words.numbers import length_in_words, percent

MAX_SHOWN = 1024
"""Pixels per side of the image shown; what is larger is shown smaller. Downloads are of the full size."""
LEAST = 1.0
"""Smallest motion in pixels that can have full color, so that the noise of a still scene looks still."""
FULL_QUANTILE = 0.99
"""Quantile of all magnitudes at which colors are full: a few outliers of an estimate should not fade the motion."""
ARROWS = 20
"""Along the longer side."""
_HEAD = 0.35
"""Length of an arrow's head, of its length."""


def flow_colors(flow: np.ndarray, largest: float) -> np.ndarray:
    """uint8 RGB [height, width, 3]: hue is the direction, saturation the length over `largest`, at most 1.

    Value is 255. Right is red (hue 0), down hue 1/4, left cyan, up hue 3/4; still is white, unknown hatched. Raises
    ValueError where `largest` is not above 0.
    """
    if not largest > 0:
        raise ValueError(f"the largest magnitude is {largest}, which colors cannot be measured by")
    known = np.isfinite(flow[..., 0]) & np.isfinite(flow[..., 1])
    vectors = np.where(known[..., None], flow, 0.0).astype(np.float32)
    right, down = vectors[..., 0], vectors[..., 1]
    sixths = np.arctan2(down, right)[..., None] * np.float32(3 / np.pi)
    saturation = np.minimum(np.hypot(right, down) / np.float32(largest), 1.0)[..., None]
    # How far each of red, green and blue is from full: HSV in one line, where value is 1.
    turned = (sixths + np.array([5, 3, 1], np.float32)) % 6
    missing = np.clip(np.minimum(turned, 4 - turned), 0, 1)
    pixels = np.rint(255 * (1 - saturation * missing)).astype(np.uint8)
    return hatched(pixels, ~known)


@dataclass(frozen=True, slots=True)
class FlowScale:
    """One color scale for all flows that are compared.

    full: magnitude in pixels at which colors are full.
    clipped: share of the known motions that are longer, 0 to 1.
    longest: the longest of all, in pixels.
    unknown: whether any flow is unknown somewhere.
    """

    full: float
    clipped: float = 0.0
    longest: float = 0.0
    unknown: bool = False

    @classmethod
    def over(cls, flows: Iterable[np.ndarray]) -> "FlowScale":
        """Full at the 99% quantile of all magnitudes together, ground truth included, at least LEAST."""
        lengths = np.concatenate([np.hypot(*np.moveaxis(shrunk(flow), -1, 0)).ravel() for flow in flows] or [[]])
        known = lengths[np.isfinite(lengths)]
        if not len(known):
            return cls(LEAST, unknown=len(lengths) > 0)
        full = max(float(np.quantile(known, FULL_QUANTILE)), LEAST)
        return cls(full, float((known > full).mean()), float(known.max()), len(known) < len(lengths))

    @property
    def clipped_in_words(self) -> str:
        """ "1% of the motions are longer, up to 40 px", or ""."""
        if not self.clipped:
            return ""
        longest = length_in_words(self.longest)
        return f"{percent(self.clipped)} of the motions are longer, up to {longest}"


def wheel(side: int) -> np.ndarray:
    """uint8 RGBA [side, side, 4]: the color of each direction where it points, white in the middle, full at the rim.

    Transparent outside.
    """
    offsets = (np.arange(side) + 0.5) * 2 / side - 1
    across, along = np.meshgrid(offsets, offsets)
    inside = np.clip((1 - np.hypot(across, along)) * side / 2 + 0.5, 0, 1)
    return np.dstack([flow_colors(np.dstack([across, along]), 1.0), np.rint(255 * inside).astype(np.uint8)])


def shrunk(values: np.ndarray, most: int = MAX_SHOWN) -> np.ndarray:
    """At most `most` rows and columns of [height, width, …]: single values, not means, which none of them may have."""
    rows, columns = (_picked(count, max(values.shape[:2]), most) for count in values.shape[:2])
    return values if len(rows) == values.shape[0] and len(columns) == values.shape[1] else values[rows][:, columns]


def shrunk_frame(frame: Image, most: int = MAX_SHOWN) -> np.ndarray:
    """uint8 RGB [height, width, 3] with the rows and columns that `shrunk` would leave; each a mean of its pixels."""
    longer = max(frame.size)
    width, height = (len(_picked(count, longer, most)) for count in frame.size)
    frame = frame.convert("RGB")
    return np.asarray(frame if (width, height) == frame.size else frame.resize((width, height), Images.Resampling.BOX))


def _picked(count: int, longer: int, most: int) -> np.ndarray:
    """Which of `count` rows or columns are shown, evenly spread, where the longer side has `longer`."""
    kept = count if longer <= most else max(1, round(count * most / longer))
    return ((np.arange(kept) + 0.5) * count / kept).astype(int)


@dataclass(frozen=True, slots=True)
class Arrows:
    """places: float64 [n, 2], x and y of the tails, pixels from the upper left corner. vectors: float64 [n, 2], pixels.

    factor: how many times longer than the motion they are to be drawn, so that none reaches beyond its neighbor.
    """

    places: np.ndarray
    vectors: np.ndarray
    factor: float

    @property
    def scale_in_words(self) -> str:
        """ "arrow length: 5x the motion"."""
        return f"arrow length: {self.factor:g}x the motion"

    @property
    def strokes(self) -> np.ndarray:
        """float64 [n, 5, 2]: a line each, from the tail to the tip and along both sides of its head, 30 degrees off."""
        shafts = self.factor * self.vectors
        tips = self.places + shafts
        back = _HEAD * np.cos(np.pi / 6) * shafts
        aside = _HEAD * np.sin(np.pi / 6) * shafts[:, ::-1] * (-1, 1)
        return np.stack([self.places, tips, tips - back + aside, tips, tips - back - aside], axis=1)


def arrows(flow: np.ndarray, most: int = ARROWS) -> Arrows:
    """On a regular grid, at most `most` along the longer side: each the mean of the known flow in its square.

    Where a whole square is unknown, there is none.
    """
    height, width = flow.shape[:2]
    spacing = -(-max(height, width) // most)
    rows, columns = np.arange(0, height, spacing), np.arange(0, width, spacing)
    known = np.isfinite(flow[..., 0]) & np.isfinite(flow[..., 1])
    sums = _squares(np.where(known[..., None], flow, 0.0).astype(np.float64), rows, columns)
    counts = _squares(known.astype(np.float64), rows, columns)
    there = counts > 0
    vectors = sums[there] / counts[there][:, None]
    middles = [(starts + np.minimum(starts + spacing, end)) / 2 for starts, end in ((columns, width), (rows, height))]
    across, along = np.meshgrid(*middles)
    longest = max(float(np.hypot(*vectors.T).max(initial=0.0)), LEAST)
    return Arrows(np.column_stack([across[there], along[there]]), vectors, _round_below(spacing / longest))


def _squares(values: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    return np.add.reduceat(np.add.reduceat(values, rows, axis=0), columns, axis=1)


def _round_below(number: float) -> float:
    """The largest of …, 0.5, 1, 2, 5, 10, … that is not above."""
    power = 10.0 ** np.floor(np.log10(number))
    step = max((step for step in (1, 2, 5) if step * power <= number * (1 + 1e-9)), default=1)
    return float(f"{step * power:.0e}")
