"""From results of optical flow to panels: what is shown of which result, and nothing that was not asked for."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from components.render import optical_flow as render
from components.scale.flow import flow_colors
from models.data.flow_check import check_flow
from models.schema import AttentionMap, FlowTrace, OpticalFlowResult, RunInfo
from tests.markup import Elements

FIRST, SECOND = (Image.fromarray(np.random.default_rng(n).integers(0, 256, (8, 12, 3), dtype=np.uint8)) for n in (0, 1))
STILL = np.zeros((8, 12, 2), np.float32)
RIGHT = STILL + np.float32([4, 0])
RUN = RunInfo("a model", "embedded", "cpu", "float32", 0.1, False)
TRACE = FlowTrace(
    row=2,
    column=3,
    sizes=((6, 4), (12, 8)),
    added=np.float32([[3, 0], [1, 0]]),
    step=1,
    before=(3.0, 0.0),
    second=SECOND,
    area=(0.0, 0.0, 0.5, 0.25),
)
ATTENTION = AttentionMap(np.full((2, 3), 1 / 6, np.float32), 0, 0, "encoder", "A title")
RESULT = OpticalFlowResult(RIGHT, ((0, 0, 8, 12),), ATTENTION, TRACE, RUN)


def sections(back: np.ndarray | None, truth: np.ndarray | None) -> Elements:
    return Elements(render.flow_check(FIRST, {"perceiver": check_flow(FIRST, SECOND, RIGHT, back, truth)}))


def test_every_check_is_there_that_can_be_made():
    assert len(sections(-RIGHT, None).of("section")) == 2
    assert len(sections(None, None).of("section")) == 1
    page = sections(-RIGHT, STILL)
    assert len(page.of("section")) == 3
    assert "Perceiver: EPE 4.00 px · Fl-all 100%" in page.text


def test_a_check_is_right_where_frames_are_the_same_moved():
    """The second frame is the first, 4 pixels to the right: moved back it is the same, but for what has left it."""
    moved = Image.fromarray(np.roll(np.asarray(FIRST), 4, axis=1))
    right, wrong = (check_flow(FIRST, moved, flow, -flow, RIGHT) for flow in (RIGHT, STILL))
    assert right.after == 0 < right.before
    assert wrong.after == wrong.before > 0
    np.testing.assert_array_equal(np.asarray(right.warped)[:, :8], np.asarray(FIRST)[:, :8])
    assert right.known.sum() == 8 * 8
    assert right.hidden.tolist() == [[column >= 8 for column in range(12)]] * 8
    assert (right.epe, wrong.epe) == (0, 4)


def test_what_was_found_at_which_size():
    page = Elements(render.flow_attention(FIRST, RESULT))
    assert "12 × 8" in page.text
    assert "1.0 px right (map above)" in page.text
    assert "3.0 px right (map above)" not in page.text
    assert "warped back" in page.text
    single = replace(TRACE, sizes=((12, 8),), added=np.float32([[4, 0]]), step=0, before=(0.0, 0.0))
    page = Elements(render.flow_attention(FIRST, replace(RESULT, trace=single)))
    assert "map above" not in page.text
    assert "warped back" not in page.text


def test_the_ring_is_where_the_pixel_is_in_the_frame_as_it_was_read():
    """Four pixels to the right of column 3, three of which the frame had been moved back: the middle of 4, of 12."""
    (ring,) = Elements(render.flow_attention(FIRST, RESULT)).of("i", "ring")
    assert f"left:{100 * 4.5 / 12:.3f}%" in ring["style"]


def test_what_was_read_beyond_a_small_frame_is_said():
    assert "mirrored" not in render.flow_attention(FIRST, RESULT)
    wide = replace(RESULT, trace=replace(TRACE, area=(0.0, 0.0, 1.0, 1.2)))
    assert "mirrored" in render.flow_attention(FIRST, wide)


def test_no_attention_without_a_probe():
    without = replace(RESULT, attention=None, trace=None)
    with pytest.raises(ValueError, match="no attention"):
        render.flow_attention(FIRST, without)
    with pytest.raises(ValueError, match="no attention"):
        render.flow_attention_figure((FIRST, SECOND), without)


def test_a_film_has_the_clip_on_the_left_and_its_flow_on_one_scale_on_the_right():
    film = render.flow_film([np.asarray(FIRST), np.asarray(SECOND)], [STILL, RIGHT])
    left, right = zip(*(np.split(frame, 2, axis=1) for frame in film.frames), strict=True)
    np.testing.assert_array_equal(left, [np.asarray(FIRST), np.asarray(SECOND)])
    np.testing.assert_array_equal(right, [flow_colors(flow, 4.0) for flow in (STILL, RIGHT)])
    assert "4.0 px" in film.legend


def test_figures_hold_every_method():
    plot = render.flow_figure((FIRST, SECOND), {"perceiver": RIGHT, "tvl1": STILL}, RUN)
    assert {"perceiver_flow", "tvl1_flow"} <= set(plot.arrays)


def test_a_few_outliers_of_another_method_do_not_make_the_rest_pale():
    wild = STILL.copy()
    wild[0, 0] = 40
    assert "full from <b>4.0 px</b>" in render.optical_flow(FIRST, {"perceiver": RIGHT, "dis": wild}).replace("\n", "")
    assert "full from <b>9.0 px</b>" in render.optical_flow(FIRST, {"perceiver": RIGHT, "dis": RIGHT * 2.25})


def test_the_truth_is_shown_beside_what_is_estimated():
    page = Elements(render.optical_flow(FIRST, {"perceiver": RIGHT}, (2, 3), STILL))
    assert "Ground truth: almost no motion" in page.text
    assert page.text.count("Pixel at the cross") == 2
