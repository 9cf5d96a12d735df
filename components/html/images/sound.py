"""Sounds of one length below each other, as HTML; data in, HTML out. A moment of them can be chosen: click_place.js."""

import matplotlib
import numpy as np
from markupsafe import Markup

from components.analysis.clip import part_of, time_ticks
from components.analysis.sound import (
    RANGE,
    SPECTRAL_COLORS,
    Sounds,
    Spectrogram,
    envelope,
    sound_in_words,
    spectral_colors,
    spectral_ends,
)
from components.html.images.film import outlined
from components.html.images.frames import SPOKEN, attributes, pointable
from components.html.images.pixels import legend, picture
from components.words.numbers import decibels, frequency_in_words, seconds_in_words

SILENCE = Markup('<p class="caption">This clip has no sound.</p>')
MOMENTS = 1024
"""Number of moments of a sound that can be selected."""
_COLUMNS, _HALF = 720, 100
_KEYS = "Arrow keys move a cursor along the sound, faster with Shift. Enter shows the attention of a moment."


def sound_pictures(sounds: Sounds, marked: range | None = None) -> Markup:
    """All waveforms on one scale, then all spectrograms on one scale. marked: the traced samples."""
    spectrograms = sounds.spectrograms()
    ends = spectral_ends(list(spectrograms.values()))
    rows = [_row(name, waveform(name, each, sounds)) for name, each in sounds.samples.items()]
    top = f"up to {frequency_in_words(next(iter(spectrograms.values())).top)}"
    rows += [_row(f"{name}, {top}", _spectrum(name, each, ends)) for name, each in spectrograms.items()]
    mark = "" if marked is None else outlined(part_of(marked, range(sounds.length)), "marker")
    return Markup('<div class="sound">{}{}</div>{}').format(
        _pointed_at(Markup("").join(rows) + mark, sounds, marked), time_axis(sounds.seconds), _colors(ends)
    )


def _pointed_at(inner: Markup, sounds: Sounds, marked: range | None) -> Markup:
    moments = min(MOMENTS, sounds.length)
    said = "; ".join(f"{name}: {sound_in_words(each, sounds.rate)}" for name, each in sounds.samples.items())
    place, selected = None, ""
    if marked is not None:
        at = (marked.start + len(marked) / 2) / sounds.length
        place = min(int(at * moments), moments - 1)
        selected = f" Selected: {seconds_in_words(at * sounds.seconds)}."
    places = pointable(1, moments, f"{said}.{selected} {_KEYS}", place, data_seconds=f"{sounds.seconds:.6g}")
    return Markup("<div{}>{}</div>").format(attributes(class_="tracks places", **places), inner + SPOKEN)


def _row(name: str, drawn: Markup) -> Markup:
    return Markup('<div class="track"><span class="name">{}</span>{}</div>').format(name, drawn)


def waveform(name: str, samples: np.ndarray, sounds: Sounds) -> Markup:
    """From the lowest to the highest sample of each column, as high as the loudest of all `sounds`."""
    lows, highs = (_HALF - np.rint(_HALF / sounds.loudest * edge).astype(int) for edge in envelope(samples, _COLUMNS))
    middles = np.arange(len(lows)) + 0.5
    along = np.concatenate([middles, middles[::-1]])
    points = zip(along.tolist(), np.concatenate([highs, lows[::-1]]).tolist(), strict=True)
    path = "L".join(f"{x:g} {y}" for x, y in points)
    said = f"Waveform of {name.lower()}: {sound_in_words(samples, sounds.rate)}"
    return Markup(
        '<svg class="wave" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<path class="still" d="M0 {}H{}"/><path d="M{}Z"/></svg>'
    ).format(max(len(lows), 1), 2 * _HALF, said, _HALF, max(len(lows), 1), path)


def _spectrum(name: str, found: Spectrogram, ends: tuple[float, float]) -> Markup:
    loudest = float(found.levels.max())
    said = f"highest level {decibels(loudest, 0)}" if loudest > -120 else "silent"
    return picture(spectral_colors(found, ends), f"Spectrogram of {name.lower()}: {said}", "spectrum")


def _colors(ends: tuple[float, float]) -> Markup:
    low, high = ends
    said = (
        f"level of each frequency over {RANGE} dB, one scale for all spectrograms; 0 dB: a sine of full amplitude. All "
        "waveforms share one scale. Difference: reconstruction minus original"
    )
    return legend(matplotlib.colormaps[SPECTRAL_COLORS], (f"≤ {decibels(low, 0)}", decibels(high, 0)), said)


def time_axis(seconds: float, begin: float = 0.0) -> Markup:
    """Ticks and their seconds along the width of what stands above. begin: seconds at its left edge."""
    marks = Markup("").join(
        Markup('<span{} style="left:{:.3f}%">{:g} s</span>').format(
            Markup(" class=late") if at > 0.85 else "", 100 * at, tick
        )
        for tick in time_ticks(begin, begin + seconds)
        for at in [(tick - begin) / seconds]
    )
    return Markup('<div class="seconds" aria-hidden="true">{}</div>').format(marks)
