"""Waveforms and spectrograms. Samples are float [n], -1 to 1."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np

from components.words.numbers import seconds_in_words

HIGHEST = 4000
"""Highest frequency of spectrograms, in Hz."""
RANGE = 70
"""Range of the color scale in dB, below the highest level."""
SPECTRAL_COLORS = "viridis"
_HEARD = 0.032
"""Length of the Fourier window in seconds, which resolves 31 Hz."""
_COLUMNS = 360


@dataclass(frozen=True, slots=True)
class Spectrogram:
    """levels: float32 [rows, columns], in dB relative to a sine of amplitude 1, highest frequency first.

    top: frequency at the upper edge, in Hz.
    """

    levels: np.ndarray
    top: float


@dataclass(frozen=True, slots=True)
class Sounds:
    """Original, reconstruction and difference of the audio, by name; all at one rate."""

    samples: Mapping[str, np.ndarray]
    rate: int

    @classmethod
    def of(cls, seen: np.ndarray, reconstructed: np.ndarray, rate: int) -> "Sounds":
        """reconstructed: of the same length, or empty if it was not reconstructed."""
        if not len(reconstructed):
            return cls({"Original": seen}, rate)
        return cls({"Original": seen, "Reconstruction": reconstructed, "Difference": reconstructed - seen}, rate)

    @property
    def length(self) -> int:
        return max(map(len, self.samples.values()))

    @property
    def seconds(self) -> float:
        return self.length / self.rate

    @property
    def loudest(self) -> float:
        """Peak amplitude over all of them, which is the full height of a waveform; 1 for silence."""
        return max(float(np.abs(each).max(initial=0.0)) for each in self.samples.values()) or 1.0

    def spectrograms(self) -> dict[str, Spectrogram]:
        return {name: spectrogram(each, self.rate) for name, each in self.samples.items()}


def envelope(samples: np.ndarray, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest sample of each column, float [columns]; as many columns as samples where fewer."""
    starts = np.arange(min(columns, len(samples))) * len(samples) // max(min(columns, len(samples)), 1)
    if not len(starts):
        return np.zeros(0), np.zeros(0)
    return np.minimum.reduceat(samples, starts), np.maximum.reduceat(samples, starts)


def waveform_pixels(samples: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """uint8 [height, width, 3], dark on light; the loudest sample has the full height. samples: at least `width`."""
    height, width = size
    lows, highs = envelope(samples, width)
    step = (max(float(highs.max()), -float(lows.min())) or 1.0) / (height // 2)
    levels = step * np.linspace(height // 2, -height // 2, height)[:, None]
    drawn = (levels >= lows - step / 2) & (levels <= highs + step / 2)
    return np.where(drawn[..., None], np.uint8((19, 78, 74)), np.uint8(226))


def spectrogram(samples: np.ndarray, rate: int) -> Spectrogram:
    """At most 360 columns of equal duration, each the mean power of Hann windows of 32 ms.

    Rows are frequencies up to HIGHEST or half the rate. samples: at least one.
    """
    size = max(round(_HEARD * rate), 8)
    columns = max(1, min(_COLUMNS, len(samples) // max(size // 8, 1)))
    each = max(1, -(-2 * len(samples) // (columns * size)))  # windows a column: they overlap by half
    middles = ((np.arange(columns * each) + 0.5) * len(samples) / (columns * each)).astype(int)
    padded = np.pad(samples.astype(np.float32), size)
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    pieces = padded[(middles + size - size // 2)[:, None] + np.arange(size)] * window
    rows = min(size // 2, round(HIGHEST * size / rate))
    tones = np.abs(np.fft.rfft(pieces)[:, 1 : rows + 1]) * (2 / window.sum())
    power = np.square(tones).reshape(columns, each, rows).mean(axis=1)
    levels = 10 * np.log10(np.maximum(power, 1e-20)).astype(np.float32)
    return Spectrogram(levels.T[::-1], rows * rate / size)


def spectral_ends(found: Sequence[Spectrogram]) -> tuple[float, float]:
    """Lowest and highest level of the color scale in dB, the same for all that are compared."""
    loudest = max(float(each.levels.max()) for each in found)
    high = float(np.ceil(loudest)) if loudest > -120 else 0.0
    return high - RANGE, high


def spectral_colors(found: Spectrogram, ends: tuple[float, float]) -> np.ndarray:
    """uint8 RGB [rows, columns, 3]."""
    low, high = ends
    return matplotlib.colormaps[SPECTRAL_COLORS]((found.levels - low) / (high - low), bytes=True)[..., :3]


def sound_in_words(samples: np.ndarray, rate: int) -> str:
    """ "peak amplitude 0.52 at 0.34 s", or "silent"."""
    swings = np.abs(samples)
    if not swings.any():
        return "silent"
    at = int(swings.argmax())
    return f"peak amplitude {swings[at]:.2g} at {seconds_in_words(at / rate)}"
