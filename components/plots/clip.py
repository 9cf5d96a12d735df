"""A reconstructed clip as a plot: frames, audio and scores."""

import matplotlib
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from components.analysis.clip_scores import numbers_in_words, scores_in_words
from components.analysis.sound import RANGE, SPECTRAL_COLORS, Sounds, sound_in_words, spectral_ends
from components.plots.arrays import Arrays, label_arrays, run_arrays
from components.plots.plot import MARGIN, SOFT_INK, WIDTH, Plot, start_plot
from components.plots.tracks import Band, draw_pixels, draw_seconds, draw_spectrogram, draw_waveform
from components.words.numbers import decibels, percent, seconds_in_words
from models.schema import AvAutoencodingResult

FRAMES = 8
TITLE = "A clip and its reconstruction from the latents"
_GAP, _HEAD = 0.12, 1.6
"""Inches between frames, and at the left, for what the rows are."""
_SIDE = (WIDTH - 2 * MARGIN - _HEAD - _GAP * (FRAMES - 1)) / FRAMES
_NO_SOUND = 0.6
"""Inches for the line that says so."""


def clip_plot(result: AvAutoencodingResult, frame: int = 0) -> Plot:
    """At most 8 frames, `frame` among them, above their reconstructions; below, audio and difference.

    Raises ValueError where there is no such frame.
    """
    frames = frames_shown(len(result.frames), frame)
    said = f"{scores_in_words(result)} · {numbers_in_words(result)}"
    run = result.run
    facts = [f"model {run.model}", f"{run.weights} weights", f"{run.device}, {run.dtype}"]
    label = result.labels[0] if result.labels else None
    named = f" Predicted label: {label.name}, {percent(label.probability)}." if label else ""
    alt = f"{TITLE}. {len(result.frames)} frames.{named} {said}"
    reminder = (
        f"Spectrograms: log scale of {RANGE} dB, one for all. Waveforms: one scale. "
        "Difference: reconstruction minus original."
    )
    plot = start_plot(TITLE, said, facts, alt, reminder)
    plot.arrays |= run_arrays(run) | clip_arrays(result) | {"shown": np.array(frames)}
    if not len(result.original_audio):
        plot.shrink_band(0.25 + 2 * _SIDE + _GAP + _NO_SOUND)
    below = _draw_frames(plot, result, frames)
    if len(result.original_audio):
        _draw_sounds(plot, Sounds.of(result.original_audio, result.audio, result.sample_rate), below)
    else:
        plot.write(MARGIN, below - 0.4, "This clip has no sound.", size=13, color=SOFT_INK)
    return plot


def frames_shown(count: int, frame: int) -> list[int]:
    """At most FRAMES of a clip's frames, evenly spread, the nearest of them replaced by `frame`."""
    if not 0 <= frame < count:
        raise ValueError(f"frame {frame} of {count}")
    spread = np.unique(np.linspace(0, count - 1, FRAMES).round().astype(int))
    spread[np.abs(spread - frame).argmin()] = frame
    return spread.tolist()


def _draw_frames(plot: Plot, result: AvAutoencodingResult, frames: list[int]) -> float:
    """Returns the lower edge, in inches."""
    side, top = _SIDE, plot.top - 0.25
    for at, frame in enumerate(frames):
        left = MARGIN + _HEAD + at * (side + _GAP)
        said = f"{frame + 1}: {seconds_in_words(frame / result.fps)}"
        plot.write(left, top + 0.06, said, size=12, color=SOFT_INK)
        for row, pixels in enumerate((result.original_frames[frame], result.frames[frame])):
            draw_pixels(plot, (left, top - (row + 1) * side - row * _GAP, side, side), pixels)
    for row, name in enumerate(("Original", "Reconstruction")):
        plot.write(MARGIN, top - row * (side + _GAP) - side / 2, name, size=13, weight="bold", va="center")
    return top - 2 * side - _GAP


def _draw_sounds(plot: Plot, sounds: Sounds, top: float) -> None:
    """In columns, the colors' scale at their right."""
    spectrograms = sounds.spectrograms()
    ends = spectral_ends(list(spectrograms.values()))
    room = (WIDTH - 2 * MARGIN - 1.2 - 2 * 0.35) / 3
    wave, bottom = 0.75, plot.bottom + 0.35
    for at, (name, samples) in enumerate(sounds.samples.items()):
        left = MARGIN + at * (room + 0.35)
        plot.write(left, top - 0.3, name, size=13, weight="bold")
        plot.write(left, top - 0.52, sound_in_words(samples, sounds.rate), size=12, color=SOFT_INK)
        draw_waveform(plot, (left, top - 0.62 - wave, room, wave), samples, sounds.loudest)
        band = (left, bottom, room, top - 0.7 - wave - bottom)
        draw_spectrogram(plot, band, spectrograms[name], ends)
        draw_seconds(plot, band, 0.0, sounds.seconds)
    _draw_scale(plot, (WIDTH - MARGIN - 1.0, bottom, 0.2, top - 0.7 - wave - bottom), ends)


def _draw_scale(plot: Plot, band: Band, ends: tuple[float, float]) -> None:
    left, bottom, width, height = band
    axes = plot.axes_at(*band)
    axes.set_label("color bar")
    bar = plot.colorbar(ScalarMappable(Normalize(*ends), matplotlib.colormaps[SPECTRAL_COLORS]), cax=axes)
    bar.set_ticks([])
    plot.write(left + width + 0.08, bottom, f"≤ {decibels(ends[0], 0)}", size=11)
    plot.write(left + width + 0.08, bottom + height, decibels(ends[1], 0), size=11, va="top")


def clip_arrays(result: AvAutoencodingResult) -> Arrays:
    return label_arrays(result.labels) | {
        "frames": result.frames,
        "original_frames": result.original_frames,
        "audio": result.audio,
        "original_audio": result.original_audio,
        "fps": result.fps,
        "sample_rate": result.sample_rate,
        "psnr_db": result.psnr_db,
        "ssim": result.ssim,
        "snr_db": np.nan if result.snr_db is None else result.snr_db,
        "masked": np.array(sorted(result.masked), dtype=str),
    }
