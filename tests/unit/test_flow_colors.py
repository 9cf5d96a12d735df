"""Flow as colors and arrows: by hand, and against another library's HSV."""

import matplotlib.colors
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from components.scale.flow import FlowScale, arrows, flow_colors, shrunk, shrunk_frame, wheel
from components.scale.no_data import DARK, LIGHT

LENGTHS = st.floats(0.0, 50.0)
ANGLES = st.floats(-np.pi, np.pi)


def one(right: float, down: float, largest: float = 10.0) -> list[int]:
    return flow_colors(np.array([[[right, down]]], np.float32), largest)[0, 0].tolist()


def turns_apart(one: float, other: float) -> float:
    return abs((one - other + 0.5) % 1 - 0.5)


def test_directions_have_the_hues_of_red_green_and_blue_as_rgb():
    assert one(10, 0) == [255, 0, 0]
    assert one(-10, 0) == [0, 255, 255]
    assert one(0, 10) == [128, 255, 0]
    assert one(0, -10) == [128, 0, 255]


def test_still_is_white_half_the_length_is_half_as_full_and_more_than_the_largest_is_full():
    assert one(0, 0) == [255, 255, 255]
    assert one(5, 0) == [255, 128, 128]
    assert one(1000, 0) == [255, 0, 0]


@pytest.mark.parametrize("vector", [(np.nan, 0.0), (0.0, np.nan), (np.inf, 1.0)])
def test_unknown_is_hatched(vector):
    flow = np.full((40, 60, 2), vector, np.float32)
    flow[:20] = (3.0, 0.0)
    pixels = flow_colors(flow, 10.0)
    assert {tuple(each) for each in pixels[20:].reshape(-1, 3).tolist()} == {DARK, LIGHT}
    np.testing.assert_array_equal(pixels[21:, :-1], pixels[20:-1, 1:])  # along diagonals
    assert (pixels[:20] == one(3, 0)).all()


@pytest.mark.parametrize("largest", [0.0, -1.0, np.nan])
def test_colors_need_something_to_be_measured_by(largest):
    with pytest.raises(ValueError, match="largest magnitude"):
        one(1, 1, largest)


@given(LENGTHS, ANGLES, st.floats(0.1, 100.0))
def test_colors_are_those_of_hsv(length, angle, largest):
    found = one(length * np.cos(angle), length * np.sin(angle), largest)
    hsv = (angle / (2 * np.pi) % 1 % 1, min(length / largest, 1), 1.0)
    np.testing.assert_allclose(found, 255 * matplotlib.colors.hsv_to_rgb(hsv), atol=0.51)


@given(ANGLES)
def test_a_quarter_turn_of_the_flow_is_a_quarter_of_the_hues(angle):
    right, down = 10 * np.cos(angle), 10 * np.sin(angle)
    hues = [matplotlib.colors.rgb_to_hsv(np.array(one(*vector)) / 255)[0] for vector in ((right, down), (-down, right))]
    assert turns_apart(hues[1], hues[0] + 0.25) < 0.005


def test_one_scale_for_all_flows_which_outliers_do_not_fade():
    """A tenth moves by 12 px, which one of two methods overshoots to 40 px in 5 of 1,000 pixels."""
    real, outliers = np.zeros((50, 40, 2)), np.zeros((50, 40, 2))
    real[:5], outliers[:5], outliers[0, :10] = (12.0, 0.0), (12.0, 0.0), (40.0, 0.0)
    scale = FlowScale.over([real, outliers])
    assert scale.full == 12.0
    assert (scale.clipped, scale.longest, scale.unknown) == (10 / 4000, 40.0, False)
    assert "40 px" in scale.clipped_in_words
    assert flow_colors(real, scale.full)[0, 0].tolist() == [255, 0, 0]


def test_the_scale_of_a_still_or_unknown_scene():
    assert FlowScale.over([np.full((2, 2, 2), 0.01)]) == FlowScale(1.0, longest=float(np.hypot(0.01, 0.01)))
    assert FlowScale.over([np.full((2, 2, 2), np.nan)]) == FlowScale(1.0, unknown=True)
    assert FlowScale(3.0).clipped_in_words == ""


def test_the_wheel_shows_each_direction_where_it_points():
    pixels = wheel(101)
    assert pixels.shape == (101, 101, 4)
    near = {(50, 99): one(10, 0), (50, 1): one(-10, 0), (99, 50): one(0, 10), (1, 50): one(0, -10)}
    for place, color in near.items():
        np.testing.assert_allclose(pixels[place][:3].astype(int), color, atol=8)
    np.testing.assert_array_equal(pixels[50, 50], [255] * 4)
    assert pixels[0, 0, 3] == pixels[100, 100, 3] == 0


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2160, 3840), (1024, 1024), (1025, 7)])
def test_what_is_large_is_shown_smaller_and_frames_as_flows(size):
    values = np.arange(size[0])[:, None] * 10_000 + np.arange(size[1])[None]
    small = shrunk(values)
    frame = shrunk_frame(Image.new("L", size[::-1], 7))
    assert max(small.shape) == min(max(size), 1024)
    assert frame.shape == (*small.shape, 3)
    assert small.shape[0] / size[0] == pytest.approx(small.shape[1] / size[1], rel=0.2) or min(small.shape) == 1
    np.testing.assert_array_equal(np.sort(small.ravel()), np.unique(small))
    if max(size) <= 1024:
        np.testing.assert_array_equal(small, values)


def test_values_that_are_shown_are_of_the_flow():
    values = np.arange(4 * 8).reshape(4, 8)
    np.testing.assert_array_equal(shrunk(values, 4), [[9, 11, 13, 15], [25, 27, 29, 31]])


# Arrows


def test_an_arrow_is_the_mean_of_what_is_known_of_its_square():
    flow = np.zeros((2, 6, 2))
    flow[:, :2] = (4.0, 2.0)
    flow[0, 2:4] = (np.nan, 1.0)
    flow[1, 2] = (1.0, -1.0)
    flow[1, 3] = (3.0, -3.0)
    flow[:, 4:] = np.nan
    drawn = arrows(flow, most=3)
    np.testing.assert_allclose(drawn.places, [[1, 1], [3, 1]])
    np.testing.assert_allclose(drawn.vectors, [[4, 2], [2, -2]])


def test_the_last_squares_end_with_the_frame():
    drawn = arrows(np.ones((3, 5, 2)), most=2)
    np.testing.assert_allclose(drawn.places, [[1.5, 1.5], [4, 1.5]])


@pytest.mark.parametrize(
    ("length", "factor", "said"),
    [
        (10.0, 1.0, "1x"),
        (2.5, 2.0, "2x"),
        (90.0, 0.1, "0.1x"),
        (0.01, 10.0, "10x"),  # as if of 1 px: noise is not blown up
        (0.0, 10.0, "10x"),
    ],
)
def test_arrows_are_drawn_on_a_round_scale_that_is_told(length, factor, said):
    drawn = arrows(np.dstack([np.full((100, 200), length), np.zeros((100, 200))]), most=20)
    assert drawn.factor == factor
    assert said in drawn.scale_in_words.split()


@given(st.integers(1, 80), st.integers(1, 80), st.integers(1, 30), st.integers(0, 1000))
def test_no_arrow_is_longer_than_its_square_and_none_starts_outside(height, width, most, seed):
    flow = np.random.default_rng(seed).normal(0, 30, (height, width, 2))
    drawn = arrows(flow, most)
    spacing = -(-max(height, width) // most)
    assert len(drawn.places) == -(-height // spacing) * -(-width // spacing) <= most * most
    assert (drawn.places > 0).all()
    assert (drawn.places < (width, height)).all()
    assert np.hypot(*(drawn.factor * drawn.vectors).T).max() <= spacing * (1 + 1e-9)


def test_the_head_of_an_arrow_is_at_its_tip():
    ((tail, tip, left, again, right),) = arrows(np.array([[[1.0, 0.0]]])).strokes
    np.testing.assert_allclose(tail, [0.5, 0.5])
    np.testing.assert_allclose(tip, [1.5, 0.5])
    np.testing.assert_array_equal(tip, again)
    for side in (left, right):
        assert np.hypot(*(side - tip)) == pytest.approx(0.35)
        assert side[0] == pytest.approx(1.5 - 0.35 * np.sqrt(3) / 2)
    assert left[1] - 0.5 == pytest.approx(0.5 - right[1])


def test_there_are_no_arrows_where_nothing_is_known():
    drawn = arrows(np.full((4, 4, 2), np.nan))
    assert drawn.places.shape == (0, 2)
    assert drawn.strokes.shape == (0, 5, 2)
