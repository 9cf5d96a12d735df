"""Digits that move: masks, frames at any time, and clips that are the same for the same seed."""

import numpy as np
import pytest
import torch

from training.av_animation import FRAMES, animation
from training.av_clips import SIZE, Studio
from training.av_glyphs import FONTS, HANDS, MARGIN, SIDE, digit_masks
from training.av_sounds import SAMPLES, Spoken


@pytest.fixture(scope="module")
def masks() -> np.ndarray:
    return digit_masks()


@pytest.fixture(scope="module")
def studio() -> Studio:
    """Three recordings a digit, constant: digit and number are in the value."""
    return Studio(
        Spoken(tuple(tuple(np.full(400, 0.05 * digit + 0.5 + 0.01 * n) for n in range(3)) for digit in range(10)))
    )


def test_masks_fill_their_frame(masks):
    assert masks.shape == (10, len(FONTS) + HANDS, SIDE, SIDE)
    edge = np.concatenate([masks[..., :MARGIN, :], masks[..., -MARGIN:, :]], axis=-2)
    assert edge.max() == 0
    ink = masks > 64
    tall, wide = (ink.any(axis=axis).sum(axis=-1) for axis in (-1, -2))
    assert np.maximum(tall, wide).min() >= SIDE - 2 * MARGIN - 2


def test_masks_of_one_digit_are_alike(masks):
    """The mean mask of half of the fonts and hands names most of the others, of any digit."""
    soft = masks.reshape(10, -1, SIDE * SIDE) / 255.0
    means = soft[:, ::2].mean(axis=1)
    distances = ((soft[:, 1::2, None] - means) ** 2).sum(axis=-1)
    named = distances.argmin(axis=-1) == np.arange(10)[:, None]
    assert named.mean() > 0.8


def test_a_frame_between_two_others(masks):
    """A frame at half a time differs from both its neighbors less than they do from each other, mostly."""
    nearer = []
    for seed in range(12):
        times = np.array([3, 3.5, 4])
        before, between, after = animation(masks[seed % 10], times, SIZE, np.random.default_rng(seed)).astype(float)
        apart = np.abs(after - before).mean()
        nearer.append(max(np.abs(between - before).mean(), np.abs(after - between).mean()) < apart)
    assert sum(nearer) >= 10


def test_the_same_scene_at_other_times(masks):
    """What a frame shows depends on its time alone, not on which others are drawn."""
    whole = animation(masks[3], np.arange(FRAMES), SIZE, np.random.default_rng(5))
    some = animation(masks[3], np.array([0, 7, 15]), SIZE, np.random.default_rng(5))
    assert np.array_equal(some, whole[[0, 7, 15]])
    assert (whole[0] != whole[15]).any()


def test_a_digit_is_told_from_its_ground(masks):
    for seed in range(20):
        frames = animation(masks[1], np.array([0.0]), SIZE, np.random.default_rng(seed))
        assert np.ptp(frames.astype(int).mean(axis=-1)) > 40


def test_the_same_clips_for_the_same_seed(studio):
    clips, again, other = studio.draw(1, 3, between=2), studio.draw(1, 3, between=2), studio.draw(2, 3, between=2)
    assert clips.frames.shape == (3, FRAMES, 3, SIZE, SIZE)
    assert clips.between.shape == (3, 2, 3, SIZE, SIZE)
    assert clips.sound.shape == (3, SAMPLES, 1)
    assert torch.equal(clips.frames, again.frames)
    assert torch.equal(clips.sound, again.sound)
    assert not torch.equal(clips.frames, other.frames)
    assert (clips.between_times % 1 == 0.5).all()
    assert 0 <= clips.frames.min() < clips.frames.max() <= 1


def test_every_recording_once(studio):
    clips = studio.all_recordings(0)
    assert torch.bincount(clips.digits).tolist() == [3] * 10
    assert clips.between.shape[1] == FRAMES - 1
    assert clips.first(4).between.shape == (4, 0, 3, SIZE, SIZE)
    assert clips.inputs["label"].argmax(dim=1).tolist() == clips.digits.tolist()
