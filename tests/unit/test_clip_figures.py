"""Sheets of clips: that pixels, maps and marks lie where they belong, and that the words are the data's."""

from dataclasses import replace
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes
from PIL import Image

from components.plots.clip import frames_shown
from components.plots.plot import Plot
from components.render import av_autoencoding as render
from models.schema import AttentionMap, AvAutoencodingResult
from tests.made_up_clip import HOW, asked, pixel_trace, rebuilt_clip, sound_trace
from tests.plots import assert_legible, pixels, saved, words


def pictures(plot: Plot) -> list[Axes]:
    """In reading order; the color bar has a name."""
    found = [axes for axes in plot.axes if axes.images and not axes.get_label()]
    return sorted(found, key=lambda axes: (-round(axes.get_position().y1, 3), axes.get_position().x0))


def drawn(page: np.ndarray, axes: Axes, across: float, down: float) -> np.ndarray:
    """The color at a place, as shares from the upper left corner. page: `pixels`."""
    x, y = axes.transAxes.transform((across, 1 - down))
    return page[int(len(page) - y), int(x)].astype(int)


def viridis(level: float) -> np.ndarray:
    return np.array(matplotlib.colormaps["viridis"](level, bytes=True)[:3]).astype(int)


@pytest.mark.parametrize(
    ("count", "frame", "expected"),
    [
        (1, 0, [0]),
        (3, 1, [0, 1, 2]),
        (15, 0, [0, 2, 4, 6, 8, 10, 12, 14]),
        (15, 7, [0, 2, 4, 7, 8, 10, 12, 14]),
    ],
)
def test_frames_are_spread_over_the_clip(count, frame, expected):
    assert frames_shown(count, frame) == expected


def test_a_frame_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="frame 6 of 6"):
        render.av_figure(rebuilt_clip(), 6)


def test_frames_stand_above_the_rebuilt_ones():
    plot = render.av_figure(rebuilt_clip(3))
    page, (*frames, _, _, _) = pixels(plot), pictures(plot)
    assert len(frames) == 6
    for at, axes in enumerate(frames):
        gray = 10 * (at % 3) + (5 if at > 2 else 0)
        np.testing.assert_array_equal(drawn(page, axes, 0.5, 0.5), [gray] * 3)
    assert "PSNR 20.0 dB · SSIM 0.71 · SNR 3.0 dB" in words(plot)
    for said in ("1: 0.00 s", "2: 0.10 s", "3: 0.20 s"):
        assert said in words(plot)
    assert "3 frames. Predicted label: <b>two</b>, 75%." in plot.alt


def test_sounds_are_on_one_scale():
    plot = render.av_figure(rebuilt_clip(3))
    waves = [axes for axes in plot.axes if axes.collections and not axes.get_label()]
    assert [axes.get_ylim() for axes in waves] == [(-0.5, 0.5)] * 3
    assert "Original peak amplitude 0.5" in words(plot)
    assert "no sound" in words(render.av_figure(rebuilt_clip(3, original_audio=np.zeros(0), audio=np.zeros(0))))


def test_maps_lie_over_their_frames_and_alone():
    """As in the page: 0.3 is 4.5 times uniform, the largest; the first two frames have 0.75 everywhere."""
    plot = render.av_attention_figure(asked(pixel_trace()), opacity=0.5)
    page, found = pixels(plot), pictures(plot)
    frames, over, alone, (heat, label) = found[:4], found[4:8], found[8:12], found[12:]
    for at, (plain, map_over, map_alone) in enumerate(zip(frames, over, alone, strict=True)):
        gray = np.array([10 * (at + 2)] * 3)  # the window begins with frame 2
        color = viridis(0.75 / 4.5) if at < 2 else viridis(1.0)
        np.testing.assert_array_equal(drawn(page, plain, 0.75, 0.75), gray)
        np.testing.assert_allclose(drawn(page, map_alone, 0.75, 0.75), color, atol=1)
        np.testing.assert_allclose(drawn(page, map_over, 0.75, 0.75), (gray + color) / 2, atol=2)
    np.testing.assert_allclose(drawn(page, heat, 0.5, 0.5), viridis(0.5), atol=1)
    np.testing.assert_allclose(drawn(page, label, 0.5, 0.5), viridis(1.5 / 4.5), atol=1)
    assert [len(axes.lines) for axes in found] == [0, 0, 3, 0] * 3 + [0, 0]  # of three strokes, in frame 4
    across, up = frames[2].lines[0].get_data()
    assert (min(across), max(across), min(up), max(up)) == (0, 0.5, 0, 0.5)  # rows 3 and 4, columns 1 and 2


def test_a_moment_is_marked_on_both_pictures_of_the_sound():
    plot = render.av_attention_figure(asked(sound_trace()))
    marked = [axes for axes in plot.axes if len(axes.lines) == 3]
    assert len(marked) == 2
    for axes in marked:
        across, _ = axes.lines[0].get_data()
        assert (min(across), max(across)) == (0.25, 0.5)


def test_a_sheet_of_attention_says_what_it_shows():
    plot = render.av_attention_figure(asked(pixel_trace(), 0.15, 0.05))
    for fact in (f"{HOW}: rows 3 to 4, columns 1 to 2 of frame 5", "model av_autoencoding", "method rollout",
                 "relative scale", "video 50%", "sound 20%", "label 10%", "learned latent array 15%",
                 "output query 5.0%", "uniform 1×", "4.5×", "a single input: 1.5× uniform",
                 "Each map covers 2 frames", "Attention is not by itself an explanation."):  # fmt: skip
        assert fact in words(plot)
    assert "Shares: video 50%, sound 20%, label 10%" in plot.alt


def latents() -> AvAutoencodingResult:
    attention = AttentionMap(np.float32([0.1, 0.6, 0.3]), 0.0, 0.0, "decoder", "What it read")
    return rebuilt_clip(attention=attention)


def test_latents_alone_are_a_plot():
    plot = render.av_attention_figure(latents())
    (axes,) = pictures(plot)
    np.testing.assert_allclose(drawn(pixels(plot), axes, 0.5, 0.5), viridis(1.0), atol=1)
    assert "Latents 0 to 2, from left to right; most attention on latent 1 of 3: 1.8× uniform" in words(plot)


@pytest.mark.parametrize(
    ("result", "scale"),
    [
        (asked(pixel_trace(), 0.15, 0.05), "log"),
        (asked(sound_trace(), frames=3), "relative"),
        (asked(replace(pixel_trace(), frames=16), frames=500), "relative"),
        (latents(), "log"),
    ],
)
def test_sheets_of_attention_are_legible(result, scale):
    assert_legible(render.av_attention_figure(result, scale))


@pytest.mark.parametrize("frames", [1, 500])
def test_sheets_of_clips_are_legible(frames):
    assert_legible(render.av_figure(rebuilt_clip(frames)))


def test_exports(tmp_path):
    result = asked(pixel_trace(), 0.2)
    png, svg, npz = saved(render.av_attention_figure(result), tmp_path)
    with Image.open(png) as image:
        assert image.size[0] == 1600
    assert ElementTree.parse(svg).getroot().tag.endswith("svg")
    with np.load(npz) as raw:
        np.testing.assert_array_equal(raw["trace_image"], result.trace.image)
        np.testing.assert_array_equal(raw["trace_audio"], result.trace.audio)
        np.testing.assert_array_equal(raw["values"], result.attention.values)
        assert (raw["trace_area"].tolist(), raw["latent_share"]) == ([4, 2, 0, 2, 2], 0.2)


def test_what_a_clips_sheet_was_drawn_from():
    result = rebuilt_clip()
    arrays = render.av_figure(result).arrays
    np.testing.assert_array_equal(arrays["frames"], result.frames)
    np.testing.assert_array_equal(arrays["original_frames"], result.original_frames)
    np.testing.assert_array_equal(arrays["original_audio"], result.original_audio)
    assert (arrays["psnr_db"], arrays["sample_rate"]) == (20, 80)
