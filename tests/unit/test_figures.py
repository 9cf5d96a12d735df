"""What the pictures of attention say, and that they say it legibly; no picture is compared pixel by pixel."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from components.analysis.attention import describe
from components.plots.bytes import MARK, attention_over_bytes, attention_over_latents
from components.plots.plot import PAGE_COLORS, REMINDER, printable, to_page_svg, to_svg
from components.scale.attention import COLOR_MAPS, LOG_FLOOR, AttentionScale, Scale, ink_on, levels_of
from models.schema import AttentionMap, RunInfo
from tests.plots import assert_legible, pixels, saved, texts, words

RUN = RunInfo("deepmind/language-perceiver", "published", "cpu", "float32", 0.5, False)
TITLE = "Rollout through all layers, mean over heads: what was byte 52 “$m_1$” read from?"
SVG = "{http://www.w3.org/2000/svg}"


def rollout(count: int, title: str = TITLE) -> AttentionMap:
    weights = np.exp(np.random.default_rng(count).normal(0.0, 1.5, count))
    values = (0.6 * weights / weights.sum()).astype(np.float32)
    return AttentionMap(values, 0.3, 0.1, "rollout", title)


def decoder(count: int) -> AttentionMap:
    values = np.random.default_rng(count).dirichlet(np.full(count, 0.3)).astype(np.float32)
    return AttentionMap(values, 0.0, 0.0, "decoder", "Decoder cross-attention, head 3 of 8")


def labels_of(count: int) -> list[str]:
    return [("CLS", "a", "␣", "C3", "␊", "$", "M", "W")[i % 8] for i in range(count)]


# Scales


SCALES: tuple[Scale, ...] = ("share", "relative", "log")


def test_levels_are_shares_multiples_of_uniform_or_their_logarithms():
    attention = rollout(60)
    np.testing.assert_array_equal(levels_of(attention, "share"), attention.values)
    np.testing.assert_allclose(levels_of(attention, "relative"), 100 * attention.values, rtol=1e-6)  # 0.6 / 60
    np.testing.assert_allclose(levels_of(attention, "log"), np.log10(100 * attention.values), atol=1e-6)


@pytest.mark.parametrize("shape", [(60,), (4, 5)])
def test_uniform_map_is_zero_on_the_log_scale(shape):
    count = int(np.prod(shape))
    attention = AttentionMap(np.full(shape, 1 / count, np.float32), 0.0, 0.0, "encoder", "Uniform")
    np.testing.assert_allclose(levels_of(attention, "log"), np.zeros(shape), atol=1e-6)


def test_log_scale_counts_tenfolds_and_ends_at_its_floor():
    values = np.array([0.9, 0.09, 0.01 - 1e-9, 1e-9, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], np.float32)
    levels = levels_of(AttentionMap(values, 0.0, 0.0, "encoder", "Peaked"), "log")
    np.testing.assert_allclose(levels[:3], np.log10([9.0, 0.9, 0.1]), atol=1e-5)
    np.testing.assert_array_equal(levels[3:], LOG_FLOOR)


@pytest.mark.parametrize("scale", SCALES)
def test_colors_hold_the_highest_value_and_the_uniform_level(scale):
    attention = rollout(60)
    colors = AttentionScale.of([attention], scale)
    assert colors.color_map.name == COLOR_MAPS[scale]
    assert colors.norm(levels_of(attention, scale)).max() <= 1 + 1e-9
    if scale == "log":
        assert colors.norm(colors.uniform) == pytest.approx(0.5)
    else:
        assert colors.norm(0.0) == 0.0 < colors.norm(colors.uniform) <= 1.0


def test_ink_contrasts_with_its_cell():
    assert ink_on(np.array([[1.0, 1.0, 0.9], [0.1, 0.0, 0.2]])) == ["#000000", "#ffffff"]


# Words


def test_description_names_the_inputs_most_read_and_what_stayed_behind():
    values = np.array([0.05, 0.3, 0.1, 0.15], np.float32)
    attention = AttentionMap(values, 0.3, 0.1, "rollout", "What was byte 2 read from?")
    said = describe(attention, ["CLS", "h at position 1", "i at position 2", "SEP at position 3"])
    assert said.startswith("What was byte 2 read from? Most attention of 4 inputs: h at position 1: 30% of the ")
    assert said.index("h at position 1") < said.index("SEP at position 3: 15%") < said.index("i at position 2: 10%")
    assert "CLS" not in said
    assert said.count("(uniform: 15%)") == 3  # 0.6 of the attention over 4 inputs
    assert "learned latent array 30% · output query 10%" in said


def test_description_is_silent_about_shares_that_are_not_there():
    attention = decoder(8)
    said = describe(attention, [f"latent {i}" for i in range(8)])
    assert f"latents: latent {attention.values.argmax()}: " in said
    assert "stayed" not in said


def test_description_wants_a_label_for_each_value():
    with pytest.raises(ValueError, match="3 labels for 4 values"):
        describe(rollout(4), ["a", "b", "c"])


def test_glyphs_that_the_font_lacks_are_written_in_hex():
    assert [printable(c) for c in ("a", "␣", "␊", "␡", "\n", "中")] == ["a", "␣", "0A", "7F", "0A", "4E2D"]
    assert printable("of “中”") == "of “[4E2D]”"


# Sheets


@pytest.mark.parametrize(
    ("count", "scale"), [*product((1, 16, 17, 60, 200), ("share", "log")), (514, "share"), (2048, "log")]
)
def test_every_text_is_on_the_sheet_and_clear_of_the_others(count, scale):
    plot = attention_over_bytes(rollout(count), labels_of(count), RUN, scale, marked=range(count // 3, count // 2))
    assert_legible(plot)
    shown = [text.get_text() for text in texts(plot)]
    for label in set(labels_of(count)):
        assert shown.count("0A" if label == "␊" else label) == labels_of(count).count(label)


@pytest.mark.parametrize("scale", ["share", "log"])
@pytest.mark.parametrize("count", [1, 8, 256, 2048])
def test_latents_are_legible(count, scale):
    attention = decoder(count)
    plot = attention_over_latents(attention, RUN, scale)
    assert_legible(plot)
    assert f"latent {attention.values.argmax()}" in words(plot)
    assert "uniform" in words(plot)


@pytest.mark.parametrize("scale", ["share", "log"])
def test_long_titles_are_wrapped_and_cut(scale):
    attention = rollout(60, title="A title that quotes far too much of the text, 中文 and all, " * 12)
    plot = attention_over_bytes(attention, labels_of(60), RUN, scale)
    assert_legible(plot)
    assert " …" in words(plot)
    assert attention.title in plot.alt


def test_sheet_says_what_it_shows_and_how_it_was_made():
    said = words(attention_over_bytes(rollout(60), labels_of(60), RUN, "log", marked={3}))
    for fact in (TITLE, "inputs 60%", "learned latent array 30%", "output query 10%", RUN.model, "published weights",
                 "method rollout", "log scale", "cpu, float32", REMINDER, "masked"):  # fmt: skip
        assert fact in said


def test_shares_are_left_out_where_all_went_to_the_inputs():
    attention = AttentionMap(np.full(60, 1 / 60, np.float32), 0.0, 0.0, "encoder", "Encoder, head 1")
    assert "latent array" not in words(attention_over_bytes(attention, labels_of(60), RUN))


def test_color_bar_labels_both_ends_and_marks_the_uniform_level():
    attention = rollout(60)
    highest = 100 * attention.values.max()
    for scale, level, ends in (
        ("share", "1%", ["0%", f"{highest:.3g}%"]),
        ("relative", "1×", ["0×", f"{highest:.3g}×"]),
        ("log", "0", ["−", "+"]),
    ):
        plot = attention_over_bytes(attention, labels_of(60), RUN, scale)
        (bar,) = (axes for axes in plot.axes if axes.get_label() == "color bar")
        assert bar.get_yticks() == pytest.approx([{"share": 0.01, "relative": 1.0, "log": 0.0}[scale]])
        assert f"uniform {level}" in words(plot)
        assert all(any(end in text.get_text() for text in texts(plot)) for end in ends)


def test_marked_cells_are_outlined_in_the_picture():
    plain, marked = (pixels(attention_over_bytes(rollout(60), labels_of(60), RUN, marked=m)) for m in ((), (7, 8)))
    mark = np.array([int(MARK[i : i + 2], 16) for i in (1, 3, 5)])
    assert not (plain == mark).all(axis=2).any()
    assert (marked == mark).all(axis=2).any()


# Export


@pytest.mark.parametrize("count", [1, 60, 514])
def test_export_is_a_picture_a_drawing_and_the_raw_map(tmp_path, count):
    attention = rollout(count)
    plot = attention_over_bytes(attention, labels_of(count), RUN)
    png, svg, npz = saved(plot, tmp_path)
    with Image.open(png) as image:
        assert image.size == (1600, round(100 * plot.height))
    assert ElementTree.parse(svg).getroot().tag == f"{SVG}svg"
    with np.load(npz) as raw:
        np.testing.assert_array_equal(raw["values"], attention.values)
        assert raw["values"].sum() + raw["latent_share"] + raw["query_share"] == pytest.approx(1.0, abs=1e-5)
        assert raw["uniform"] == attention.uniform
        assert (str(raw["method"]), str(raw["title"]), str(raw["model"])) == ("rollout", TITLE, RUN.model)


def test_svg_is_an_image_with_words_and_without_a_size_of_its_own():
    plot = attention_over_bytes(rollout(60), labels_of(60), RUN)
    svg = to_svg(plot)
    root = ElementTree.fromstring(svg)
    assert svg.startswith("<svg ")
    assert (root.get("role"), root.get("width"), root.get("height")) == ("img", "100%", None)
    _, _, width, height = map(float, root.get("viewBox").split())
    assert (width, height) == pytest.approx((1152, 72 * plot.height))
    assert TITLE in root.get("aria-label")
    assert root.find(f"{SVG}title").text == TITLE


def test_svgs_on_one_page_do_not_touch_each_other():
    first, second = (to_svg(attention_over_bytes(rollout(n), labels_of(n), RUN)) for n in (59, 60))
    ids = [{node.get("id") for node in ElementTree.fromstring(svg).iter()} - {None} for svg in (first, second)]
    assert not ids[0] & ids[1]
    for svg, own in zip((first, second), ids, strict=True):
        links = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
        assert links
        assert links <= own
        assert ">*{" not in svg


@pytest.mark.parametrize("title", ["<script>\"&' -->", "a\0b\ud800c\ufffe"])
def test_svg_survives_any_title(title):
    root = ElementTree.fromstring(to_svg(attention_over_bytes(rollout(3, title), labels_of(3), RUN)))
    assert root.find(f".//{SVG}script") is None


def test_threads_draw_the_same_pictures_as_one_after_the_other():
    def draw(count: int) -> tuple[str, bytes]:
        plot = attention_over_bytes(rollout(count), labels_of(count), RUN, "log")
        return to_svg(plot), pixels(plot).tobytes()

    counts = [20, 40] * 2
    alone = [draw(count) for count in counts[:2]] * 2
    with ThreadPoolExecutor(max_workers=2) as pool:
        assert list(pool.map(draw, counts)) == alone


def test_figures_need_neither_torch_nor_gradio_nor_pyplot():
    code = "import sys, components.plots.bytes; print(*(set(sys.modules) & {'torch', 'gradio', 'matplotlib.pyplot'}))"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_plots_on_a_page_follow_its_theme_and_saved_ones_are_on_white(tmp_path):
    plot = attention_over_latents(decoder(8), RUN)
    page, (_, file, _) = to_page_svg(plot), saved(plot, tmp_path)
    written = file.read_text()
    for color, themed in PAGE_COLORS.items():
        assert f": {color}" in written
        assert f": {color}" not in page
        assert f": {themed}" in page
    backgrounds = [
        re.search(r'id="[^"]*"[^>]*>\s*<path d="M 0 [^"]*"[^>]*style="fill: ([^;"]+)', svg) for svg in (page, written)
    ]
    assert [found and found[1] for found in backgrounds] == ["none", "#ffffff"]
    assert "fill: #ffffff" not in page


def test_saved_pixels_are_on_white():
    assert (pixels(attention_over_latents(decoder(8), RUN))[2, 2] == 255).all()
