"""Pictures as HTML: that their pixels are the data's, on the scale they say, and that their words are the data's."""

import math
import re
from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from components.html.axis import BarAxis
from components.html.charts.bars import label_bars
from components.html.images.attending_latents import attending_latents_table
from components.html.images.heatmap import overlay
from components.html.images.latents import latent_tiles
from components.html.images.pixels import data_uri
from components.html.images.positions import bands_to_show, frequencies, position_tiles, principal_components
from components.render import image_classification as render
from components.scale.attention import AttentionScale
from components.words.numbers import percent
from models.schema import AttentionMap, ImageClassificationResult, LabelScore, LatentMaps, RunInfo
from tests.markup import Elements, decoded

RUN = RunInfo("image_learned", "embedded", "cpu", "float32", 0.1, False)
LABELS = (LabelScore("ship", 0.75, 8), LabelScore("<b>cat & dog</b>", 0.0312, 3), LabelScore("frog", 0.0002, 6))
NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8))


def viridis(levels, highest: float) -> np.ndarray:
    return matplotlib.colormaps["viridis"](np.atleast_1d(levels) / highest, bytes=True)[..., :3]


def puor(levels, reach: float) -> np.ndarray:
    return matplotlib.colormaps["PuOr_r"]((np.atleast_1d(levels) + reach) / (2 * reach), bytes=True)[..., :3]


def attention(values, latent_share: float = 0.0, query_share: float = 0.0, title: str = "Rollout") -> AttentionMap:
    values = np.array(values, np.float32)
    return AttentionMap(values, latent_share, query_share, "rollout", title)


def result(found: AttentionMap | None, grid: tuple[int, int], **more) -> ImageClassificationResult:
    empty = dict.fromkeys(("latent_maps", "attending_latents", "positions")) | {"extent": (0.0, 1.0)}
    return ImageClassificationResult(
        labels=LABELS, input_image=NOISE, grid=grid, attention=found, run=RUN, **(empty | more)
    )


# Pixels


@pytest.mark.parametrize("colors", [1, 256, 257])
def test_pictures_keep_every_pixel(colors):
    pixels = np.stack([np.arange(1600) % colors % 256, np.arange(1600) % colors // 256, np.full(1600, 7)], axis=1)
    pixels = pixels.reshape(40, 40, 3).astype(np.uint8)
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) == colors
    np.testing.assert_array_equal(decoded({"src": data_uri(pixels)}), pixels)


def test_overlay_is_the_picture_below_the_map_and_the_map_alone():
    found = attention([[0.4, 0.1], [0.05, 0.05]], 0.4)
    shared = AttentionScale.of([found, attention([[1.0, 0.0, 0.0, 0.0]])], "relative")
    page = Elements(overlay(NOISE, found, shared, "Learned positions", None, (2, 2)))
    crop, over, alone = page.of("img")
    np.testing.assert_array_equal(decoded(crop), np.asarray(NOISE))
    expected = viridis(np.array([[1.6, 0.4], [0.2, 0.2]]) / 0.6, 4.0)
    np.testing.assert_allclose(decoded(over).astype(int), expected.astype(int), atol=1)
    np.testing.assert_array_equal(decoded(over), decoded(alone))
    assert "most attention in the upper left (row 1, column 1 of 2 × 2): 2.67× uniform" in over["alt"]
    assert crop["alt"] == "Input image, 32 × 32 pixels"


def test_overlay_on_the_log_scale():
    found = attention([[0.5, 0.125], [0.25, 0.125]])
    page = Elements(overlay(NOISE, found, AttentionScale.of([found], "log"), "Any", None, (2, 2)))
    expected = puor(np.log10([[2.0, 0.5], [1.0, 0.5]]), math.log10(2)).astype(int)
    np.testing.assert_allclose(decoded(page.of("img")[2]).astype(int), expected, atol=1)


def test_both_pictures_can_be_pointed_at_and_one_with_keys():
    found = attention(np.full((3, 4), 1 / 12))
    page = Elements(overlay(NOISE, found, AttentionScale.of([found], "relative"), "Any <b>", 6, (3, 4)))
    places = page.of("div", "places")
    assert [(each["data-rows"], each["data-columns"], each["data-place"]) for each in places] == [("3", "4", "6")] * 2
    assert [each.get("tabindex") for each in places] == ["0", None]
    assert (places[0]["role"], page.of("b")) == ("application", [])
    assert places[0]["aria-label"].startswith("Any <b>, most attention in ")
    assert "Selected: row 2, column 3 of 3 × 4, center." in places[0]["aria-label"]
    for marker in page.of("i", "marker"):
        numbers = {name: float(value) for name, value in re.findall(r"(\w+):([\d.]+)%", marker["style"])}
        assert numbers == pytest.approx({"left": 62.5, "top": 50, "width": 25, "height": 33.333}, abs=0.001)
    assert len(page.of("i", "marker")) == 2


def test_a_grid_that_does_not_fill_the_picture_lies_where_it_reads():
    found = attention(np.full((4, 4), 1 / 16))
    page = Elements(overlay(NOISE, found, AttentionScale.of([found], "relative"), "Any", 5, (4, 4), (0.1, 0.9)))
    for places in page.of("div", "places"):
        assert (places["data-start"], places["data-stop"]) == ("0.10000", "0.90000")
        assert places["style"] == "--start:0.10000;--span:0.80000"
    for marker in page.of("i", "marker"):
        numbers = {name: float(value) for name, value in re.findall(r"(\w+):([\d.]+)%", marker["style"])}
        assert numbers == pytest.approx({"left": 40, "top": 40, "width": 20, "height": 20}, abs=0.001)


def test_without_attention_there_is_only_the_picture():
    page = Elements(overlay(NOISE, None, None, "Any", None, (7, 7)))
    assert [each["class"] for each in page.of("img")] == ["crop"]
    assert [each["data-rows"] for each in page.of("div", "places")] == ["7"]
    assert page.of("i") == []


# Bars


def test_labels_are_bars_of_their_probability():
    page = Elements(label_bars(LABELS))
    assert page.text == "ship75%<b>cat & dog</b>3.1%frog< 0.1%" + "0%50%100%probability"
    assert page.of("b") == []
    assert [each["style"] for each in page.of("i")] == [
        f"left:0.00%;width:{width}%" for width in ("75.00", "3.12", "0.02")
    ]


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.0, "0%"),
        (0.0004, "< 0.1%"),
        (0.0312, "3.1%"),
        (0.0996, "10%"),
        (0.926, "93%"),
        (0.996, "99.6%"),
        (1.0, "100%"),
    ],
)
def test_shares_in_percent(share, said):
    assert percent(share) == said


def test_attending_latents_are_those_with_the_most_attention_and_their_bars_have_an_axis():
    shares = np.array([0.001, 0.02, 0.005, 0.0, 0.31], np.float32)
    colors = AttentionScale.over([100 * shares.astype(float)], "relative", 0.01)
    page = Elements(attending_latents_table(shares, 100, "row 1, <i>column 1", colors, most=3))
    assert re.findall(r"latent (\d)([\d.]+)× uniform", page.text) == [("4", "31"), ("1", "2"), ("2", "0.5")]
    assert "2 of 5 latents" in page.text
    assert "6.72× uniform" in page.text
    assert "row 1, <i>column 1" in page.text
    assert [each["style"] for each in page.of("i")] == [
        f"left:0.00%;width:{width}%" for width in ("100.00", "6.45", "1.61")
    ]
    assert {each["style"] for each in page.of("b")} == {"left:3.23%"}  # uniform, 1 of 31
    assert "0×10×20×30×" in page.text


def test_bars_of_the_log_scale_begin_at_uniform():
    shares = np.array([0.1, 0.001], np.float32)
    colors = AttentionScale.over([np.array([1.0, -1.0])], "log", 0.01)
    page = Elements(attending_latents_table(shares, 100, "here", colors))
    assert [each["style"] for each in page.of("i")] == ["left:50.00%;width:50.00%", "left:0.00%;width:50.00%"]
    assert {each["style"] for each in page.of("b")} == {"left:50.00%"}


def test_readers_of_several_models_are_compared_by_length():
    colors = AttentionScale.over([np.array([8.0])], "relative", 0.01)
    page = Elements(attending_latents_table(np.array([0.02, 0.01], np.float32), 100, "here", colors))
    assert [each["style"] for each in page.of("i")] == ["left:0.00%;width:25.00%", "left:0.00%;width:12.50%"]
    assert page.of("b")[0]["style"] == "left:12.50%"


# Latents


@pytest.mark.parametrize("selected", [None, 7])
def test_latents_are_buttons_with_maps_on_one_scale(selected):
    maps = np.array([[[0.1, 0.2], [0.3, 0.4]], [[0.8, 0.2], [0.0, 0.0]]], np.float32)
    html = latent_tiles(LatentMaps(np.array([7, 2]), np.float32([0.083, 0.04]), maps), selected, "relative")
    page = Elements(html)
    assert [(each["data-latent"], each["aria-pressed"]) for each in page.of("button")] == [
        ("", str(selected is None).lower()),
        ("7", str(selected == 7).lower()),
        ("2", "false"),
    ]
    assert page.of("button")[1]["title"] == "latent 7: 8.3% of the decoder attention"
    for each, values in zip(page.of("img"), maps, strict=True):
        expected = viridis(4 * values.astype(float), 3.2).astype(int)
        np.testing.assert_allclose(decoded(each).astype(int), expected, atol=1)
    assert "3.2×attention relative to uniform (1×), one scale for these maps" in page.text


def test_large_maps_are_blended_in_tiles():
    maps = np.full((1, 80, 80), 1 / 6400, np.float32)
    page = Elements(latent_tiles(LatentMaps(np.array([7]), np.float32([1.0]), maps), None, "relative"))
    assert page.of("img", "fine")


# Positions


def test_one_direction_explains_all():
    positions = np.outer([-3.0, 1.0, 1.0, 1.0], [0.6, 0.8]).reshape(2, 2, 2) + np.array([5.0, -2.0])
    scores, explained = principal_components(positions, 12)
    np.testing.assert_allclose(explained, [1.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(scores[..., 0], [[3.0, -1.0], [-1.0, -1.0]], atol=1e-12)


def test_components_are_ordered_and_their_shares_exact():
    """Variances of 1, 16 and 3 along the axes: 20 in all."""
    signs = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    scores, explained = principal_components((signs * np.sqrt([1, 16, 3])).reshape(2, 2, 3), 2)
    np.testing.assert_allclose(explained, [0.8, 0.15], atol=1e-12)
    np.testing.assert_allclose(np.abs(scores[..., 0]), np.full((2, 2), 4.0), atol=1e-12)


def test_learned_positions_say_what_their_components_explain():
    signs = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    page = Elements(position_tiles((signs * np.sqrt([1, 16, 3])).reshape(2, 2, 3).astype(np.float32), "learned"))
    assert page.text.startswith("1: 80%2: 15%3: 5.0%−4+4")
    assert "The first 3 principal components of 2 × 2 learned vectors with 3 channels" in page.text
    assert "100% in total" in page.text
    first, second, _ = (decoded(each).astype(int) for each in page.of("img"))
    for drawn, level in ((first, 4.0), (second, np.sqrt(3))):  # one scale for both
        expected = np.unique(puor([-level, level], 4.0), axis=0)
        np.testing.assert_array_equal(np.unique(drawn.reshape(-1, 3), axis=0), expected)


def test_positions_that_are_all_alike_are_said_to_be():
    assert "position vectors are the same" in position_tiles(np.ones((3, 3, 5), np.float32), "learned")


def fourier(side: int, max_resolution: int) -> np.ndarray:
    """Written out channel by channel, as section 3.2 of the Perceiver paper has them."""
    axis = np.linspace(-1, 1, side)
    row, column = np.meshgrid(axis, axis, indexing="ij")
    bands = [1 + (max_resolution / 2 - 1) * band / 63 for band in range(64)]
    waves = [wave(math.pi * f * at) for wave in (np.sin, np.cos) for at in (row, column) for f in bands]
    return np.stack([row, column, *waves], axis=-1).astype(np.float32)


def test_frequencies_reach_from_one_wave_to_half_the_resolution():
    np.testing.assert_allclose(frequencies(64, 224)[[0, 1, 63]], [1, 1 + 111 / 63, 112])
    shown = bands_to_show(64, 56)
    assert (shown[0], shown[-1], len(shown)) == (0, 63, 6)


def test_fourier_positions_are_drawn_channel_by_channel():
    page = Elements(position_tiles(fourier(9, 56), "conv"))
    images = {each["alt"]: decoded(each).astype(int) for each in page.of("img")}
    assert len(images) == 2 + 6 * 4
    row, column = np.meshgrid(np.linspace(-1, 1, 9), np.linspace(-1, 1, 9), indexing="ij")
    for alt, values in {
        "row coordinate": row,
        "column coordinate": column,
        "sin of row, 1 wave": np.sin(math.pi * row),
        "cos of column, 1 wave": np.cos(math.pi * column),
        "sin of column, 28 waves": np.sin(28 * math.pi * column),
        "cos of row, 4 waves": np.cos(4 * math.pi * row),
    }.items():
        # One step of the color map, where rounding to float32 falls on an edge.
        np.testing.assert_allclose(images[alt], puor(values, 1.0).astype(int), atol=6, err_msg=alt)


@pytest.mark.parametrize(
    ("side", "variant", "limit", "aliased"), [(32, "fourier", "15.5", 55), (7, "conv", "3", 59), (55, "conv", "27", 3)]
)
def test_frequencies_that_the_grid_cannot_tell_apart_are_named(side, variant, limit, aliased):
    page = Elements(position_tiles(fourier(side, {"fourier": 224, "conv": 56}[variant]), variant))
    assert re.search(rf"\b{limit} waves; {aliased} of the 64 frequencies\b.*\balias\b", page.text)
    assert 0 < page.text.count("aliased") < 6


# Views


def two() -> dict:
    """Of 4 inputs one has 3 times its share of what reached them, of 9 one 4.5 times."""
    return {
        "learned": result(attention([[0.6, 0.1], [0.1, 0.0]], 0.2, title="<i>Rollout</i>"), (2, 2)),
        "fourier": None,
        "conv": result(attention([[0.5, 0, 0], [0, 0.5, 0], [0, 0, 0]]), (3, 3)),
    }


def test_all_models_are_shown_on_one_scale():
    panels = render.image_classification(two())
    assert list(panels) == ["learned", "fourier", "conv"]
    learned, conv = (Elements(panels[variant].prediction) for variant in ("learned", "conv"))
    expected = viridis(np.array([[3.0, 0.5], [0.5, 0.0]]), 4.5).astype(int)
    np.testing.assert_allclose(decoded(learned.of("img")[1]).astype(int), expected, atol=1)
    assert decoded(conv.of("img")[1])[1, 1].tolist() == viridis(4.5, 4.5)[0].tolist()
    for page in (learned, conv):
        assert "0×4.5×attention relative to uniform (1×), one scale for all models" in page.text
        assert page.of("i")[0]["style"] == "left:0.00%;width:75.00%"
    assert learned.text.startswith("Learned positionsship75%")
    assert "<i>Rollout</i>inputs 80% · learned latent array 20%" in learned.text
    assert "inputs" not in conv.text


def test_a_model_that_is_not_to_be_had_is_said_so_in_its_place():
    panels = render.image_classification(two())
    assert Elements(panels["fourier"].prediction).text.startswith("Fourier positionsThis model is not available")
    assert panels["fourier"].latents == ""


def test_a_place_is_marked_in_every_grid_and_its_readers_are_compared():
    results = two()
    for variant, attending_latents in (("learned", [0.5, 0.25]), ("conv", [0.1, 0.05])):
        results[variant] = replace(results[variant], attending_latents=np.array(attending_latents, np.float32))
    panels = render.image_classification(results, place=(0.9, 0.4))
    learned, conv = (Elements(panels[variant].prediction) for variant in ("learned", "conv"))
    assert [each["data-place"] for each in learned.of("div", "places")] == ["2", "2"]
    assert [each["data-place"] for each in conv.of("div", "places")] == ["7", "7"]
    tables = [Elements(panels[variant].latents) for variant in ("learned", "conv")]
    assert "row 3, column 2 of 3 × 3, lower center" in tables[1].text
    assert [table.of("i")[0]["style"].partition(";")[2] for table in tables] == [
        "width:100.00%",
        "width:45.00%",
    ]  # 2 times, 0.9 times


def test_the_chosen_latent_is_marked_for_its_model_alone():
    maps = LatentMaps(np.array([5, 6]), np.float32([0.5, 0.1]), np.full((2, 2, 2), 0.25, np.float32))
    results = {name: replace(two()["learned"], latent_maps=maps) for name in ("learned", "fourier")}
    panels = render.image_classification(results, {"learned": 6, "fourier": None})
    buttons = {name: Elements(panel.latents).of("button") for name, panel in panels.items()}
    pressed = {
        name: [each["data-latent"] for each in row if each["aria-pressed"] == "true"] for name, row in buttons.items()
    }
    assert pressed == {"learned": ["6"], "fourier": [""]}


def test_without_a_probe_pictures_stand_alone_and_there_is_no_figure():
    results = {"learned": result(None, (2, 2))}
    page = Elements(render.image_classification(results)["learned"].prediction)
    assert (len(page.of("img")), page.of("p", "legend")) == (1, [])
    with pytest.raises(ValueError, match="no attention"):
        render.image_attention(results)


def test_the_figure_has_all_models_that_answered():
    plot = render.image_attention(two(), "log", 0.3)
    assert "Learned positions (ship 75%): most attention in the upper left" in plot.alt
    assert "Convolution first" in plot.alt
    assert "Fourier" not in plot.alt
    assert {name.removesuffix("_values") for name in plot.arrays if name.endswith("_values")} == {"learned", "conv"}


def test_attention_over_latents_is_in_the_figure_and_not_on_the_picture():
    found = AttentionMap(np.float32([0.75, 0.25]), 0.0, 0.0, "decoder", "Decoder")
    results = {"learned": result(found, (2, 2))}
    assert len(Elements(render.image_classification(results)["learned"].prediction).of("img")) == 1
    assert "most attention on latent 0 of 2: 1.5× uniform" in render.image_attention(results).alt


def test_positions_of_those_that_were_asked():
    results = two() | {"learned": replace(two()["learned"], positions=np.random.default_rng(0).random((4, 4, 20)))}
    page = Elements(render.image_positions(results))
    assert page.text.startswith("Learned positions1: ")
    assert len(page.of("img")) == 12


# Axes of bars


@given(st.floats(-1e3, 0.0), st.floats(1e-3, 1e3))
def test_ticks_lie_within_the_axis_and_name_their_values(low, high):
    axis = BarAxis.over(low, high, str)
    assert 1 <= len(axis.ticks) <= 6
    for value, label in axis.ticks:
        assert low <= value <= high
        assert float(label) == value
        assert axis.place(value) == pytest.approx(100 * (value - low) / (high - low))


def test_bars_begin_at_the_zero_line():
    axis = BarAxis.over(-1.0, 3.0, str)
    for value, expected in ((3.0, "left:25.00%;width:75.00%"), (-0.5, "left:12.50%;width:12.50%")):
        page = Elements(axis.bar(value))
        assert (page.of("i")[0]["style"], page.of("u")[0]["style"]) == (expected, "left:25.00%")
    assert Elements(BarAxis.over(0.0, 1.0, str).bar(0.5)).of("u") == []
