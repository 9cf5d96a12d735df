"""Hatching: how pictures show that there is no data, so that it does not look like a value."""

import numpy as np

DARK, LIGHT = (120, 120, 120), (216, 216, 216)
"""Stripes, visible on both themes. No color map has these two next to each other."""
_STRIPES = 48
"""Along the longer side of a picture."""


def hatched(pixels: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """The picture with diagonal stripes where data is missing.

    pixels: uint8 RGB [height, width, 3]. missing: bool [height, width].
    """
    if not missing.any():
        return pixels
    height, width = missing.shape
    stripe = max(1, max(height, width) // (2 * _STRIPES))
    dark = (np.add.outer(np.arange(height), np.arange(width)) // stripe) % 2 == 0
    stripes = np.where(dark[..., None], np.uint8(DARK), np.uint8(LIGHT))
    return np.where(missing[..., None], stripes, pixels)
