"""Several models' attention on one plot: that it is comparable, and that it says what it is."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from PIL import Image

from components.analysis.attention import most_attended, shares_in_words
from components.analysis.grid import index_at, place_in_words, region
from components.plots.images import ImageColumn, compare_attention
from components.plots.plot import Plot, to_svg
from components.scale.attention import AttentionScale, levels_of
from components.words.numbers import multiple
from models.schema import AttentionMap, RunInfo
from tests.plots import assert_legible, color_at, pixels, saved, words

SVG = "{http://www.w3.org/2000/svg}"
NAMES = ("learned", "fourier", "conv")


def over_inputs(values: list[list[float]] | np.ndarray, latent_share: float = 0.0, query_share: float = 0.0):
    values = np.array(values, np.float32)
    return AttentionMap(values, latent_share, query_share, "rollout", "Attention rollout: ship")


def over_latents(values: list[float] | np.ndarray) -> AttentionMap:
    values = np.array(values, np.float32)
    return AttentionMap(values, 0.0, 0.0, "decoder", "Decoder cross-attention: ship")


def random_map(rows: int, seed: int) -> AttentionMap:
    shares = np.random.default_rng(seed).dirichlet(np.full(rows * rows, 0.3)).reshape(rows, rows)
    return over_inputs(0.6 * shares, 0.3, 0.1)


def column(name: str, attention: AttentionMap, color: str = "#204080", side: int = 32) -> ImageColumn:
    run = RunInfo(f"image_{name}", "embedded", "cpu", "float32", 0.2, False)
    return ImageColumn(name, f"{name.title()} model", "ship 93%", Image.new("RGB", (side, side), color), attention, run)


def three() -> list[ImageColumn]:
    return [column(name, random_map(rows, rows)) for name, rows in zip(NAMES, (32, 31, 7), strict=True)]


def pictures(plot: Plot, layers: int) -> list[Axes]:
    """From left to right. layers: 2 where the map lies over the picture, 1 where it is alone."""
    return sorted((axes for axes in plot.axes if len(axes.images) == layers), key=lambda axes: axes.get_position().x0)


def drawn(plot: Plot, axes: Axes, row: int, column: int, side: int) -> np.ndarray:
    """The color in the middle of a cell of side x side, as it is on the page."""
    return color_at(plot, axes, (column + 0.5) / side, 1 - (row + 0.5) / side)


# Scale


def test_shares_are_told_as_multiples_of_uniform():
    attention = over_inputs([[0.5, 0.25], [0.25, 0.0]])
    np.testing.assert_array_equal(levels_of(attention, "relative"), [[2.0, 1.0], [1.0, 0.0]])
    np.testing.assert_allclose(levels_of(attention, "log"), [[np.log10(2), 0.0], [0.0, -3.0]], atol=1e-12)


def test_the_scale_ends_at_the_largest_multiple_of_all_maps():
    few, many = over_inputs([[0.7, 0.1], [0.1, 0.1]]), over_inputs(np.eye(4) / 4)
    shared = AttentionScale.of([few, many], "relative")
    assert (shared.norm.vmin, shared.norm.vmax) == pytest.approx((0.0, 4.0))  # 0.25 of 16, against 0.7 of 4
    assert shared.ends == ("0×", "4×")


def test_uniform_is_within_the_scale_even_where_all_stayed_behind():
    assert AttentionScale.of([over_inputs([[0.1, 0.1]], 0.8)], "relative").norm.vmax == 1.0
    assert AttentionScale.of([over_inputs([[0.5, 0.5]])], "log").norm.vmax == pytest.approx(np.log10(2))


def test_log_scale_is_symmetric_and_says_where_it_stands_for_less():
    shared = AttentionScale.of([over_inputs([[0.5, 0.5]]), over_inputs([[0.96, 0.04, 0.0, 0.0]])], "log")
    assert (shared.norm.vmin, shared.norm.vmax) == (-1.0, 1.0)  # 0 reaches to a tenth of uniform, as far as above
    assert shared.ends == ("≤ −1.00", "+1.00")
    assert shared.uniform == 0.0


@pytest.mark.parametrize(
    ("times", "said"), [(0.0, "0"), (1e-6, "< 0.001"), (0.5, "0.5"), (12.444, "12.4"), (1234.5, "1,234")]
)
def test_multiples_in_words(times, said):
    assert multiple(times) == said


# Words


@pytest.mark.parametrize(
    ("index", "grid", "where"),
    [
        (0, (3, 3), "upper left"),
        (4, (3, 3), "center"),
        (5, (3, 3), "center right"),
        (32 * 31 + 16, (32, 32), "lower center"),
        (10, (32, 32), "upper left"),
        (11, (32, 32), "upper center"),
        (0, (1, 1), "center"),
    ],
)
def test_regions(index, grid, where):
    assert region(index, grid) == where


def test_a_place_is_counted_from_the_upper_left_corner():
    assert place_in_words(33, (32, 32)) == "row 2, column 2 of 32 × 32, upper left"


@pytest.mark.parametrize(
    ("place", "grid", "index"),
    [((0.0, 0.0), (4, 4), 0), ((0.5, 0.26), (4, 4), 9), ((0.999, 0.999), (4, 4), 15), ((0.5, 0.5), (2, 4), 6)],
)
def test_a_place_belongs_to_one_input_of_each_grid(place, grid, index):
    assert index_at(place, grid) == index


def test_alt_text_says_where_each_looked_and_what_stayed_behind():
    first = over_inputs([[0.05, 0.05, 0.1], [0.1, 0.0, 0.0], [0.0, 0.0, 0.5]], 0.15, 0.05)
    plot = compare_attention([column("a", first), column("b", over_inputs([[0.75, 0.25]]))], "relative", "Where")
    assert plot.alt == (
        "Where. A model (ship 93%): most attention in the lower right (row 3, column 3 of 3 × 3): 5.62× uniform; "
        "inputs 80% · learned latent array 15% · output query 5%. B model (ship 93%): most attention in the "
        "center left (row 1, column 1 of 1 × 2): 1.5× uniform."
    )
    log = compare_attention([column("b", over_inputs([[0.75, 0.25]]))], "log", "Where")
    assert "+0.18 (log10" in log.alt  # log10 of 1.5


def test_shares_that_are_not_there_are_not_named():
    assert shares_in_words(over_inputs([[1.0]])) == ""
    assert shares_in_words(over_inputs([[0.7]], 0.3)) == "inputs 70% · learned latent array 30%"


def test_most_attended_latent():
    assert (
        most_attended(over_latents([0.1, 0.7, 0.1, 0.1]), "relative") == "most attention on latent 1 of 4: 2.8× uniform"
    )


# Sheets


@pytest.mark.parametrize("scale", ["relative", "log"])
def test_sheet_says_what_it_shows_of_which_models(scale):
    plot = compare_attention(three(), scale, "What three looked at")
    said = words(plot)
    for fact in ("What three looked at", "Learned model", "Fourier model", "Conv model", "ship 93%", "7 × 7",
                 "models image_learned, image_fourier, image_conv", "embedded weights", "method rollout",
                 f"{scale} scale", "inputs 60%", "learned latent array 30% · output query 10%",
                 "not by itself an explanation"):  # fmt: skip
        assert fact in said
    low, high = AttentionScale.of([part.attention for part in three()], scale).ends
    assert f"{high} {low}" in said
    assert ("uniform 1×" if scale == "relative" else "uniform 0") in said


@pytest.mark.parametrize("scale", ["relative", "log"])
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("title", ["Rollout: ship", "Encoder cross-attention of one latent, mean over heads, " * 4])
def test_every_text_is_on_the_sheet_and_clear_of_the_others(count, scale, title):
    long = "horned viper, cerastes, sand viper, horned asp, Cerastes cornutus 93%"
    columns = [replace(part, attention=replace(part.attention, title=title), caption=long) for part in three()]
    assert_legible(compare_attention(columns[:count], scale, title))


@pytest.mark.parametrize("scale", ["relative", "log"])
@pytest.mark.parametrize("count", [1, 8, 512])
def test_latents_are_legible(count, scale):
    maps = [over_latents(np.random.default_rng(seed).dirichlet(np.full(count, 0.3))) for seed in range(3)]
    columns = [column(name, attention) for name, attention in zip(NAMES, maps, strict=True)]
    plot = compare_attention(columns, scale, "Which latents the class read")
    assert_legible(plot)
    for attention in maps:
        assert f"latent {attention.values.argmax()}" in words(plot)


def test_equal_multiples_have_equal_colors_whatever_the_grid():
    """Of 4 inputs one has twice its share; of 16 one has four times, another twice: 2 of 4 and 2 of 4 match."""
    few = over_inputs([[0.5, 0.5], [0.0, 0.0]])
    many = np.zeros((4, 4))
    many[0, 0], many[3, 3], many[1, 2] = 4 / 16, 2 / 16, 10 / 16
    plot = compare_attention([column("a", few), column("b", over_inputs(many))], "relative", "Where")
    left, right = pictures(plot, layers=1)
    expected = [np.array(matplotlib.colormaps["viridis"](level / 10, bytes=True)[:3], int) for level in (2, 4, 10, 0)]
    found = [drawn(plot, left, 0, 1, 2), *(drawn(plot, right, *place, 4) for place in ((0, 0), (1, 2), (2, 0)))]
    np.testing.assert_allclose(found, expected, atol=2)
    np.testing.assert_array_equal(drawn(plot, right, 3, 3, 4), found[0])


@pytest.mark.parametrize("opacity", [0.0, 0.25, 1.0])
def test_the_map_covers_the_picture_as_much_as_is_wanted(opacity):
    plot = compare_attention([column("a", over_inputs([[1.0, 0.0]]), "#204080")], "relative", "Where", opacity)
    (over,) = pictures(plot, layers=2)
    under, top = np.array([0x20, 0x40, 0x80]), np.array(matplotlib.colormaps["viridis"](1.0)[:3]) * 255
    np.testing.assert_allclose(drawn(plot, over, 0, 0, 1 + 1), (1 - opacity) * under + opacity * top, atol=2)
    (alone,) = pictures(plot, layers=1)
    np.testing.assert_allclose(drawn(plot, alone, 0, 0, 2), top, atol=2)


def test_maps_are_enlarged_without_smoothing():
    attention = random_map(7, 1)
    plot = compare_attention([column("a", attention)], "relative", "Where")
    (alone,) = pictures(plot, layers=1)
    box = alone.get_window_extent()
    page = pixels(plot)
    inner = page[len(page) - int(box.y1) + 3 : len(page) - int(box.y0) - 3, int(box.x0) + 3 : int(box.x1) - 3]
    assert len(np.unique(inner.reshape(-1, 3), axis=0)) <= 49


def test_bars_have_the_heights_of_the_multiples_on_one_axis():
    columns = [column("a", over_latents([0.7, 0.1, 0.1, 0.1])), column("b", over_latents([0.25] * 4))]
    plot = compare_attention(columns, "relative", "Which latents")
    bars = [(axes, each) for axes in plot.axes for each in axes.collections if isinstance(each, PolyCollection)]
    heights = [[path.vertices[:, 1].max() for path in each.get_paths()] for axes, each in bars if axes.lines][:2]
    rows = [axes for axes, _ in bars if axes.lines][:2]
    np.testing.assert_allclose(heights, [[2.8, 0.4, 0.4, 0.4], [1.0] * 4], atol=1e-6)
    assert rows[0].get_ylim() == rows[1].get_ylim()
    assert [axes.lines[0].get_ydata()[0] for axes in rows] == [1.0, 1.0]


def test_bars_of_next_to_nothing_end_within_their_axes():
    plot = compare_attention([column("a", over_latents([1.0, 0.0, 0.0, 0.0]))], "log", "Which latents")
    (row,) = (axes for axes in plot.axes if axes.get_xlabel())
    low, high = row.get_ylim()
    assert low < -3.0 < np.log10(4) < high


def test_inputs_are_not_compared_with_latents():
    with pytest.raises(ValueError, match="all over inputs or all over latents"):
        compare_attention([column("a", over_inputs([[1.0]])), column("b", over_latents([1.0]))], "relative", "Where")
    with pytest.raises(ValueError, match="one or more"):
        compare_attention([], "relative", "Where")


# Export


def test_export_is_a_picture_a_drawing_and_all_that_was_drawn(tmp_path):
    columns = three()
    png, svg, npz = saved(compare_attention(columns, "log", "Where"), tmp_path)
    with Image.open(png) as image:
        assert image.size[0] == 1600
    assert ElementTree.parse(svg).getroot().tag == f"{SVG}svg"
    with np.load(npz) as raw:
        for part in columns:
            stored = {key.removeprefix(f"{part.name}_"): raw[key] for key in raw.files if key.startswith(part.name)}
            np.testing.assert_array_equal(stored["values"], part.attention.values)
            assert stored["values"].dtype == np.float32
            assert stored["values"].sum() + stored["latent_share"] + stored["query_share"] == pytest.approx(1, abs=1e-5)
            assert stored["uniform"] == pytest.approx(0.6 / part.attention.values.size)
            np.testing.assert_array_equal(stored["input_image"], np.full((32, 32, 3), [0x20, 0x40, 0x80], np.uint8))
            said = [str(stored[key]) for key in ("title", "model", "method", "caption")]
            assert said == [part.attention.title, part.run.model, "rollout", part.caption]


def test_svgs_on_one_page_do_not_touch_each_other():
    svgs = [to_svg(compare_attention(three()[:count], "relative", "Where")) for count in (2, 3)]
    ids = [[node.get("id") for node in ElementTree.fromstring(svg).iter() if node.get("id")] for svg in svgs]
    assert not set(ids[0]) & set(ids[1])
    for svg, own in zip(svgs, ids, strict=True):
        assert len(own) == len(set(own))
        links = set(re.findall(r'(?:xlink:href="#|url\(#)([^")]+)', svg))
        assert links
        assert links <= set(own)


def test_svg_survives_any_words():
    part = column("a", replace(over_inputs([[1.0]]), title="<script>\"&' -->"))
    root = ElementTree.fromstring(to_svg(compare_attention([replace(part, caption="<b>&")], "relative", "<i>")))
    assert root.find(f".//{SVG}script") is None
    assert "<b>&" in root.get("aria-label")
