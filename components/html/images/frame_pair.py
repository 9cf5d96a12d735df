"""One frame of a clip, its reconstruction and their difference, as HTML; data in, HTML out."""

import matplotlib
import numpy as np
from markupsafe import Markup

from components.analysis.grid import region
from components.html.images.comparison import sliding
from components.html.images.frames import color_map, framed, photograph
from components.html.images.pixels import legend
from components.words.numbers import seconds_in_words

FULL = 96
"""Difference on a scale of 255 at which its colors end, the same for all frames and clips."""
COLORS = "viridis"


def frame_pair(original: np.ndarray, reconstructed: np.ndarray, frame: int, fps: float) -> Markup:
    """Both images with a border that can be moved between them (compare.js), and their difference.

    original, reconstructed: uint8 [side, side, 3]. frame: its index in the clip.
    """
    size = original.shape[1], original.shape[0]
    said = f"Frame {frame + 1}, at {seconds_in_words(frame / fps)}"
    left, right = (
        photograph(original, f"{said}, original", "side"),
        photograph(reconstructed, f"{said}, reconstruction", "side"),
    )
    pair = sliding((left, "original", "original"), (right, "reconstructed", "reconstructed frame"), size)
    apart = difference(original, reconstructed)
    away = framed(color_map(difference_colors(apart), f"{said}, difference: {difference_in_words(apart)}", "map"), size)
    mean = float(apart.mean())
    ends = "0", f"≥ {FULL}" if apart.max() > FULL else str(FULL)
    meaning = "absolute difference on a scale of 255, mean of red, green and blue; line: mean over the frame"
    bar = legend(matplotlib.colormaps[COLORS], ends, meaning, min(mean / FULL, 1.0))
    return Markup(
        '<div class="flows"><figure class="comparison">{}'
        "<figcaption>{}. Left of the border: original; right: reconstruction.</figcaption></figure><figure>{}"
        "<figcaption>Difference: {}{}</figcaption></figure></div>"
    ).format(pair, said, away, difference_in_words(apart), bar)


def difference(original: np.ndarray, reconstructed: np.ndarray) -> np.ndarray:
    """Absolute difference, mean of red, green and blue: float64 [height, width], 0 to 255."""
    return np.abs(original.astype(np.float64) - reconstructed).mean(axis=-1)


def difference_colors(apart: np.ndarray) -> np.ndarray:
    """uint8 RGB [height, width, 3]."""
    return matplotlib.colormaps[COLORS](apart / FULL, bytes=True)[..., :3]


def difference_in_words(apart: np.ndarray) -> str:
    """ "mean 12.3, largest 140 (upper left)", on a scale of 255, or "none"."""
    if not apart.any():
        return "none"
    most = int(apart.argmax())
    where = region(most, (apart.shape[0], apart.shape[1]))
    return f"mean {apart.mean():.1f}, largest {apart.max():.0f} ({where})"
