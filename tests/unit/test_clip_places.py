"""Frames, moments and clicks of a clip: hand-counted."""

import re
from dataclasses import replace

import numpy as np
import pytest

from components.analysis.clip import (
    part_of,
    pixel_in_strip,
    sample_at,
    strip_frames,
    target_in_words,
    time_ticks,
    window_samples,
)
from components.words.numbers import seconds_in_words
from models.schema import AvTrace
from tests.made_up_clip import pixel_trace, rebuilt_clip, sound_trace


@pytest.mark.parametrize(
    ("frames", "window", "chosen", "expected"),
    [
        (6, 8, 3, range(6)),  # shorter than a window
        (40, 16, 15, range(16)),
        (40, 16, 16, range(16, 32)),
        (40, 16, 31, range(16, 32)),  # also in the last window, which begins with 24
        (40, 16, 32, range(24, 40)),
        (32, 32, 7, range(1, 32, 2)),  # twice the rate: every other frame, the chosen one among them
        (32, 32, 6, range(0, 32, 2)),
    ],
)
def test_a_strip_shows_the_first_window_that_holds_a_frame(frames, window, chosen, expected):
    assert list(strip_frames(rebuilt_clip(frames, window), chosen)) == list(expected)


def test_a_strip_of_the_frames_that_were_wanted():
    late = rebuilt_clip(40, 16).windows[1:]
    assert list(strip_frames(rebuilt_clip(2, 16, windows=late), 1)) == [0, 1]


@pytest.mark.parametrize("chosen", [-1, 6])
def test_no_strip_shows_a_frame_that_is_not_there(chosen):
    with pytest.raises(ValueError, match="of 6"):
        strip_frames(rebuilt_clip(), chosen)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ((0.0, 0.0), (3, 0, 0)),
        ((0.49, 0.24), (3, 3, 3)),  # the last pixel of the first original
        ((0.51, 0.24), (3, 0, 3)),  # the first row of the same frame, reconstructed
        ((0.26, 0.51), (7, 2, 0)),
        ((1.0, 1.0), (9, 3, 3)),
    ],
)
def test_a_click_on_a_strip_is_a_pixel_of_a_frame(place, expected):
    assert pixel_in_strip(place, range(3, 11, 2), 4) == expected


def test_every_pixel_of_a_strip_is_found_by_its_middle():
    rows, columns = np.mgrid[:8, :12]
    for row, column in zip(rows.ravel().tolist(), columns.ravel().tolist(), strict=True):
        found = pixel_in_strip(((row + 0.5) / 8, (column + 0.5) / 12), range(3), 4)
        assert found == (column // 4, row % 4, column % 4)


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (0.499, 4), (0.5, 5), (1.0, 9), (-0.1, 0)])
def test_a_click_on_a_sound_is_a_sample(share, expected):
    assert sample_at(share, 10) == expected


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        (0, 1.024, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0, 30, [0, 5, 10, 15, 20, 25, 30]),
        (1.536, 2.56, [1.6, 1.8, 2.0, 2.2, 2.4]),
        (0, 0.012, [0, 0.002, 0.004, 0.006, 0.008, 0.01, 0.012]),
    ],
)
def test_an_axis_of_time_has_round_seconds(begin, end, expected):
    assert time_ticks(begin, end) == pytest.approx(expected)


def test_seconds_in_words():
    assert [seconds_in_words(at) for at in (0, 0.256, 9.994, 12.34)] == ["0.00 s", "0.26 s", "9.99 s", "12.3 s"]


def test_a_window_and_what_was_asked_of_it():
    result = rebuilt_clip()
    assert window_samples(result, pixel_trace()) == range(16, 48)
    assert target_in_words(result, pixel_trace()) == "rows 3 to 4, columns 1 to 2 of frame 5, at 0.40 s"
    assert target_in_words(result, sound_trace()) == "the sound from 0.300 to 0.400 s"
    single = AvTrace("image", (0, 3, 2, 1, 1), 0, 4, np.zeros((1, 1, 1)), np.zeros(1), 0.0)
    assert target_in_words(result, single) == "row 4, column 3 of frame 1, at 0.00 s"
    named = AvTrace("label", (), 0, 4, np.zeros((1, 1, 1)), np.zeros(1), 0.0)
    assert re.fullmatch(r"the label of the window .* 0\.00 s", target_in_words(result, named))
    assert target_in_words(replace(result, windows=result.windows[:1]), named) == "the label"


@pytest.mark.parametrize(
    ("marked", "expected"), [((24, 32), (0.25, 0, 0.25, 1)), ((0, 24), (0, 0, 0.25, 1)), ((60, 70), (1, 0, 0, 1))]
)
def test_what_is_marked_lies_within_what_is_shown(marked, expected):
    assert part_of(range(*marked), range(16, 48)) == expected
