"""Pictures of motion as HTML: that pixels and places are the data's, and that the words are."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from components.analysis.flow_attention import TracedPixel
from components.analysis.motion import errors_in_words, flow_in_words
from components.html.images.comparison import error_in_words, warp_check
from components.html.images.flow import arrows_picture, flow_pictures, wheel_legend
from components.html.images.flow_attention import flow_attention_pictures
from components.html.images.flow_maps import error_pictures, hidden_in_words, occlusion_picture
from components.html.images.frames import color_map, photograph, ring
from components.scale.flow import FlowScale, flow_colors
from components.scale.flow_errors import ErrorColumn
from components.scale.no_data import DARK, LIGHT
from models.schema import AttentionMap
from tests.markup import Elements, decoded

NAN = float("nan")
NOISE = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)
FRAME = Image.fromarray(NOISE)


def moving(width: int, height: int, right: float, down: float) -> np.ndarray:
    return np.broadcast_to(np.float32([right, down]), (height, width, 2)).copy()


def style(attrs: dict) -> dict[str, float]:
    return {name: float(value) for name, value in re.findall(r"([\w-]+):([\d.]+)", attrs["style"])}


# Images


def test_large_photographs_and_noise_stay_small_and_look_the_same():
    noise = np.random.default_rng(1).integers(96, 160, (1024, 1024, 3), dtype=np.uint8)
    smooth = np.broadcast_to(np.arange(1024, dtype=np.uint16)[None, :, None] // 4, (1024, 1024, 3)).astype(np.uint8)
    for markup in (photograph(noise, "", "crop"), color_map(noise, "", "map"), photograph(smooth, "")):
        assert len(markup) < 1_500_000
        assert "data:image/jpeg;base64," in markup
    body = photograph(smooth, "").partition("base64,")[2].partition('"')[0]
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(body)))).astype(int)
    assert np.abs(shown - smooth).max() <= 4


def test_small_photographs_and_maps_are_exact():
    for markup in (photograph(NOISE, "<noise>"), color_map(NOISE, "<noise>", "map")):
        (image,) = Elements(markup).of("img")
        np.testing.assert_array_equal(decoded(image), NOISE)
        assert image["alt"] == "<noise>"


# Flow


def test_flows_are_colored_on_one_scale_and_can_be_pointed_at():
    flows = {"Perceiver": moving(6, 4, 5, 0), "<b>Other</b>": moving(6, 4, 0, 10)}
    page = Elements(flow_pictures(flows, chosen=(2, 4)))
    maps = page.of("img", "map")
    for image, flow in zip(maps, flows.values(), strict=True):
        np.testing.assert_array_equal(decoded(image), flow_colors(flow, 10.0))
    for places in page.of("div", "places"):
        assert (places["role"], places["tabindex"]) == ("application", "0")
        assert (places["data-rows"], places["data-columns"], places["data-place"]) == ("4", "6", "16")
        assert style(places) == {"--ratio": 1.5}
    for cross in page.of("i", "cross"):
        assert style(cross) == pytest.approx({"left": 75.0, "top": 62.5})
    assert maps[0]["alt"] == f"Perceiver: {flow_in_words(flows['Perceiver'])}"
    label = page.of("div", "places")[1]["aria-label"]
    assert label.startswith(f"<b>Other</b>, {flow_in_words(flows['<b>Other</b>'])}.")
    assert re.search(r"row 3, column 5\b.*: 10\.0 px down\.", label)
    assert "Pixel at the cross: 5.0 px right" in page.text
    assert len(page.of("img", "wheel")) == 1
    assert "full from 10 px" in page.text


def test_a_flow_that_is_not_asked_about_has_no_cross():
    page = Elements(flow_pictures({"Perceiver": moving(6, 4, 5, 0)}))
    assert page.of("i", "cross") == []
    assert "data-place" not in page.of("div", "places")[0]
    assert "the cross" not in page.text


def test_flows_of_several_sizes_are_refused():
    for flows in ({}, {"a": moving(6, 4, 1, 1), "b": moving(4, 6, 1, 1)}):
        with pytest.raises(ValueError, match="one size"):
            flow_pictures(flows)


def test_the_wheel_of_the_page_points_as_the_flow_does():
    (image,) = Elements(wheel_legend(FlowScale(7.0))).of("img")
    pixels = decoded(image).astype(int)
    middle, end = pixels.shape[0] // 2, pixels.shape[0] - 3
    np.testing.assert_allclose(pixels[middle, end], [255, 0, 0], atol=16)
    np.testing.assert_allclose(pixels[end, middle], [128, 255, 0], atol=16)
    assert "7.0 px" in image["alt"]


def test_arrows_are_drawn_in_pixels_of_the_frame():
    flow = moving(6, 4, 2, 0)
    flow[:, 3:] = NAN
    page = Elements(arrows_picture(FRAME, flow, "<i>Any"))
    (drawing,) = page.of("svg")
    assert drawing["viewbox"] == "0 0 6 4"
    edge, line = page.of("path")
    assert edge["d"] == line["d"]
    starts = re.findall(r"M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)", line["d"])
    assert starts[0] == ("0.50", "0.50", "1.50", "0.50")  # half as long, of 2 px
    assert len(starts) == 3 * 4
    assert re.match(r"First frame .*<i>Any .*0\.5x", page.text)


# Comparison


def test_two_frames_share_a_picture_and_a_range_that_keys_move():
    warped = Image.fromarray(255 - NOISE)
    known = np.ones((4, 6), bool)
    known[0, :3] = False
    page = Elements(warp_check(FRAME, warped, 12.34, 2.1, known, "<b>DIS"))
    right, left = (decoded(image) for image in page.of("img"))
    np.testing.assert_array_equal(left, NOISE)
    np.testing.assert_array_equal(right[known], (255 - NOISE)[known])
    assert right[~known].tolist() == [list(DARK), list(LIGHT), list(DARK)]
    (slide,) = page.of("input")
    assert (slide["type"], slide["min"], slide["max"], slide["value"]) == ("range", "0", "100", "50")
    assert "second frame, warped back by <b>DIS, on the right" in slide["aria-label"]
    assert f"{error_in_words(12.34, 2.1)} Hatched: 12%" in page.text


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ((12.34, 2.1), ["2.1", "12.3", "83% lower"]),
        ((10.0, 15.0), ["15.0", "10.0", "50% higher"]),
        ((0.0, 0.0), ["0.0", "0.0"]),
        ((3.0, 3.01), ["3.0", "3.0"]),
        ((NAN, 1.0), []),
    ],
)
def test_photometric_errors_in_words(errors, said):
    assert re.findall(r"\d+\.\d|\d+% \w+", error_in_words(*errors)) == said


def test_frames_of_two_sizes_are_not_compared():
    with pytest.raises(ValueError, match=r"\(6, 4\).*\(4, 6\)"):
        warp_check(FRAME, FRAME.transpose(Image.Transpose.ROTATE_90), 1, 1)


# Maps


def test_what_is_hidden_is_a_stencil_over_the_frame():
    mask = np.zeros((4, 6), bool)
    mask[3, 4:] = True
    page = Elements(occlusion_picture(FRAME, {"Perceiver": mask, "Other": np.zeros_like(mask)}))
    frame, over, _, nothing = page.of("img")
    np.testing.assert_array_equal(decoded(frame), NOISE)
    stencil = np.asarray(Image.open(io.BytesIO(base64.b64decode(over["src"].partition(",")[2]))).convert("RGBA"))
    np.testing.assert_array_equal(stencil[..., 3] == 255, mask)
    np.testing.assert_array_equal(stencil[..., 3] == 0, ~mask)
    assert stencil[3, 4].tolist() == [214, 0, 108, 255]
    assert re.match(r"8\.3% .*\blower right$", over["alt"])
    assert "%" not in nothing["alt"]


def test_most_is_hidden_where_most_pixels_are():
    mask = np.zeros((9, 9), bool)
    mask[0, 0] = mask[4, 4] = mask[5, 5] = True
    assert re.match(r"3\.7% .*\bthe center$", hidden_in_words(mask))


def test_errors_say_epe_and_fl_all_and_share_a_scale():
    errors = np.array([[0.0, 1.0], [2.0, NAN]], np.float32)
    columns = [ErrorColumn("a", "A<b>", errors, 1.0, 0.0), ErrorColumn("b", "B", 2 * errors, 2.0, 0.125)]
    page = Elements(error_pictures(columns, largest=4.0))
    first, second = (decoded(image) for image in page.of("img"))
    assert first[1, 0].tolist() == second[0, 1].tolist()
    assert first[1, 1].tolist() == second[1, 1].tolist() == list(DARK)
    assert f"A<b>: EPE 1.00 px · Fl-all 0%{errors_in_words(errors)}" in page.text
    assert "B: EPE 2.00 px · Fl-all 12%" in page.text
    assert "0 px4.0 pxend-point error in pixels, one scale for all methods" in page.text
    assert page.of("span", "no-data-key")
    with pytest.raises(ValueError, match="one or more"):
        error_pictures([])


# Attention


def asked(values, vector=(2.0, 1.0), **more) -> TracedPixel:
    values = np.array(values, np.float32)
    return TracedPixel(AttentionMap(values, 0.0, 0.0, "rollout", "<Rollout>"), 1, 2, vector, **more)


def test_maps_lie_over_both_frames_where_they_were_read():
    page = Elements(flow_attention_pictures((FRAME, FRAME), asked([[0.75, 0.25]], area=(0.0, 0.5, 0.5, 1.0))))
    assert len(page.of("img", "crop")) == 2
    for over in page.of("img", "map"):
        assert style(over) == {"top": 0, "left": 50, "width": 50, "height": 50}
    assert [style(each) for each in page.of("i", "cross")] == [pytest.approx({"left": 41.667, "top": 37.5})] * 3
    assert [style(each) for each in page.of("i", "ring")] == [pytest.approx({"left": 75.0, "top": 62.5})]
    assert re.search(r"Cross: row 2, column 3; ring: .*\b2\.0 px right, 1\.0 px down\)", page.text)
    assert "<Rollout>" in page.text


def test_frames_apart_have_two_maps_and_nothing_is_found_where_it_is_unknown():
    page = Elements(flow_attention_pictures((FRAME, FRAME), asked([[[0.1]], [[0.9]]], vector=(NAN, 0.0)), "log"))
    over_first, over_second, first, second = (decoded(image)[0, 0].tolist() for image in page.of("img", "map"))
    assert over_first == first
    assert over_second == second
    assert first != second
    assert page.of("i", "ring") == []
    assert "position in the second frame: unknown" in page.text


def test_what_left_the_frame_has_no_ring():
    assert ring((7.0, 1.0), (6, 4)) == ring((1.0, -0.5), (6, 4)) == ""


# Sizes


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (3840, 2160)])
def test_every_picture_can_be_had_of_every_size_and_stays_small(size):
    """The same color all over: that real ones stay small, too, is seen above."""
    frame, flow = Image.new("RGB", size, "#204080"), moving(*size, 1.5, -2.5)
    errors, mask = np.hypot(flow[..., 0], flow[..., 1]), flow[..., 0] > 2
    pictures = [
        flow_pictures({"Any": flow}, chosen=(size[1] - 1, size[0] - 1)),
        arrows_picture(frame, flow, "Any"),
        warp_check(frame, frame, 1.0, 0.5),
        occlusion_picture(frame, {"Any": mask}),
        error_pictures([ErrorColumn("any", "Any", errors, 2.9, 0.0)]),
    ]
    for markup in pictures:
        assert len(markup) < 1_500_000
        for image in Elements(markup).of("img"):
            body = base64.b64decode(image["src"].partition(",")[2])
            with Image.open(io.BytesIO(body)) as shown:
                assert max(shown.size) <= 1024
