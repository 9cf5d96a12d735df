"""What every saved plot holds: an NPZ from which it can be drawn again, an SVG with real text, no empty half page."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import Normalize
from PIL import Image

from components.plots.confusion import confusion_plot
from components.plots.plot import FALLBACKS, Plot, save_plot, to_page_svg, to_svg
from components.render import av_autoencoding as av_render
from components.render import fine_tuning as fine_tuning_render
from components.render import image_classification as image_render
from components.render import masked_bytes as masked_bytes_render
from components.render import optical_flow as flow_render
from components.render import sentiment as sentiment_render
from components.render import text_generation as text_render
from components.scale.attention import LOG_FLOOR, Scale
from components.scale.flow import flow_colors
from models.schema import (
    AttentionMap,
    FineTuneStep,
    FlowTrace,
    ImageClassificationResult,
    LabelScore,
    MaskedBytesResult,
    Occlusion,
    OpticalFlowResult,
    RunInfo,
    SentimentResult,
    TextWindow,
)
from pages.screen import Files
from pages.state import ModelState
from tests.made_up_clip import asked, pixel_trace, rebuilt_clip, sound_trace
from tests.plots import assert_filled, assert_legible
from tests.written import attention as over_tokens
from tests.written import letters, step

RUN = RunInfo("model", "embedded", "cpu", "float32", 0.1, False, 7)
LABELS = (LabelScore("good", 0.8, 1), LabelScore("bad", 0.2, 0))
SVG = "{http://www.w3.org/2000/svg}"
TEXT = 'A "$fine$" text, it went on id="none" and on.\n*{ café }'
RNG = np.random.default_rng(0)
FIRST, SECOND = (Image.fromarray(RNG.integers(0, 256, (8, 12, 3), dtype=np.uint8)) for _ in range(2))
FLOW = RNG.normal(0, 3, (8, 12, 2)).astype(np.float32)


def rollout(*shape: int, method: Any = "rollout", head: int | None = None) -> AttentionMap:
    shares = np.random.default_rng(0).dirichlet(np.ones(int(np.prod(shape)))).reshape(shape)
    return AttentionMap((0.5 * shares).astype(np.float32), 0.4, 0.1, method, "Attention of an output", head)


def masked_bytes(scale: Scale, text: str = TEXT, **changes: Any) -> Plot:
    content = text.encode()
    at = np.array([2, 3])
    result = MaskedBytesResult(
        text, content, at, np.array([[65, 66], [67, 68]], np.uint8), np.float32([[0.5, 0.1], [0.4, 0.3]]),
        np.array([1, 0]), len(content), len(content), rollout(len(content) + 2), RUN, 2,
    )  # fmt: skip
    return masked_bytes_render.masked_bytes_attention(replace(result, **changes), 2, scale)


def masked_bytes_latents(scale: Scale) -> Plot:
    return masked_bytes(scale, attention=rollout(16, method="decoder", head=3))


def sentiment_result(text: str = TEXT) -> SentimentResult:
    size = len(text.encode())
    window = TextWindow(0, size, np.float32([0.2, 0.8]))
    return SentimentResult(text, LABELS, (window,), 1, None, rollout(size + 2), RUN)


def sentiment(scale: Scale, unit: Any = "words", text: str = TEXT) -> Plot:
    return sentiment_render.sentiment_attention(sentiment_result(text), unit, scale)


def sentiment_bytes(scale: Scale) -> Plot:
    return sentiment(scale, "bytes")


def leave_one_out(scale: Scale, count: int = 4) -> Plot:
    spans = np.array([[2 * at, 2 * at + 1] for at in range(count)], np.int64)
    drops = np.linspace(-0.1, 0.2, count, dtype=np.float32)
    shares = np.linspace(0.1, 0.2, count, dtype=np.float32)
    occlusion = Occlusion(spans, drops, shares, 0.4, 5 * drops, 0.3, count)
    return sentiment_render.sentiment_occlusion(
        replace(sentiment_result("w " * count), occlusion=occlusion), "log_odds", scale
    )


def text_generation(scale: Scale, prompt: str = TEXT) -> Plot:
    size = len(prompt.encode())
    shares = np.random.default_rng(1).dirichlet(np.ones(size)) * 0.7
    written = letters("and so")
    shown = step(prompt, letters(""), written_tokens=tuple(token.content for token in written), latents=9,
                 prefix=size - 9, probe=over_tokens(size, shares, latent_share=0.3))  # fmt: skip
    return text_render.text_generation_attention(replace(shown, traced=0), "words", scale, written)


def image(*shape: int, method: Any = "rollout") -> ImageClassificationResult:
    attention = rollout(*shape, method=method)
    return ImageClassificationResult(LABELS, FIRST, (4, 4), (0.25, 1.0), attention, None, None, None, RUN)


def image_classification(scale: Scale) -> Plot:
    return image_render.image_attention({"learned": image(4, 4), "conv": image(4, 4)}, scale, 0.3)


def image_latents(scale: Scale) -> Plot:
    return image_render.image_attention({"fourier": image(12, method="decoder")}, scale)


def optical_flow(scale: Scale) -> Plot:
    return flow_render.flow_figure((FIRST, SECOND), {"perceiver": FLOW, "dis": FLOW / 2}, RUN, FLOW + 1)


def flow_attention(scale: Scale, size: tuple[int, int] = (12, 8)) -> Plot:
    first, second = (frame.resize(size) for frame in (FIRST, SECOND))
    flow = np.ones((size[1], size[0], 2), np.float32)
    trace = FlowTrace(2, 3, (size,), np.zeros((1, 2), np.float32), 0, (1.0, 0.0), first, (0.0, 0.0, 1.0, 0.5))
    result = OpticalFlowResult(flow, (), rollout(2, 3), trace, RUN)
    return flow_render.flow_attention_figure((first, second), result, scale, 0.4)


def clip(scale: Scale, **changes: Any) -> Plot:
    return av_render.av_figure(rebuilt_clip(12, **changes), 3)


def clip_attention(scale: Scale, **changes: Any) -> Plot:
    return av_render.av_attention_figure(asked(pixel_trace(), 0.15, 0.05, **changes), scale, 0.5)


def clip_latents(scale: Scale) -> Plot:
    return av_render.av_attention_figure(
        replace(asked(sound_trace()), attention=rollout(6, method="decoder"), trace=None), scale
    )


def confusion(scale: Scale, count: int = 3) -> Plot:
    counts = np.random.default_rng(0).integers(1, 9, (count, count))
    return confusion_plot(counts, [f"label {at}" for at in range(count)], RUN)


def curves(scale: Scale) -> Plot:
    taken = [
        FineTuneStep(at, 4, at, 1 / (at + 1), 0.5, 0.6, 0.5 + at / 10, at, 1.0, None, None, 0, RUN) for at in range(5)
    ]
    return fine_tuning_render.fine_tuning_figure(taken, 0.5)


RUNS = {"model", "weights", "device", "dtype", "seed"}
MAP = {"values", "latent_share", "query_share", "uniform", "method", "head", "latent"}
COLORS = {"scale", "color_map", "color_limits"}
TARGET = {"target_kind", "target"}
CLASSES = {"labels", "probabilities"}
ATTENTION = RUNS | MAP | COLORS | TARGET
MASKED = ATTENTION | {"text", "bytes_read", "positions", "candidates", "probabilities", "order"}
CLIP = RUNS | CLASSES | {
    "frames", "original_frames", "audio", "original_audio", "fps", "sample_rate", "psnr_db", "ssim", "snr_db", "masked",
}  # fmt: skip
IMAGE = RUNS | MAP | TARGET | CLASSES | {"title", "caption", "input_image", "extent"}
FRAMES = {"first", "second", "perceiver_flow"}
HELD = {f"{part}{name}{kind}" for part in ("", "held_out_") for name in ("loss", "accuracy") for kind in ("", "_steps")}
REQUIRED: dict[Callable[..., Plot], set[str]] = {
    masked_bytes: MASKED | {"units", "hidden"},
    masked_bytes_latents: MASKED,
    sentiment: ATTENTION | CLASSES | {"text", "units", "shares", "sizes"},
    sentiment_bytes: ATTENTION | CLASSES | {"text", "units"},
    leave_one_out: ATTENTION | CLASSES | {
        "text", "words", "spans", "drops", "log_odds_drops", "rank_correlation", "log_odds_rank_correlation",
        "attention", "shown", "effect_unit",
    },
    text_generation: ATTENTION | {
        "text", "units", "shares", "sizes", "token_sizes", "prompt", "dropped", "prefix", "latents", "probabilities",
        "alternatives", "alternative_probabilities",
    },
    image_classification: COLORS | {"opacity"} | {f"{name}_{key}" for name in ("learned", "conv") for key in IMAGE},
    image_latents: COLORS | {f"fourier_{key}" for key in IMAGE},
    optical_flow: RUNS | FRAMES | {"dis_flow", "truth_flow", "full_color"},
    flow_attention: ATTENTION | FRAMES | {"second_read", "vector", "before", "area", "opacity"},
    clip: CLIP | {"shown"},
    clip_attention: CLIP | MAP | COLORS | {"shown", "opacity"} | {
        f"trace_{name}" for name in ("modality", "area", "start", "frames", "image", "audio", "label")
    },
    clip_latents: CLIP | MAP | COLORS,
    confusion: RUNS | {"labels", "confusion"},
    curves: RUNS | HELD | {"steps", "chance", "loss_smoothed", "accuracy_smoothed"},
}  # fmt: skip
NAMES = {plot: plot.__name__ for plot in REQUIRED}
OF_ATTENTION = [plot for plot, keys in REQUIRED.items() if keys >= COLORS and plot is not leave_one_out]
every_plot = pytest.mark.parametrize("draw", REQUIRED, ids=NAMES.get)


@cache
def relative(draw: Callable[..., Plot]) -> Plot:
    return draw("relative")


def arrays_of(plot: Plot, folder: Path) -> dict[str, np.ndarray]:
    """What its NPZ holds."""
    file = folder / "plot.npz"
    Files.of_plot(lambda: plot, "plot", ModelState()).write["npz"](file)
    with np.load(file, allow_pickle=False) as saved:
        return {name: saved[name] for name in saved.files}


def colors_of(shares: np.ndarray, uniform: float, raw: dict[str, np.ndarray]) -> np.ndarray:
    """uint8 [n, 3], by nothing but the definition of the scales."""
    levels = shares.astype(np.float64)
    if raw["scale"] != "share":
        levels = levels / uniform
    if raw["scale"] == "log":
        levels = np.log10(np.maximum(levels, 10**LOG_FLOOR))
    colored = matplotlib.colormaps[str(raw["color_map"])](Normalize(*raw["color_limits"])(levels), bytes=True)
    return colored[..., :3].reshape(-1, 3)


def drawn_colors(plot: Plot) -> list[np.ndarray]:
    """The colors of each set of cells or bars, and the pixels of each image: uint8 [n, 3] each."""
    found = []
    for axes in plot.axes:
        cells = [each for each in axes.collections if isinstance(each, PolyCollection)]
        found += [
            np.round(255 * each.get_facecolor()[:, :3]).astype(np.uint8) for each in cells if len(each.get_facecolor())
        ]
        found += [
            np.asarray(each.get_array())[..., :3].reshape(-1, 3) for each in axes.images if each.get_array().ndim == 3
        ]
    return found


def maps_of(raw: dict[str, np.ndarray]) -> list[tuple[np.ndarray, float]]:
    """(shares, uniform) of each map in the plot."""
    if "shares" in raw:
        return [(raw["shares"] / raw["sizes"], float(raw["uniform"]))]
    if "trace_image" in raw:
        each = int(raw["trace_frames"]) // len(raw["trace_image"])
        frames = {(int(frame) - int(raw["trace_start"])) // each for frame in raw["shown"]}
        maps = [*(raw["trace_image"][frame] for frame in frames), raw["trace_audio"], raw["trace_label"][None]]
        return [(shares, float(raw["uniform"])) for shares in maps]
    prefixes = [name.removesuffix("values") for name in raw if re.fullmatch("(.*_)?values", name)]
    return [(raw[f"{prefix}values"], float(raw[f"{prefix}uniform"])) for prefix in prefixes]


@every_plot
def test_a_saved_plot_has_all_that_is_needed_to_draw_it_again(draw: Callable[..., Plot], tmp_path: Path) -> None:
    plot = relative(draw)
    raw = arrays_of(plot, tmp_path)
    assert (REQUIRED[draw] | {"title", "settings"}) - raw.keys() == set()
    assert not [name for name, array in raw.items() if array.dtype.hasobject]
    assert str(raw["title"]) == plot.heading
    assert json.loads(str(raw["settings"])) == ModelState().model_dump()


@pytest.mark.parametrize("scale", ["share", "relative", "log"])
@pytest.mark.parametrize("draw", OF_ATTENTION, ids=NAMES.get)
def test_attention_can_be_drawn_again_from_its_file(draw: Callable[..., Plot], scale: Scale, tmp_path: Path) -> None:
    plot = draw(scale)
    raw = arrays_of(plot, tmp_path)
    assert raw["scale"] == scale
    found = drawn_colors(plot)
    for shares, uniform in maps_of(raw):
        expected = colors_of(shares, uniform, raw)
        assert any(np.array_equal(colors, expected) for colors in found)
    (bar,) = (axes for axes in plot.axes if axes.get_label() == "color bar")
    np.testing.assert_allclose(bar.get_ylim(), raw["color_limits"])
    uniform = {"share": maps_of(raw)[0][1], "relative": 1.0, "log": 0.0}[scale]
    np.testing.assert_allclose(bar.get_yticks(), [uniform], atol=1e-12)


def test_what_was_traced_is_named_alike_in_all_files(tmp_path: Path) -> None:
    expected = {
        masked_bytes: ("ByteAt", [2]),
        masked_bytes_latents: ("ByteAt", [2]),
        sentiment: ("LabelAt", [1]),
        leave_one_out: ("LabelAt", [1]),
        text_generation: ("TokenAt", [0]),
        flow_attention: ("PixelAt", [2, 3]),
    }
    for draw, target in expected.items():
        raw = arrays_of(draw("relative"), tmp_path)
        assert (str(raw["target_kind"]), raw["target"].tolist()) == target
    raw = arrays_of(masked_bytes_latents("share"), tmp_path)
    assert (raw["head"], raw["latent"], raw["seed"]) == (3, -1, 7)


def test_texts_come_back_byte_by_byte(tmp_path: Path) -> None:
    for draw, expected in ((masked_bytes, TEXT), (sentiment, TEXT), (text_generation, f"{TEXT}and so")):
        assert arrays_of(draw("share"), tmp_path)["text"].tobytes() == expected.encode()
    raw = arrays_of(text_generation("share"), tmp_path)
    assert raw["token_sizes"].sum() == len(raw["text"])
    np.testing.assert_array_equal(raw["probabilities"], [0.5] * 6)


def test_bars_of_words_can_be_drawn_again(tmp_path: Path) -> None:
    plot = leave_one_out("relative")
    raw = arrays_of(plot, tmp_path)
    widths = [[bar.get_width() for bar in axes.patches] for axes in plot.axes if axes.patches]
    sizes = np.array([len(word.encode()) for word in raw["words"]])
    np.testing.assert_allclose(widths[0], (raw["attention"] / sizes / raw["uniform"])[raw["shown"]], rtol=1e-6)
    np.testing.assert_allclose(widths[1], raw["log_odds_drops"][raw["shown"]], rtol=1e-6)


def test_flow_and_clips_are_whole(tmp_path: Path) -> None:
    plot = optical_flow("share")
    raw = arrays_of(plot, tmp_path)
    for frame, name in ((FIRST, "first"), (SECOND, "second")):
        np.testing.assert_array_equal(raw[name], np.asarray(frame))
    for method in ("perceiver", "dis", "truth"):
        expected = flow_colors(raw[f"{method}_flow"], float(raw["full_color"])).reshape(-1, 3)
        assert any(np.array_equal(colors, expected) for colors in drawn_colors(plot))
    for draw in (clip, clip_attention):
        raw = arrays_of(draw("relative"), tmp_path)
        count = len(rebuilt_clip(12 if draw is clip else 6).frames)
        assert len(raw["frames"]) == len(raw["original_frames"]) == count
        assert len(raw["audio"]) == len(raw["original_audio"]) == 8 * count


# SVG


def text_of(svg: str) -> str:
    return " ".join("".join(node.itertext()) for node in ElementTree.fromstring(svg).iter(f"{SVG}text"))


@every_plot
def test_saved_svgs_have_real_text(draw: Callable[..., Plot], tmp_path: Path) -> None:
    plot, file = relative(draw), tmp_path / "plot.svg"
    save_plot(plot, file)
    svg = file.read_text("utf-8")
    for word in [*plot.heading.split(), RUN.dtype]:
        assert word in text_of(svg)
    for node in ElementTree.fromstring(svg).iter(f"{SVG}text"):
        (fonts,) = re.findall("font-family: ([^;]+)", node.get("style", ""))
        measured, _, fallbacks = fonts.partition(", ")
        assert FALLBACKS[measured.strip("'")] == fallbacks
    assert text_of(to_page_svg(plot)) == ""


def test_text_of_visitors_is_not_taken_for_an_svg() -> None:
    svg = to_svg(sentiment("share", text='id="a" url(#b) *{ <b> &amp; \x01 $x$'))
    said = text_of(svg)
    for word in ('id="a"', "url(#b)", "*{", "<b>", "&amp;", "$x$"):
        assert word in said


# Sizes


@every_plot
def test_plots_are_as_high_as_what_they_show(draw: Callable[..., Plot]) -> None:
    plot = relative(draw)
    assert_filled(plot)
    assert_legible(plot)


@pytest.mark.parametrize("count", [1, 5, 30, 150])
def test_few_rows_make_a_low_page_and_many_a_full_one(count: int) -> None:
    text = "words go on " * count
    plots = [sentiment("log", text=text), text_generation("share", text), masked_bytes("log", text[:500])]
    for plot in plots:
        assert_filled(plot)
        assert_legible(plot)
    assert (plots[0].height < 7) == (count <= 5)


@pytest.mark.parametrize("count", [2, 5, 20])
def test_pages_of_words_and_labels_have_no_empty_part(count: int) -> None:
    for plot in (leave_one_out("relative", count), confusion("share", count)):
        assert_filled(plot)
        assert_legible(plot)


def test_a_page_of_more_words_is_higher() -> None:
    assert leave_one_out("relative", 2).height < leave_one_out("relative", 20).height


@pytest.mark.parametrize("size", [(400, 40), (40, 400), (300, 200), (3000, 20)])
def test_pages_of_frames_have_no_empty_part(size: tuple[int, int]) -> None:
    assert_filled(flow_attention("relative", size))


def test_a_clip_without_sound_has_no_empty_part() -> None:
    silent = np.zeros(0, np.float32)
    assert_filled(clip("share", audio=silent, original_audio=silent))
    assert_filled(clip_attention("relative", frames=16))
