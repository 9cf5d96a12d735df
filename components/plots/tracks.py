"""Sounds on a plot: waveforms, spectrograms and maps of attention over time."""

import numpy as np
from matplotlib.axes import Axes

from components.analysis.sound import Spectrogram, envelope, spectral_colors
from components.plots.plot import INK, RULE, SANS, SOFT_INK, Plot
from components.words.numbers import frequency_in_words

ACCENT = "#0f766e"
ASKED = "#ff7a1a"
Band = tuple[float, float, float, float]
"""Left, bottom, width and height on a plot, in inches."""


def draw_waveform(plot: Plot, band: Band, samples: np.ndarray, loudest: float) -> Axes:
    """As high as `loudest`. The axes' unit along is the share of the sound's time."""
    axes = _axes(plot, band)
    lows, highs = envelope(samples, 1200)
    along = (np.arange(len(lows)) + 0.5) / max(len(lows), 1)
    axes.fill_between(along, lows, highs, color=ACCENT, linewidth=0.6)
    axes.set(xlim=(0, 1), ylim=(-loudest, loudest), xticks=[], yticks=[])
    return axes


def draw_spectrogram(plot: Plot, band: Band, found: Spectrogram, ends: tuple[float, float]) -> Axes:
    axes = draw_pixels(plot, band, spectral_colors(found, ends))
    axes.text(
        0.008, 0.95, frequency_in_words(found.top), size=11, color="white", family=SANS, va="top", parse_math=False
    )
    return axes


def draw_pixels(plot: Plot, band: Band, pixels: np.ndarray) -> Axes:
    """Not smoothed. The axes' units are shares of the width and height, upwards."""
    axes = _axes(plot, band)
    axes.imshow(pixels, extent=(0, 1, 0, 1), interpolation="nearest", aspect="auto")
    axes.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[])
    return axes


def draw_seconds(plot: Plot, band: Band, begin: float, seconds: float) -> None:
    """Where a sound begins and ends, below what stands at `band`."""
    left, bottom, width, _ = band
    plot.write(left, bottom - 0.21, f"{begin:.4g} s", size=11, color=SOFT_INK)
    plot.write(left + width, bottom - 0.21, f"{begin + seconds:.4g} s", size=11, color=SOFT_INK, ha="right")


def outline(axes: Axes, left: float, bottom: float, width: float, height: float) -> None:
    """A frame around the traced output, visible on any image. In units of the axes."""
    corners = [(left, bottom), (left + width, bottom), (left + width, bottom + height), (left, bottom + height)]
    across, up = zip(*corners, corners[0], strict=True)
    for color, thick in (("black", 4.6), ("white", 3.4), (ASKED, 2.0)):
        axes.plot(across, up, color=color, linewidth=thick, solid_joinstyle="miter", clip_on=False)


def _axes(plot: Plot, band: Band) -> Axes:
    axes = plot.axes_at(*band)
    axes.spines[:].set(color=RULE, linewidth=0.8)
    axes.tick_params(colors=INK)
    return axes
