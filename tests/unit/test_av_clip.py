"""A clip at a model's own rates, in windows, and how alike two clips are."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.metrics import peak_signal_noise_ratio

from models.data import av_clip


@given(st.integers(1, 200), st.integers(1, 20))
def test_windows_cover_a_clip_and_answer_for_each_frame_once(frames, window):
    starts = av_clip.window_starts(frames, window)
    new = list(av_clip.new_in(starts, frames, window))
    assert [frame for part in new for frame in part] == list(range(frames))
    assert all(0 <= start <= max(0, frames - window) for start in starts)
    for number, (start, part) in enumerate(zip(starts, new, strict=True)):
        assert part
        for frame in part:
            assert start <= frame < start + window
            assert av_clip.window_of(frame, frames, window) == number


def test_the_last_window_ends_with_the_clip():
    assert av_clip.window_starts(40, 16) == (0, 16, 24)
    assert av_clip.window_starts(32, 16) == (0, 16)
    assert av_clip.window_starts(3, 16) == (0,)


def test_a_short_clip_is_held():
    frames = np.arange(3)[:, None]
    assert av_clip.window_frames(frames, 0, 5)[:, 0].tolist() == [0, 1, 2, 2, 2]
    assert av_clip.window_frames(np.arange(9)[:, None], 4, 5)[:, 0].tolist() == [4, 5, 6, 7, 8]


def test_what_is_shown_when():
    # Frames that begin at 0, 0.1 and 0.5 s, seen 4 times a second: at 0.125, 0.375, 0.625 and 0.875 s.
    assert av_clip.shown_at(np.array([0, 0.1, 0.5]), 4, 4.0).tolist() == [1, 1, 2, 2]


@given(st.integers(1, 60), st.sampled_from([15.625, 24, 25, 30000 / 1001]))
def test_at_its_own_rate_a_clip_is_as_it_was(count, fps):
    times = np.arange(count) / fps
    assert av_clip.frames_in(count / fps, fps) == count
    assert av_clip.shown_at(times, count, fps).tolist() == list(range(count))


def test_frames_at_another_rate_are_squares():
    frames = [np.full((6, 10, 3), value, np.uint8) for value in (10, 20, 30, 40)]
    frames[2][:, :2] = 200  # beside the center square
    found = av_clip.at_rate(iter(frames), np.arange(4) / 4, 1.0, 2.0, 3)
    assert found.shape == (2, 3, 3, 3)
    assert [np.unique(frame).tolist() for frame in found] == [[20], [40]]


def test_a_square_is_the_mean_of_areas():
    frame = np.zeros((2, 4, 3), np.uint8)
    frame[:, 1:3] = [[[0, 40, 80], [20, 60, 100]], [[40, 80, 120], [60, 100, 140]]]
    assert av_clip.square(frame, 1).tolist() == [[[30, 70, 110]]]
    assert av_clip.square(frame, 2).tolist() == frame[:, 1:3].tolist()


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 48_000, 192_000])
def test_a_tone_stays_that_tone_at_another_rate(rate):
    tone = np.sin(2 * math.pi * 440 * np.arange(rate) / rate).astype(np.float32)
    found = av_clip.resampled(tone, rate, 8_000)
    expected = np.sin(2 * math.pi * 440 * np.arange(8_000) / 8_000)
    assert found.dtype == np.float32
    assert len(found) == 8_000
    assert np.abs(found - expected)[200:-200].max() < 0.01


def test_so_many_samples():
    assert av_clip.fitted(np.array([1.0, 2, 3]), 2).tolist() == [1, 2]
    assert av_clip.fitted(np.array([1.0, 2]), 4).tolist() == [1, 2, 0, 0]


def test_how_alike_pictures_are():
    draw = np.random.default_rng(0)
    clip, found = draw.integers(0, 256, (2, 3, 9, 9, 3), dtype=np.uint8)
    assert av_clip.psnr_db(found, clip) == pytest.approx(peak_signal_noise_ratio(clip, found), abs=1e-4)
    assert av_clip.psnr_db(clip, clip) == math.inf
    assert av_clip.ssim(clip, clip) == pytest.approx(1)
    assert abs(av_clip.ssim(found, clip)) < 0.2
    assert math.isnan(av_clip.psnr_db(clip[:0], clip[:0]))
    assert math.isnan(av_clip.ssim(clip[:0], clip[:0]))


def test_of_long_clips_some_frames_are_compared_to_the_last():
    draw = np.random.default_rng(0)
    clip = draw.integers(0, 256, (200, 8, 8, 3), dtype=np.uint8)
    last_lost = clip.copy()
    last_lost[-1] = 0
    assert 1 - av_clip.ssim(last_lost, clip) == pytest.approx(1 / av_clip.MAX_SSIM_FRAMES, rel=0.1)


def test_how_alike_sounds_are():
    sound = np.array([1.0, -1, 1, -1], np.float32)
    assert av_clip.snr_db(0.9 * sound, sound) == pytest.approx(20)
    assert av_clip.snr_db(np.zeros(4), sound) == pytest.approx(0)
    assert av_clip.snr_db(sound, sound) == math.inf
    assert av_clip.snr_db(sound, np.zeros(4)) is None
    assert av_clip.snr_db(sound[:0], sound[:0]) is None
