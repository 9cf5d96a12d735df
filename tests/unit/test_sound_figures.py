"""Waveforms and spectrograms: against tones and clicks whose pictures are known."""

import numpy as np
import pytest

from components.analysis.sound import Sounds, envelope, sound_in_words, spectral_ends, spectrogram
from components.words.numbers import frequency_in_words


def tone(hertz: float, rate: int, seconds: float, amplitude: float = 1.0) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)).astype(np.float32)


def test_an_envelope_is_the_lowest_and_highest_sample_of_each_column():
    lows, highs = envelope(np.array([1, -2, 3, 0, 5, -6], np.float32), 3)
    assert (lows.tolist(), highs.tolist()) == ([-2, 0, -6], [1, 3, 5])
    lows, highs = envelope(np.array([1, -2], np.float32), 9)
    assert lows.tolist() == highs.tolist() == [1, -2]
    assert [len(edge) for edge in envelope(np.zeros(0, np.float32), 9)] == [0, 0]


@pytest.mark.parametrize(("rate", "hertz"), [(8000, 1000), (8000, 3000), (48_000, 1000), (44_100, 2500)])
def test_a_tone_is_loudest_in_its_row_by_its_own_amplitude(rate, hertz):
    found = spectrogram(tone(hertz, rate, 1.0, 0.1), rate)
    middle = found.levels[:, found.levels.shape[1] // 2]
    width = found.top / len(middle)  # Hz a row; row 0 is the highest
    assert abs(found.top - width * int(middle.argmax()) - hertz) <= width
    assert middle.max() == pytest.approx(-20, abs=1.5)  # dB of 0.1; between two rows a Hann window loses 1.4
    assert found.top == pytest.approx(4000, abs=40)


def test_half_the_rate_is_the_highest_tone():
    found = spectrogram(tone(500, 4000, 0.5), 4000)
    assert (found.top, found.levels.shape[0]) == (2000, 64)


def test_columns_share_the_time_alike():
    click = np.zeros(8000, np.float32)
    click[6000] = 1
    levels = spectrogram(click, 8000).levels
    loudest = levels.max(axis=0)
    at = np.flatnonzero(loudest == loudest.max()).mean() / levels.shape[1]
    assert at == pytest.approx(0.75, abs=0.01)


@pytest.mark.parametrize("length", [1, 7, 100, 300_000])
def test_sounds_of_any_length_have_a_picture(length):
    levels = spectrogram(np.ones(length, np.float32), 8000).levels
    assert levels.shape[0] == 128
    assert 1 <= levels.shape[1] <= 360
    assert np.isfinite(levels).all()


def test_one_scale_reaches_from_the_loudest_tone_down():
    loud, soft = (spectrogram(tone(1000, 8000, 0.5, each), 8000) for each in (0.5, 0.005))
    assert spectral_ends([soft, loud]) == (-76, -6)
    assert spectral_ends([spectrogram(np.zeros(800, np.float32), 8000)]) == (-70, 0)


def test_sounds_and_their_difference():
    sounds = Sounds.of(np.float32([0.5, -0.25]), np.float32([0.25, 0.5]), 2)
    assert {name: each.tolist() for name, each in sounds.samples.items()} == {
        "Original": [0.5, -0.25],
        "Reconstruction": [0.25, 0.5],
        "Difference": [-0.25, 0.75],
    }
    assert (sounds.loudest, sounds.seconds) == (0.75, 1.0)
    assert list(Sounds.of(np.float32([0.5]), np.zeros(0, np.float32), 2).samples) == ["Original"]
    assert Sounds.of(np.zeros(3, np.float32), np.zeros(3, np.float32), 2).loudest == 1


def test_sounds_in_words():
    assert sound_in_words(np.float32([0, -0.52, 0.1]), 10) == "peak amplitude 0.52 at 0.10 s"
    assert sound_in_words(np.zeros(4), 10) == "silent"
    assert [frequency_in_words(each) for each in (4000, 5512.5, 800)] == ["4 kHz", "5.51 kHz", "800 Hz"]
