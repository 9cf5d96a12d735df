"""Hatching: how images show missing data, so that it does not look like a value."""

import numpy as np

DARK, LIGHT = (120, 120, 120), (216, 216, 216)
"""Stripes, visible on both themes. No color map has these two next to each other."""
_STRIPES = 48
"""Along the longer side of an image."""
_SMALL = 32
"""Pixels along the longer side below which stripes are a pixel wide."""


def hatched(pixels: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """The image with diagonal stripes where data is missing.

    pixels: uint8 RGB [height, width, 3]. missing: bool [height, width].
    """
    if not missing.any():
        return pixels
    height, width = missing.shape
    longer = max(height, width)
    stripe = max(longer // (2 * _STRIPES), 2 if longer >= _SMALL else 1)
    dark = (np.add.outer(np.arange(height), np.arange(width)) // stripe) % 2 == 0
    stripes = np.where(dark[..., None], np.uint8(DARK), np.uint8(LIGHT))
    return np.where(missing[..., None], stripes, pixels)
