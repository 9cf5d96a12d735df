"""Sheets of flow: that colors and marks lie where they belong, and that the words are the data's."""

import re
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes
from PIL import Image

from components.analysis.flow_attention import TracedPixel, most_read
from components.analysis.motion import flow_in_words
from components.plots.flow import FlowColumn, flow_plot
from components.plots.flow_attention import flow_attention_plot
from components.plots.plot import Plot
from components.scale.flow_errors import error_colors, largest_error_in_words, largest_error_shown
from components.scale.no_data import DARK
from models.schema import AttentionMap, RunInfo
from tests.plots import assert_legible, color_at, saved, words

RUN = RunInfo("optical_flow", "embedded", "cpu", "float32", 0.5, False)
NAN = float("nan")


def frame(width: int, height: int, color: str = "#204080") -> Image.Image:
    return Image.new("RGB", (width, height), color)


def moving(width: int, height: int, right: float, down: float) -> np.ndarray:
    return np.broadcast_to(np.float32([right, down]), (height, width, 2)).copy()


def attention(values, latent_share: float = 0.0, query_share: float = 0.0) -> AttentionMap:
    values = np.array(values, np.float32)
    return AttentionMap(values, latent_share, query_share, "rollout", "Rollout of a pixel's flow")


def tiles(plot: Plot) -> list[Axes]:
    """In reading order; the wheel and the color bar have names."""
    found = [axes for axes in plot.axes if axes.images and not axes.get_label()]
    return sorted(found, key=lambda axes: (-round(axes.get_position().y1, 3), axes.get_position().x0))


def drawn(plot: Plot, axes: Axes, x: float, y: float) -> np.ndarray:
    """The color on the page at a place, in pixels of the frame."""
    return color_at(plot, axes, x, y)


def two_methods() -> list[FlowColumn]:
    near, far = moving(6, 4, 5.0, 0.0), moving(6, 4, 0.0, -10.0)
    near[0, 0] = NAN
    return [FlowColumn("perceiver", "Perceiver", near), FlowColumn("classic", "Farnebäck", far)]


# Flow


def test_methods_are_on_one_scale_beside_the_first_frame():
    plot = flow_plot((frame(6, 4), frame(6, 4)), two_methods(), RUN, "Where everything moved")
    first, near, far = tiles(plot)
    np.testing.assert_array_equal(drawn(plot, first, 5.9, 3.9), [0x20, 0x40, 0x80])
    np.testing.assert_array_equal(drawn(plot, near, 3.5, 2.5), [255, 128, 128])  # right, half of the largest
    np.testing.assert_array_equal(drawn(plot, far, 3.5, 2.5), [128, 0, 255])  # up, the largest
    np.testing.assert_array_equal(drawn(plot, near, 0.5, 0.5), DARK)


def test_the_wheel_is_drawn_with_the_largest_magnitude():
    plot = flow_plot((frame(6, 4), frame(6, 4)), two_methods(), RUN, "Where")
    (wheel,) = (axes for axes in plot.axes if axes.get_label() == "wheel")
    np.testing.assert_allclose(drawn(plot, wheel, 0.1, -0.95), [128, 0, 255], atol=30)
    np.testing.assert_allclose(drawn(plot, wheel, -0.95, 0.02), [0, 255, 255], atol=20)
    assert "10 px or more at the rim no motion unknown" in words(plot)


def test_a_flow_sheet_says_what_it_shows():
    plot = flow_plot((frame(6, 4), frame(6, 4)), two_methods(), RUN, "Where everything moved")
    for fact in ("Where everything moved", "Perceiver", "Farnebäck", "model optical_flow", "embedded weights",
                 "method Perceiver, Farnebäck", "full color from 10 px", "the motion of Perceiver",
                 "Flow is an estimate"):  # fmt: skip
        assert fact in words(plot)
    assert "Attention" not in words(plot)
    near, far = (f"{column.title}: {flow_in_words(column.flow)}." for column in two_methods())
    assert plot.alt == f"Where everything moved. {near} {far}"


def test_arrows_lie_over_the_first_frame_and_nowhere_else():
    plot = flow_plot((frame(6, 4), frame(6, 4)), two_methods(), RUN, "Where")
    first, near, far = tiles(plot)
    (_, white) = first.collections
    assert len(white.get_segments()) == 6 * 4 - 1  # not where it is unknown
    for tail, tip, *_ in white.get_segments():
        np.testing.assert_allclose(tip - tail, [1.0, 0.0], atol=1e-6)  # 5 px, drawn 0.2 times as long
    assert "0.2x the motion" in words(plot)
    assert not near.collections
    assert not far.collections


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (700, 1), (640, 480), (1500, 40)])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_flow_sheets_of_all_sizes_are_legible(size, count):
    columns = [FlowColumn(f"m{at}", f"A method with a name {at}", moving(*size, at, 1)) for at in range(count)]
    assert_legible(flow_plot((frame(*size), frame(*size)), columns, RUN, "Where everything moved"))


def test_what_does_not_belong_together_is_refused():
    with pytest.raises(ValueError, match="one or more methods"):
        flow_plot((frame(6, 4), frame(6, 4)), [], RUN, "Where")
    with pytest.raises(ValueError, match=r"\(6, 5\).*\(6, 4\)"):
        flow_plot((frame(6, 5), frame(6, 5)), two_methods(), RUN, "Where")


def test_export_of_a_flow(tmp_path):
    columns = two_methods()
    png, svg, npz = saved(flow_plot((frame(6, 4), frame(6, 4)), columns, RUN, "Where"), tmp_path)
    with Image.open(png) as image:
        assert image.size[0] == 1600
    assert ElementTree.parse(svg).getroot().tag.endswith("svg")
    with np.load(npz) as raw:
        for column in columns:
            np.testing.assert_array_equal(raw[f"{column.name}_flow"], column.flow)
        assert raw["first"].shape == raw["second"].shape == (4, 6, 3)
        assert raw["full_color"] == 10


# Errors


def test_errors_have_the_colors_of_viridis_or_are_hatched():
    found = error_colors(np.array([[0.0, 1.0, 2.0, 9.0, NAN]]), 2.0)[0].tolist()
    viridis = matplotlib.colormaps["viridis"]([0.0, 0.5, 1.0, 1.0], bytes=True)[:, :3].tolist()
    assert found == [*viridis, list(DARK)]


def test_colors_of_errors_end_where_but_a_few_are_beyond():
    errors = np.arange(1, 102, dtype=np.float32)
    assert largest_error_shown([errors[:50], errors[50:]]) == 100
    assert largest_error_in_words([errors], 100) == "≥ 100 px"
    assert largest_error_in_words([errors], 101) == "101 px"
    assert largest_error_shown([np.zeros(3)]) == 0.01
    assert largest_error_shown([np.full(3, NAN)]) == 1.0


# Attention


def test_one_map_lies_over_both_frames_and_alone():
    asked = TracedPixel(attention([[0.4, 0.2], [0.1, 0.1]], 0.2), row=2, column=1, vector=(3.0, -1.0))
    plot = flow_attention_plot((frame(8, 4), frame(8, 4, "#802040")), asked, RUN, opacity=0.5)
    first, second, alone = tiles(plot)
    top = np.array(matplotlib.colormaps["viridis"](1.0)[:3]) * 255
    np.testing.assert_allclose(drawn(plot, alone, 2, 1), top, atol=2)
    np.testing.assert_allclose(drawn(plot, first, 2, 1), (top + np.array([0x20, 0x40, 0x80])) / 2, atol=2)
    np.testing.assert_allclose(drawn(plot, second, 2, 1), (top + np.array([0x80, 0x20, 0x40])) / 2, atol=2)
    assert [{(line.get_marker(), *line.get_xydata()[0]) for line in axes.lines} for axes in (first, second, alone)] == [
        {("x", 1.5, 2.5)}, {("x", 1.5, 2.5), ("o", 4.5, 1.5)}, {("x", 1.5, 2.5)}
    ]  # fmt: skip
    assert plot.alt == f"Rollout of a pixel's flow. {asked.in_words((8, 4), 'relative')}."
    assert re.search(r"row 3, column 2 of 4 × 8, .*3\.0 px right, 1\.0 px up; .*\bupper left: 2× uniform", plot.alt)
    assert "inputs 80% · learned latent array 20%" in words(plot)
    assert "Attention is not by itself an explanation." in words(plot)


def test_frames_apart_have_maps_of_their_own_on_one_scale():
    values = [[[0.1, 0.1]], [[0.2, 0.6]]]
    asked = TracedPixel(attention(values), 0, 0, (NAN, NAN))
    plot = flow_attention_plot((frame(8, 4), frame(8, 4)), asked, RUN, opacity=0.0)
    *_, first, second = tiles(plot)
    viridis = matplotlib.colormaps["viridis"]
    for axes, shares in ((first, (0.1, 0.1)), (second, (0.2, 0.6))):
        for x, share in zip((2, 6), shares, strict=True):
            np.testing.assert_allclose(drawn(plot, axes, x, 3), np.array(viridis(share / 0.6)[:3]) * 255, atol=2)
    assert re.search(r"\bright of the second frame: 2\.4× uniform", most_read(asked.attention, "relative"))
    assert "position in the second frame: unknown" in words(plot)


@pytest.mark.parametrize(
    ("area", "where"),
    [
        ((0, 0, 1, 1), "in the lower right"),
        ((0, 0, 0.3, 0.3), "in the upper left"),  # of a tile that is a ninth of the frame
        ((0.4, 0, 0.6, 0.3), "in the center left"),
        ((0, 0, 1, 1.5), "in the mirror image beyond the edge of the frame"),
    ],
)
def test_most_is_read_where_the_inputs_lie_in_the_frame(area, where):
    values = np.full((4, 4), 0.05, np.float32)
    values[3, 3] = 0.25
    attention = AttentionMap(values, 0.0, 0.0, "encoder", "A title")
    assert most_read(attention, "relative", area) == f"most attention {where}: 4× uniform"


def test_a_tile_is_laid_where_it_was_read():
    asked = TracedPixel(attention([[1.0]]), 1, 1, (0.0, 0.0), area=(0.5, 0.25, 1.0, 0.75))
    plot = flow_attention_plot((frame(8, 4), frame(8, 4)), asked, RUN, opacity=1.0)
    alone = tiles(plot)[2]
    for x, y, inside in (
        (1.9, 3, False),
        (2.1, 3, True),
        (5.9, 3, True),
        (6.1, 3, False),
        (4, 1.9, False),
        (4, 2.1, True),
    ):
        assert (np.ptp(drawn(plot, alone, x, y)) > 3) == inside  # hatching is gray


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (700, 1), (640, 480)])
@pytest.mark.parametrize("scale", ["relative", "log"])
@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4)])
def test_attention_sheets_are_legible(size, scale, shape):
    shares = np.random.default_rng(0).dirichlet(np.full(np.prod(shape), 0.3)).reshape(shape)
    asked = TracedPixel(attention(0.6 * shares, 0.3, 0.1), size[1] // 2, size[0] // 2, (1.0, 2.0))
    assert_legible(flow_attention_plot((frame(*size), frame(*size)), asked, RUN, scale))


def test_frames_of_two_sizes_are_refused():
    with pytest.raises(ValueError, match="sizes"):
        flow_attention_plot((frame(8, 4), frame(4, 8)), TracedPixel(attention([[1.0]]), 0, 0, (0, 0)), RUN)
