"""Scores of flow: by hand on few pixels, and against another library's interpolation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from models.data.flow_scores import error_map, fl_all, mean_error, occluded, photometric_error, warp
from models.schema import InputError

NAN = np.nan
TRUTH = np.float32([[[3, 4], [NAN, NAN]], [[0, 0], [100, 0]]])
FLOW = np.float32([[[0, 0], [50, 50]], [[0, 1], [104, 0]]])


def uniform(height: int, width: int, x: float, y: float) -> np.ndarray:
    return np.broadcast_to(np.float32([x, y]), (height, width, 2)).copy()


# Against the truth


def test_errors_by_hand():
    errors = error_map(FLOW, TRUTH)
    assert errors.dtype == np.float32
    np.testing.assert_array_equal(errors, [[5, NAN], [1, 4]])
    assert mean_error(FLOW, TRUTH) == pytest.approx(10 / 3)


@pytest.mark.parametrize(
    ("motion", "error", "wrong"),
    [(0, 3, 0), (0, 3.01, 1), (59, 3.01, 1), (61, 3.01, 0), (100, 4.99, 0), (100, 5.01, 1), (1, 0.5, 0)],
)
def test_fl_takes_both_bounds(motion, error, wrong):
    """More than 3 pixels, and more than 5% of the motion."""
    assert fl_all(uniform(1, 1, motion, error), uniform(1, 1, motion, 0)) == wrong


def test_fl_is_a_share_of_known_pixels():
    assert fl_all(FLOW, TRUTH) == pytest.approx(1 / 3)  # 5 of 5 pixels; 1 of 0 is below 3; 4 of 100 is below 5%


def test_a_flow_that_is_no_number_is_wrong():
    """It does not get away as unknown truth does."""
    flow = uniform(2, 2, NAN, 0)
    assert fl_all(flow, uniform(2, 2, 1, 1)) == 1
    assert np.isnan(mean_error(flow, uniform(2, 2, 1, 1)))


def test_nothing_known():
    unknown = uniform(2, 3, NAN, NAN)
    for score in (mean_error, fl_all):
        assert np.isnan(score(uniform(2, 3, 1, 1), unknown))


def test_half_known_is_unknown():
    assert np.isnan(fl_all(uniform(1, 1, 9, 9), uniform(1, 1, 0, NAN)))


# Warping


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(("x", "y"), [(3, 0), (0, -2), (-4, 5), (0, 0), (6, 7)])
def test_whole_pixels_are_exact(x, y):
    """A large picture seen through two windows, the second moved by (-x, -y), moves everything by (x, y)."""
    scene = noise(50, 60)
    first, second = scene[10:40, 10:50], scene[10 - y : 40 - y, 10 - x : 50 - x]
    warped = warp(second, uniform(30, 40, x, y))
    assert warped.image.dtype == np.float32
    rows, columns = np.mgrid[:30, :40]
    inside = (rows + y >= 0) & (rows + y < 30) & (columns + x >= 0) & (columns + x < 40)
    np.testing.assert_array_equal(warped.inside, inside)
    np.testing.assert_array_equal(warped.image[inside], first[inside])
    before, after = photometric_error(first, second, uniform(30, 40, x, y))
    assert after == 0
    assert (before > 50) is ((x, y) != (0, 0))


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_interpolation_is_scipys(height, width, channels, seed):
    generator = np.random.default_rng(seed)
    frame = generator.uniform(0, 255, (height, width, channels)).astype(np.float32)
    flow = generator.normal(0, 3, (height, width, 2)).astype(np.float32)
    warped = warp(frame, flow)
    rows, columns = np.mgrid[:height, :width]
    places = [rows + flow[..., 1], columns + flow[..., 0]]
    expected = [map_coordinates(frame[..., i], places, order=1, mode="nearest") for i in range(channels)]
    np.testing.assert_allclose(warped.image, np.stack(expected, axis=-1), atol=1e-2)  # of 255: float32 coordinates
    down, across = places
    inside = (down >= -0.5) & (down <= height - 0.5) & (across >= -0.5) & (across <= width - 0.5)
    np.testing.assert_array_equal(warped.inside, inside)


def test_half_a_pixel_by_hand():
    frame = np.float32([[[0], [10], [30]]])
    warped = warp(frame, uniform(1, 3, 0.5, 0))
    assert warped.image[..., 0].tolist() == [[5, 20, 30]]
    assert warped.inside.tolist() == [[True, True, True]]  # a pixel reaches half of one beyond its middle
    assert warp(frame, uniform(1, 3, 0.6, 0)).inside.tolist() == [[True, True, False]]


def test_motion_that_is_no_number():
    frame = np.float32([[[1], [2], [3], [4]]])
    flow = np.float32([[[NAN, NAN], [NAN, 0], [np.inf, 0], [-np.inf, 1e30]]])
    warped = warp(frame, flow)
    assert warped.image[..., 0].tolist() == [[1, 2, 4, 1]]
    assert not warped.inside.any()


# Of the frames themselves


def test_photometric_error_by_hand():
    """All moves one to the right; the last pixel leaves, and is in neither score."""
    first, second = np.uint8([[[10], [20], [99]]]), np.uint8([[[7], [11], [24]]])
    before, after = photometric_error(first, second, uniform(1, 3, 1, 0))
    assert before == pytest.approx((3 + 9) / 2)
    assert after == pytest.approx((1 + 4) / 2)


def test_photometric_error_where_all_leaves():
    frame = noise(4, 5)
    assert np.isnan(photometric_error(frame, frame, uniform(4, 5, 99, 0))).all()


def test_there_and_back_is_not_occluded():
    forward, backward = uniform(6, 8, 2, -1), uniform(6, 8, -2, 1)
    expected = np.zeros((6, 8), bool)
    expected[0] = expected[:, 6:] = True  # they leave
    np.testing.assert_array_equal(occluded(forward, backward), expected)


def test_a_square_covers_what_it_moves_over():
    """The ground rests; columns 2 and 3 move by three over columns 5 and 6, which then are hidden."""
    forward, backward = uniform(1, 9, 0, 0), uniform(1, 9, 0, 0)
    forward[0, 2:4, 0] = 3
    backward[0, 5:7, 0] = -3
    assert np.flatnonzero(occluded(forward, backward)).tolist() == [5, 6]


@pytest.mark.parametrize(
    ("there", "back", "hidden"),
    [
        (0, 0.70, False),  # 0.49 against 0.5049
        (0, 0.72, True),  # 0.5184 against 0.5052
        (10, -8.40, True),  # 2.56 against 2.2056
        (10, -8.60, False),  # 1.96 against 2.2396
        (NAN, 0, True),
        (0, NAN, True),
    ],
)
def test_bound_of_occlusion(there, back, hidden):
    forward, backward = uniform(3, 40, there, 0), uniform(3, 40, back, 0)
    assert occluded(forward, backward)[1, 15] == hidden


# Sizes


@pytest.mark.parametrize(
    "score",
    [
        lambda: error_map(uniform(2, 3, 0, 0), uniform(3, 2, 0, 0)),
        lambda: warp(noise(2, 3), uniform(3, 2, 0, 0)),
        lambda: photometric_error(noise(2, 3), noise(3, 2), uniform(2, 3, 0, 0)),
        lambda: occluded(uniform(2, 3, 0, 0), uniform(3, 2, 0, 0)),
    ],
)
def test_different_sizes_are_named(score):
    with pytest.raises(InputError, match=r"3x2 pixels.* 2x3"):
        score()


@pytest.mark.parametrize("shape", [(1, 1), (1, 32_766), (32_766, 1)])
def test_sizes_that_can_be_warped(shape):
    frame = np.ones((*shape, 1), np.uint8)
    assert warp(frame, uniform(*shape, 0, 0)).image.all()


def test_sizes_that_cannot_be_warped():
    with pytest.raises(InputError, match="32,766 pixels"):
        warp(np.ones((1, 32_767, 1)), uniform(1, 32_767, 0, 0))
