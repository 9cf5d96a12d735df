"""The pixel that stands for the motion of a scene: by hand, on regions whose center is known."""

import numpy as np
import pytest

from models.data.flow_motion import center_of_motion


def still(height: int = 60, width: int = 80) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.01, (height, width, 2))


def test_the_center_of_the_largest_region_not_the_largest_motion():
    flow = still()
    flow[10:31, 20:41] = (9.7, 0.0)
    flow[30, 40] = (11.1, 0.0)  # an overshoot at its corner
    flow[50:56, 60:66] = (12.0, 0.0)  # a smaller region that is faster
    flow[2, 2] = (40.0, 0.0)
    assert center_of_motion(flow) == (20, 30)


def test_the_center_lies_within_a_region_that_is_bent():
    flow = still()
    flow[5:55, 10:15] = flow[50:55, 10:70] = (0.0, -8.0)
    row, column = center_of_motion(flow)
    assert np.hypot(*flow[row, column]) > 7


def test_the_edges_of_the_frame_are_edges_of_the_region():
    assert center_of_motion(np.full((41, 61, 2), 3.0)) == (20, 30)
    flow = still()
    flow[:, :21] = (0.0, 5.0)
    row, column = center_of_motion(flow)
    assert column == 10
    assert 10 <= row < 50


@pytest.mark.parametrize("flow", [np.zeros((41, 61, 2)), np.full((41, 61, 2), np.nan)])
def test_without_motion_it_is_the_center_of_the_frame(flow):
    assert center_of_motion(flow) == (20, 30)


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (2, 3), (1500, 1100)])
def test_any_size(shape):
    flow = np.zeros((*shape, 2))
    flow[shape[0] // 3 : shape[0] // 3 + 200, shape[1] // 3 : shape[1] // 3 + 200] = (6.0, 0.0)
    row, column = center_of_motion(flow)
    assert flow[row, column, 0] == 6.0


def test_unknown_pixels_are_not_part_of_a_region():
    flow = np.full((41, 61, 2), 3.0)
    flow[:, 20:] = np.nan
    assert center_of_motion(flow)[1] < 20
