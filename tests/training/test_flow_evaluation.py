"""Scores of estimated motion: what is read, how errors are averaged, and the methods to compare with."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tests.training_data import flo, put_flow, put_scene
from training import flow_evaluation, flow_textures, optical_flow
from training.flow_evaluation import METHODS, Pair, evaluate, evaluation_sets, middlebury, scores


def pair(name: str, height: int, width: int, flow: tuple[float, float]) -> Pair:
    frame = np.zeros((height, width, 3), np.uint8)
    return Pair(name, frame, frame, np.full((height, width, 2), flow, np.float32))


def still(first: np.ndarray, _: np.ndarray) -> np.ndarray:
    return np.zeros((*first.shape[:2], 2), np.float32)


# Scores


def test_errors_are_lengths_and_scenes_count_alike():
    """5 pixels off in a small scene and 1 in a large one are 3 on average."""
    pairs = [pair("small", 2, 3, (3, -4)), pair("large", 20, 30, (0, 1))]
    assert evaluate(still, pairs) == {"epe": 3.0, "pairs": {"small": 5.0, "large": 1.0}}


def test_what_is_not_known_does_not_count():
    partly = pair("partly", 2, 2, (0, 2))
    partly.flow[0, 0] = np.nan
    partly.flow[0, 1] = 0
    assert evaluate(still, [partly])["epe"] == pytest.approx(4 / 3, abs=1e-4)


def test_an_estimate_that_is_no_number_is_no_success():
    assert np.isnan(evaluate(lambda first, _: still(first, _) * np.nan, [pair("a", 2, 2, (0, 0))])["epe"])


def test_an_estimate_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"a: the flow has shape \[2, 3\]"):
        evaluate(lambda first, _: still(first, _)[..., 0], [pair("a", 2, 3, (0, 0))])


def test_no_pairs_have_no_score():
    with pytest.raises(ValueError, match="no pairs"):
        evaluate(still, [])


def test_of_many_pairs_only_their_number_is_told():
    many = tuple(pair(str(number), 2, 2, (0, 1)) for number in range(11))
    assert scores(still, {"many": many, "few": many[:2]}) == {
        "many": {"epe": 1.0, "pairs": 11},
        "few": {"epe": 1.0, "pairs": {"0": 1.0, "1": 1.0}},
    }


# Files


@pytest.mark.parametrize("inside", ["flow/middlebury", "middlebury"])
def test_middlebury_is_read(tmp_path, inside):
    values = [1, -2, 3, 4, 1.7e9, 0, 5, 6, 0, -2e9, 7.5, 8]
    put_scene(tmp_path / inside, "venus", flo(3, 2, values))
    put_scene(tmp_path / inside, "grove", flo(3, 2, [0] * 12))
    grove, venus = middlebury(tmp_path)
    assert (grove.name, venus.name) == ("grove", "venus")
    assert venus.first.dtype == venus.second.dtype == np.uint8
    assert venus.first[1, 2].tolist() == [255, 0, 0]
    assert venus.second[1, 2].tolist() == [0, 0, 255]
    assert venus.flow.dtype == np.float32
    unknown = [np.nan, np.nan]
    np.testing.assert_array_equal(venus.flow, [[[1, -2], [3, 4], unknown], [[5, 6], unknown, [7.5, 8]]])


def test_a_folder_without_scenes_is_told(tmp_path):
    with pytest.raises(SystemExit, match="middlebury"):
        middlebury(tmp_path)


# Methods


@pytest.fixture(scope="module")
def shifted() -> Pair:
    """Smooth noise that moves by 2.5 pixels to the right and 1 up."""
    random = np.random.default_rng(0)
    large = cv2.resize(random.integers(0, 256, (40, 40, 3), dtype=np.uint8), (160, 160), interpolation=cv2.INTER_CUBIC)
    line = np.arange(96, dtype=np.float32) + 32
    columns, rows = np.meshgrid(line, line)
    first, second = (cv2.remap(large, columns - x, rows - y, cv2.INTER_CUBIC) for x, y in ((0, 0), (2.5, -1)))
    return Pair("shifted", first, second, np.full((96, 96, 2), (2.5, -1), np.float32))


@pytest.mark.parametrize("name", ["farneback", "dis", "tvl1"])
def test_methods_find_a_shift(shifted, name):
    flow = METHODS[name](shifted.first, shifted.second)
    assert flow.shape == (96, 96, 2)
    assert flow.dtype == np.float32
    np.testing.assert_allclose(np.median(flow[16:-16, 16:-16], axis=(0, 1)), [2.5, -1], atol=0.2)
    assert evaluate(METHODS[name], [shifted])["epe"] < 0.5


def test_zero_is_no_motion(shifted):
    assert evaluate(METHODS["zero"], [shifted])["epe"] == pytest.approx(np.hypot(2.5, 1), abs=1e-4)


# Sets


@pytest.fixture
def data(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(flow_textures, "NOISES", 4)
    monkeypatch.setattr(flow_evaluation, "COUNT", 12)
    monkeypatch.setattr(flow_evaluation, "SIZE", 32)
    put_flow(tmp_path)
    return tmp_path


def test_sets_are_always_the_same(data):
    one, other = (evaluation_sets(data)["synthetic"] for _ in range(2))
    assert len(one) == 12
    for a, b in zip(one, other, strict=True):
        assert a.first.shape == a.second.shape == (32, 32, 3)
        assert a.first.dtype == a.second.dtype == np.uint8
        assert a.flow.shape == (32, 32, 2)
        assert a.flow.dtype == np.float32
        assert np.abs(a.flow).max() <= flow_evaluation.REACH
        assert all(np.array_equal(getattr(a, name), getattr(b, name)) for name in ("first", "second", "flow"))


def test_scores_of_the_sets(data):
    found = scores(still, evaluation_sets(data))
    assert found["middlebury"] == {"epe": 5.0, "pairs": {"venus": 5.0}}
    assert found["synthetic"]["pairs"] == 12
    assert found["synthetic"]["epe"] > 0.5


def test_two_levels_of_a_perfect_start_leave_nothing(monkeypatch):
    """Right at half the size, there is nothing left to be found at full size: the smallest loss there is."""
    flow = torch.tensor([3.0, -2.0])[None, :, None, None].expand(2, 2, 128, 128)
    answers = iter([flow[..., :64, :64] / 2, torch.zeros(2, 2, 64, 64)])
    monkeypatch.setattr(optical_flow, "estimate_tile", lambda *_: next(answers))
    frames = torch.zeros(2, 3, 128, 128)
    assert optical_flow.two_level_loss(None, frames, frames, flow).item() == pytest.approx(0.02, abs=1e-4)
