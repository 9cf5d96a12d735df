"""A drawn digit as scikit-learn's digits are: 8x8 counts of inked pixels, from strokes on a canvas."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from models.schema import InputError

Stroke = Sequence[Sequence[float]]
"""Points (x, y), 0 to 1 from the upper left corner."""
SIDE, CELL = 32, 4
"""Pixels along each side of the bitmap, and of the squares that are counted, as in the data set."""
WIDEST = 24
INK = 0.305
"""Share of inked pixels, which hardly differs between the digits of the data set."""
PENS = np.arange(2.5, 10, 0.5)
"""Widths to choose from, in pixels of the bitmap."""
FINE = 4
"""Pixels of the drawing per pixel of the bitmap."""
NOTHING_DRAWN = "Draw a digit first."


def digit_of(strokes: Sequence[Stroke]) -> np.ndarray:
    """The drawing with the height and the ink of a digit of the data set: float32 [1, 8, 8], -1 (paper) to 1 (ink).

    Raises InputError for an empty drawing.
    """
    lines = [np.array(stroke, float) for stroke in strokes if len(stroke)]
    if not lines:
        raise InputError(NOTHING_DRAWN)
    ink = min((_bitmap(lines, width) for width in PENS), key=lambda bitmap: abs(bitmap.mean() - INK))
    counts = ink.reshape(SIDE // CELL, CELL, SIDE // CELL, CELL).sum(axis=(1, 3))
    return (counts / (CELL**2 / 2) - 1).astype(np.float32)[None]


def _bitmap(lines: Sequence[np.ndarray], width: float) -> np.ndarray:
    """bool [32, 32]: the lines as high as the image, or as wide as digits are, with a round pen."""
    low, high = (edge(np.concatenate(lines), axis=0) for edge in (np.min, np.max))
    across, down = np.maximum(high - low, 1e-3)
    scale = min((WIDEST - width) / across, (SIDE - width) / down)
    image = Image.new("1", (SIDE * FINE, SIDE * FINE))
    pen, reach = ImageDraw.Draw(image), width * FINE / 2
    for line in lines:
        points = FINE * ((line - (low + high) / 2) * scale + SIDE / 2)
        pen.line([*map(tuple, points)], 1, round(2 * reach), joint="curve")
        for x, y in points[[0, -1]]:
            pen.ellipse((x - reach, y - reach, x + reach, y + reach), 1)
    return np.asarray(image)[FINE // 2 :: FINE, FINE // 2 :: FINE]
