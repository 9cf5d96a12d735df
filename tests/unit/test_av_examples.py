"""The example clips of the multimodal autoencoder: pictures and sounds are what they are drawn and spoken as."""

from functools import cache

import numpy as np
import pytest
from PIL import Image

from models.data.examples import FOLDER, av_examples
from models.data.media.clip import Clip
from models.data.media.reading import open_clip, read_frames
from models.data.media.sound import read_sound
from tools import layers
from tools.clip_bell import bell
from tools.clip_digits import Digit
from tools.clip_toll import GAP, PERIOD, Ringing, ringing
from tools.clip_voices import RATE, track
from tools.clips import COUNT, FPS, NINE, SEVEN, STILL, THREE, TWO, WINDOW, count_lengths

EXAMPLES = {example.file.stem: example for example in av_examples("av_autoencoding")}
SINGLE = {"three": THREE, "seven": SEVEN, "nine": NINE, "disagreeing": TWO}
SECONDS = dict.fromkeys(SINGLE, 1.0) | {"counting": 5.12, "bell": 3.0}
HEARD = 8_000
"""Samples a second that the embedded model reads."""


@pytest.fixture(autouse=True)
def _one_sample_per_pixel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawn as well as is needed to compare with a compressed video, in a ninth of the time."""
    monkeypatch.setattr(layers, "SAMPLES", 1)


@cache
def opened(name: str) -> Clip:
    return open_clip(EXAMPLES[name].file)


@cache
def sound(name: str) -> np.ndarray:
    return read_sound(opened(name), HEARD)


@cache
def rung() -> Ringing:
    return ringing(3)


def frame(name: str, number: int) -> np.ndarray:
    return next(read_frames(opened(name), number, number + 1)).astype(float)


def voiced(samples: np.ndarray) -> np.ndarray:
    """Seconds at which there is a voice, in steps of 8 ms."""
    loudness = np.abs(samples[: len(samples) // 64 * 64]).reshape(-1, 64).max(axis=1)
    return np.flatnonzero(loudness > 0.02) * 64 / HEARD


def test_all_files_are_listed_and_small() -> None:
    folder = FOLDER / "av_autoencoding"
    listed = {path for example in EXAMPLES.values() for path in (example.file, example.picture)}
    assert listed | {folder / "examples.json"} == set(folder.iterdir())
    assert sum(path.stat().st_size for path in listed) < 1_500_000
    assert all(example.title and 1 <= example.notice.count(". ") + 1 <= 2 for example in EXAMPLES.values())
    assert {Image.open(example.picture).size for example in EXAMPLES.values()} == {(STILL, STILL)}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_clip_has_the_picture_and_the_sound_that_it_should(name: str) -> None:
    clip = opened(name)
    assert (clip.width, clip.height, clip.fps) == (192, 192, pytest.approx(FPS))
    assert clip.duration == pytest.approx(SECONDS[name])
    assert clip.sound is not None
    assert clip.sound.sample_rate >= 16_000
    assert clip.notes == ()
    assert 0.3 < np.abs(sound(name)).max() < 1


@pytest.mark.parametrize("name", SINGLE)
def test_the_digit_is_seen_as_it_is_drawn(name: str) -> None:
    drawn = SINGLE[name].scene().frame(0.75)
    assert np.abs(frame(name, 18) - drawn).mean() < 3  # what compression takes away
    assert np.abs(frame(name, 15) - drawn).mean() > 3


def test_a_digit_moves_turns_and_grows_about_its_middle() -> None:
    plain = {"value": 8, "font": "DejaVuSans", "color": "#ffffff", "ground": "#000000"}
    digit = Digit(**plain, path="76 96, 96 96, 116 96", height=80, growth=0.5, angle=0, turn=0)
    for time, x, height in ((0, 76, 60), (0.5, 96, 80), (1, 116, 100)):
        lit = digit.scene().frame(time)[..., 0] > 127
        (rows, columns) = (np.flatnonzero(lit.any(axis=axis)) for axis in (1, 0))
        assert (columns[0] + columns[-1] + 1) / 2 == pytest.approx(x, abs=1)
        assert (rows[0] + rows[-1] + 1) / 2 == pytest.approx(96, abs=1)
        assert len(rows) == pytest.approx(height, abs=3)
    turned = Digit(**plain, path="96 96, 96 96", height=80, growth=0, angle=0, turn=180).scene().frame(1)
    lit = turned[..., 0] > 127  # by 90 degrees then: what was high is wide
    assert np.flatnonzero(lit.any(axis=0)).size == pytest.approx(80, abs=3)


def test_a_word_has_quiet_around_it() -> None:
    for name in SINGLE:
        times = voiced(sound(name))
        assert 0.1 < times[0] < times[-1] < 0.9
        assert 0.2 < times[-1] - times[0] < 0.7


def test_the_two_says_what_the_nine_says() -> None:
    two, nine, seven = sound("disagreeing"), sound("nine"), sound("seven")
    assert np.corrcoef(two, nine)[0, 1] > 0.99
    assert abs(np.corrcoef(two, seven)[0, 1]) < 0.3
    assert np.abs(frame("disagreeing", 12) - frame("nine", 12)).mean() > 30


def test_a_window_of_the_count_has_one_digit_seen_and_heard() -> None:
    """Whether a window takes the frame that is shown at each of its times, or the nearest."""
    lengths = count_lengths(len(COUNT))
    assert sum(lengths) == opened("counting").frames
    seen = np.repeat(np.arange(len(COUNT)), lengths)
    for window in range(len(COUNT)):
        times = window * WINDOW + np.arange(16) * WINDOW / 16
        for taken in (np.floor(times * FPS), np.round(times * FPS)):
            assert set(seen[taken.astype(int)]) == {window}
        begin = round(window * WINDOW * HEARD)
        words = voiced(sound("counting")[begin : begin + round(WINDOW * HEARD)])
        assert 0.1 < words[0] < words[-1] < 0.9


def test_the_count_shows_its_digits_in_turn() -> None:
    first = 0
    for digit, length in zip(COUNT, count_lengths(len(COUNT)), strict=True):
        assert np.abs(frame("counting", first) - digit.scene().frame(0)).mean() < 3
        first += length


def test_a_track_holds_its_sounds_and_does_not_cut_them() -> None:
    heard = track(0.5, (0.1, np.full(RATE // 10, 0.5, np.float32)))
    assert len(heard) == RATE // 2
    loud = np.abs(heard) > 0.25
    assert (loud.argmax(), loud.sum()) == (round(0.1 * RATE), RATE // 10)
    with pytest.raises(ValueError, match="does not fit"):
        track(0.15, (0.1, np.ones(RATE // 10, np.float32)))


# The bell


def test_the_bell_is_seen_as_it_is_drawn() -> None:
    """Stone and foliage are hard to compress: a frame is told from its neighbors, not equal to what was drawn."""
    drawn = bell(rung()).frame(2)
    away = {number: np.abs(frame("bell", number) - drawn).mean() for number in (48, 50, 52)}
    assert away[50] < 5
    assert min(away[48], away[52]) > 1.3 * away[50]


def test_each_stroke_is_heard_when_the_clapper_meets_the_bell() -> None:
    """A stroke is where all at once there is much that is high."""
    samples = sound("bell")
    sharp = np.abs(np.diff(samples, 3))
    high = sharp[: len(sharp) // 64 * 64].reshape(-1, 64).mean(axis=1)
    heard = (np.flatnonzero((high[1:] > 2.5 * high[:-1]) & (high[1:] > 0.1 * high.max())) + 1) * 64 / HEARD
    strikes = [when for when, _ in rung().strikes if when > 0]
    np.testing.assert_allclose(heard, strikes, atol=0.012)
    assert [int(when / WINDOW) for when in strikes] == [0, 1, 2]
    for when in strikes:
        assert abs(rung().clapper(when) - rung().bell(when)) == pytest.approx(GAP, abs=0.1)


def test_the_clapper_stays_in_the_bell_and_swings_alike_both_ways() -> None:
    times = np.linspace(0, 2, 200)
    clapper, later = (np.array([rung().clapper(time + after) for time in times]) for after in (0, PERIOD / 2))
    walls = np.array([rung().bell(time) for time in times])
    assert np.abs(clapper - walls).max() < GAP + 0.5
    np.testing.assert_allclose(later, -clapper, atol=0.2)


def test_the_bell_is_on_the_left_at_the_first_stroke_then_on_the_right() -> None:
    strikes = [when for when, _ in rung().strikes if when > 0]
    for when, left in zip(strikes, (True, False, True), strict=True):
        red, _, blue = np.moveaxis(frame("bell", round(when * FPS))[75:135], -1, 0)
        bronze = np.nonzero(red - blue > 60)[1]
        assert (bronze.mean() < 86) if left else (bronze.mean() > 106)
