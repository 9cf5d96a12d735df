"""What must not be taken for something else: missing data is hatched, and what looks like a bug has a note."""

from dataclasses import replace
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.patches import Rectangle
from PIL import Image

from components.analysis.clip_attention import NOTHING_SEEN
from components.html.charts.confusion import confusion_table
from components.html.images.frames import no_data_outside
from components.plots.confusion import confusion_plot
from components.plots.plot import Plot
from components.render import av_autoencoding as av_render
from components.render import image_classification as image_render
from components.render import optical_flow as flow_render
from components.render import text_generation as text_render
from components.render.image_classification import LATTICE
from components.scale.no_data import DARK, LIGHT, hatched
from models.schema import AttentionMap, FlowTrace, ImageClassificationResult, LabelScore, OpticalFlowResult, RunInfo
from tests.made_up_clip import asked, pixel_trace
from tests.markup import Elements
from tests.plots import words
from tests.written import letters, step

RUN = RunInfo("model", "embedded", "cpu", "float32", 0.1, False)
EVEN = AttentionMap(np.full((2, 2), 0.25, np.float32), 0.0, 0.0, "encoder", "Title")


def hatches(plot: Plot) -> list[Rectangle]:
    return [each for axes in plot.axes for each in axes.patches if isinstance(each, Rectangle) and each.get_hatch()]


def image(extent: tuple[float, float]) -> dict[Any, ImageClassificationResult]:
    labels = (LabelScore("ship", 1.0, 0),)
    result = ImageClassificationResult(labels, Image.new("RGB", (64, 64)), (2, 2), extent, EVEN, None, None, None, RUN)
    return {"conv": result}


def flow(area: tuple[float, float, float, float]) -> OpticalFlowResult:
    frame = Image.new("RGB", (8, 8))
    trace = FlowTrace(0, 0, ((8, 8),), np.zeros((1, 2), np.float32), 0, (0.0, 0.0), frame, area)
    return OpticalFlowResult(np.zeros((8, 8, 2), np.float32), (), EVEN, trace, RUN)


def test_hatching_covers_what_is_missing_and_nothing_else():
    pixels = np.full((40, 60, 3), 7, np.uint8)
    missing = np.zeros((40, 60), bool)
    missing[10:30, 20:50] = True
    found = hatched(pixels, missing)
    assert (found[~missing] == 7).all()
    stripes, counts = np.unique(found[missing], axis=0, return_counts=True)
    assert stripes.tolist() == [list(DARK), list(LIGHT)]
    assert counts.min() > 0.4 * missing.sum()


@pytest.mark.parametrize("name", ["viridis", "cividis", "PuOr_r"])
def test_no_color_map_has_both_colors_of_the_stripes(name):
    colors = set(map(tuple, matplotlib.colormaps[name](np.arange(256), bytes=True)[:, :3].tolist()))
    assert not {DARK, LIGHT} <= colors


@pytest.mark.parametrize(("extent", "there"), [((0.0625, 0.9375), True), ((0.0, 1.0), False)])
def test_an_image_is_hatched_where_no_input_is(extent, there):
    page = Elements(image_render.image_classification(image(extent))["conv"].prediction)
    holes = [each["style"] or "" for each in page.of("i", "outside")]
    assert len(holes) == (2 if there else 0)  # over the image and alone
    assert all("6.250% 6.250%,93.750% 6.250%" in each for each in holes)
    assert bool(page.of("span", "no-data-key")) == there
    plot = image_render.image_attention(image(extent))
    assert len(hatches(plot)) == (8 if there else 0)
    assert sum(each.get_width() * each.get_height() for each in hatches(plot)) == pytest.approx(
        2 * (1 - 0.875**2) if there else 0.0
    )
    assert ("hatched" in words(plot)) == there


@pytest.mark.parametrize(("area", "there"), [((0.0, 0.25, 1.0, 1.0), True), ((0.0, 0.0, 1.5, 1.5), False)])
def test_frames_are_hatched_outside_of_the_tile(area, there):
    frame = Image.new("RGB", (8, 8))
    page = Elements(flow_render.flow_attention(frame, flow(area)))
    assert len(page.of("i", "outside")) == (3 if there else 0)
    assert bool(page.of("span", "no-data-key")) == there
    plot = flow_render.flow_attention_figure((frame, frame), flow(area))
    assert [each.get_width() * each.get_height() for each in hatches(plot)] == ([2.0 * 8] * 3 if there else [])


def test_an_area_that_covers_all_leaves_nothing_to_hatch():
    assert no_data_outside((0.0, 0.0, 1.0, 1.0)) == no_data_outside((-0.5, 0.0, 2.0, 1.0)) == ""


@pytest.mark.parametrize("masked", [frozenset(), frozenset({"image", "audio"})])
def test_masked_modalities_are_hatched(masked):
    result = replace(asked(pixel_trace(), 0.15, 0.05), masked=masked)
    page = Elements(av_render.av_attention(result))
    assert len(page.of("div", "wave")) == (1 if masked else 0)
    assert bool(page.of("span", "no-data-key")) == bool(masked)
    assert len(hatches(av_render.av_attention_figure(result))) == (1 if masked else 0)


def test_labels_without_rows_are_hatched():
    confusion = np.array([[3, 1], [0, 0]])
    page = Elements(confusion_table(confusion, ["a", "b"]))
    assert len(page.of("td", "no-data")) == 2
    assert page.of("span", "no-data-key")
    assert len(hatches(confusion_plot(confusion, ["a", "b"], RUN))) == 2 + 1  # and the legend entry
    full = confusion_table(np.array([[3, 1], [0, 2]]), ["a", "b"])
    assert "no-data" not in full


def test_tokens_without_a_probability_are_hatched():
    shown = step("ab", letters("d"), written_tokens=(b"c",), latents=1)
    page = Elements(text_render.text_generation(shown).text)
    assert len(page.of("button", "known")) == 1
    assert page.of("span", "no-data-key")


def test_with_all_modalities_masked_the_page_says_that_nothing_was_seen():
    for masked, both in ((frozenset({"image"}), False), (frozenset({"image", "audio"}), True)):
        result = replace(asked(pixel_trace(), 0.15, 0.05), masked=masked)
        for shown in (av_render.av_attention(result), av_render.av_scores(result)):
            assert (NOTHING_SEEN in shown) == both
        assert ("did not occur in training" in words(av_render.av_attention_figure(result))) == both


def test_only_the_model_with_learned_positions_has_a_note_on_its_lattice():
    result = image((0.0, 1.0))["conv"]
    for variant in ("learned", "fourier", "conv"):
        shown = image_render.image_classification({variant: result})[variant].prediction
        assert (LATTICE in shown) == (variant == "learned")
