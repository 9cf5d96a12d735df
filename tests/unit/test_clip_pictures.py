"""A clip as HTML: that pixels, places and shares are the data's, and that the words are."""

import math
import re
from dataclasses import replace

import matplotlib
import numpy as np
import pytest

from components.analysis.clip_scores import mean_color_psnr, numbers_in_words, scores_in_words, snr_in_words
from components.analysis.sound import sound_in_words
from components.render import av_autoencoding as render
from components.words.numbers import decibels
from models.schema import AttentionMap, AvTrace
from tests.made_up_clip import HOW, asked, pixel_trace, rebuilt_clip, sound_trace
from tests.markup import Elements, decoded


def style(attrs: dict) -> dict[str, float]:
    return {name: float(value) for name, value in re.findall(r"([\w-]+):(-?[\d.]+)", attrs["style"])}


def viridis(levels, highest: float) -> np.ndarray:
    return matplotlib.colormaps["viridis"](np.atleast_1d(levels) / highest, bytes=True)[..., :3].astype(int)


# Scores and labels


def test_scores_come_with_their_meaning_and_a_baseline():
    said = Elements(render.av_scores(rebuilt_clip())).text
    assert re.search(r"20\.0 dB[^.]*\b26 on a scale of 255", said)  # 25.5
    assert "SSIM0.71" in said
    assert re.search(r"3\.0 dBsignal\b.* 2x .*\b0 dB", said)
    assert re.search(r"\b300\b.*\b100\b.*\b3x", said)


def test_the_mean_color_is_compared_with():
    frames = np.zeros((2, 1, 2, 3), np.uint8)
    frames[0] = 100  # its mean color is off by 50 everywhere
    assert mean_color_psnr(frames) == pytest.approx(20 * math.log10(255 / 50))
    assert "14.2 dB" in render.av_scores(rebuilt_clip(2, original_frames=frames))
    assert mean_color_psnr(np.full((1, 2, 2, 3), 7, np.uint8)) == math.inf


@pytest.mark.parametrize(
    ("snr", "said"),
    [
        (None, "no sound"),
        (math.inf, "identical"),
        (0.0, "same power"),
        (3.0, "signal power is 2x"),
        (-3.0, "error power is 2x"),
    ],
)
def test_signal_to_noise_in_words(snr, said):
    assert said in snr_in_words(snr)
    assert said in render.av_scores(rebuilt_clip(snr_db=snr))


def test_a_perfect_reconstruction_and_a_larger_code():
    perfect = rebuilt_clip(psnr_db=math.inf, numbers=100, latent_numbers=150)
    assert "∞identical" in Elements(render.av_scores(perfect)).text
    assert "expansion of 1.5x" in numbers_in_words(perfect)
    assert decibels(-0.5) == "−0.5 dB"


def test_what_is_not_known_is_a_dash():
    unknown = rebuilt_clip(psnr_db=math.nan, ssim=math.nan, snr_db=None)
    assert Elements(render.av_scores(unknown)).text.startswith("PSNR–")
    assert scores_in_words(unknown) == "PSNR – · SSIM –"


def test_labels_of_the_clip_and_of_its_windows():
    page = Elements(render.av_labels(rebuilt_clip(6, 4)))
    assert page.text.startswith("<b>two</b>75%nine20%0%50%100%probability")
    assert "Window by windowfrom 0.00 s<b>two</b>75%from 0.20 snine20%" in page.text
    assert [each["style"] for each in page.of("i")][2:] == [
        f"left:0.00%;width:{width}%" for width in ("75.00", "20.00")
    ]
    assert "Window by window" not in render.av_labels(rebuilt_clip(4, 4))


# Frames


def test_a_frame_and_its_difference():
    result = rebuilt_clip()
    result.frames[2, 1, 3] = [25, 25, 85]  # off by 5, 5 and 65: 25 in the mean
    result.frames[2, 3, 0] = [20, 20, 20]  # not off at all
    page = Elements(render.av_frame(result, 2))
    reconstructed, original, apart = (decoded(each).astype(int) for each in page.of("img"))
    np.testing.assert_array_equal(original, result.original_frames[2])
    np.testing.assert_array_equal(reconstructed, result.frames[2])
    expected = np.full((4, 4), 5.0)
    expected[1, 3], expected[3, 0] = 25, 0
    np.testing.assert_allclose(apart, viridis(expected, 96.0), atol=1)
    assert np.unravel_index(apart.sum(axis=-1).argmin(), (4, 4)) == (3, 0)
    (slide,) = page.of("input", "slide")
    assert "the original, on the left, and the reconstructed frame, on the right" in slide["aria-label"]
    assert "Frame 3, at 0.20 s" in page.text
    assert re.search(r"mean 5\.9, largest 25 \(\w+ right\)", page.text)
    assert style(page.of("i")[-1])["left"] == pytest.approx(100 * 5.9375 / 96, abs=0.01)


def test_differences_beyond_the_colors_are_said_so():
    result = rebuilt_clip()
    assert "96" in Elements(render.av_frame(result, 0)).text
    assert "≥ 96" not in render.av_frame(result, 0)
    result.frames[0] = 255
    assert "≥ 96" in render.av_frame(result, 0)
    assert "Difference: none" in render.av_frame(replace(result, frames=result.original_frames), 0)


def test_a_strip_is_the_frames_above_the_rebuilt_ones():
    result = rebuilt_clip(6, 4)
    page = Elements(render.av_strip(result, 5))
    original, reconstructed = (decoded(each) for each in page.of("img", "row"))
    np.testing.assert_array_equal(original, np.hstack(list(result.original_frames[2:6])))
    np.testing.assert_array_equal(reconstructed, np.hstack(list(result.frames[2:6])))
    (reel,) = page.of("div", "places")
    assert (reel["data-rows"], reel["data-columns"], reel["data-tile"]) == ("8", "16", "4")
    assert (reel["data-frames"], reel["role"], reel["tabindex"]) == ("3 4 5 6", "application", "0")
    assert reel["aria-label"].startswith("Frames 3 to 6")
    assert "frame 6, at 0.50 s" in reel["aria-label"]
    assert style(page.of("i", "tile")[0]) == {"left": 87.5, "top": 50, "width": 25, "height": 100}
    assert page.of("i", "marker") == []
    assert page.text.startswith("3 0.20 s4 0.30 s5 0.40 s6 0.50 s")
    assert [each.get("class") for each in page.of("span")][:4] == [None, None, None, "chosen"]


def test_what_was_asked_about_is_marked_among_the_rebuilt_frames():
    result = asked(pixel_trace())  # rows 3 and 4, columns 1 and 2, of frame 4, the third of the strip
    (marker,) = Elements(render.av_strip(result, 5)).of("i", "marker")
    assert style(marker) == {"left": 56.25, "top": 87.5, "width": 12.5, "height": 25}
    assert Elements(render.av_strip(result, 0)).of("i", "marker") == []  # frames 0 to 3
    assert Elements(render.av_strip(asked(sound_trace()), 5)).of("i", "marker") == []


def test_large_frames_are_shown_smaller_but_counted_in_full():
    frames = np.zeros((2, 128, 128, 3), np.uint8)
    frames[1, :2, :2] = 200
    page = Elements(render.av_strip(replace(rebuilt_clip(2), original_frames=frames, frames=frames), 0))
    shown = decoded(page.of("img", "row")[0])
    assert shown.shape == (64, 128, 3)
    assert shown[0, 64].tolist() == [200, 200, 200]
    assert shown[0, 65].tolist() == [0, 0, 0]
    assert page.of("div", "places")[0]["data-rows"] == "256"


# Sound


def test_waveforms_are_on_one_scale():
    page = Elements(render.av_sound(rebuilt_clip(1)))  # 8 samples: 0.5, 0.5, -0.5, -0.5, …, reconstructed half as loud
    waves = page.of("svg", "wave")
    assert [each["viewbox"] for each in waves] == ["0 0 8 200"] * 3
    paths = [each["d"] for each in page.of("path") if "class" not in each]
    heights = [[int(y) for _, y in re.findall(r"([\d.]+) (\d+)", path)][:8] for path in paths]
    assert heights == [
        [0, 0, 200, 200, 0, 0, 200, 200],
        [50, 50, 150, 150, 50, 50, 150, 150],
        [150, 150, 50, 50, 150, 150, 50, 50],
    ]
    assert (
        waves[0]["aria-label"]
        == f"Waveform of original: {sound_in_words(rebuilt_clip().original_audio, rebuilt_clip().sample_rate)}"
    )


def test_spectrograms_are_on_one_scale():
    time = np.arange(8000) / 8000
    sound = np.sin(2 * np.pi * 2000 * time).astype(np.float32)
    page = Elements(render.av_sound(rebuilt_clip(original_audio=sound, audio=0.1 * sound, sample_rate=8000)))
    original, reconstructed, _ = (decoded(each).astype(int) for each in page.of("img", "spectrum"))
    assert original.shape[0] == 128
    row = 64  # of 128 up to 4 kHz, the highest first
    np.testing.assert_allclose(original[row, 30], viridis(70, 70)[0], atol=3)
    np.testing.assert_allclose(reconstructed[row, 30], viridis(50, 70)[0], atol=8)  # 20 dB below
    np.testing.assert_array_equal(original[20, 30], viridis(0, 70)[0])
    assert "≤ −70 dB0 dB" in page.text
    assert "over 70 dB, one scale for all spectrograms" in page.text


def test_a_moment_of_the_sound_can_be_pointed_at():
    page = Elements(render.av_sound(rebuilt_clip(), range(24, 32)))
    (tracks,) = page.of("div", "places")
    assert (tracks["data-rows"], tracks["data-columns"], tracks["data-place"]) == ("1", "48", "28")
    assert (tracks["data-seconds"], tracks["role"], tracks["tabindex"]) == ("0.6", "application", "0")
    assert re.search(r"Original: .*\b0\.5\b.*; Reconstruction: ", tracks["aria-label"])
    assert "Selected: 0.35 s." in tracks["aria-label"]
    (marker,) = page.of("i", "marker")
    assert style(marker) == pytest.approx(
        {"left": 100 * 28 / 48, "top": 50, "width": 100 * 8 / 48, "height": 100}, abs=0.01
    )
    assert [
        style(each)["left"] for each in page.of("span") if (each.get("style") or "").startswith("left")
    ] == pytest.approx([0, 100 / 6, 200 / 6, 50, 400 / 6, 500 / 6, 100], abs=0.01)
    assert "0 s0.1 s0.2 s" in page.text


def test_a_long_sound_is_a_small_picture():
    noise = np.random.default_rng(0).uniform(-1, 1, 1_440_000).astype(np.float32)
    html = render.av_sound(rebuilt_clip(original_audio=noise, audio=noise[::-1], sample_rate=48_000))
    assert len(html) < 300_000
    assert Elements(html).of("div", "places")[0]["data-columns"] == "1024"


def test_silence_and_no_sound_are_not_the_same():
    nothing, silent = np.zeros(0, np.float32), np.zeros(48, np.float32)
    assert "This clip has no sound." in render.av_sound(rebuilt_clip(original_audio=nothing, audio=nothing))
    page = Elements(render.av_sound(rebuilt_clip(original_audio=silent, audio=silent)))
    assert page.of("svg", "wave")[0]["aria-label"] == "Waveform of original: silent"
    for image in page.of("img", "spectrum"):
        assert (decoded(image) == viridis(0, 1)).all()
    only = Elements(render.av_sound(rebuilt_clip(audio=nothing)))
    assert len(only.of("svg", "wave")) == 1


# Attention


def test_shares_of_the_modalities_are_parts_of_a_bar():
    page = Elements(render.av_attention(asked(pixel_trace(), 0.15, 0.0)))  # 0.5, 0.2 and 0.1 of 0.8
    widths = {each["class"]: style(each)["width"] for each in page.of("i") if "width:" in (each.get("style") or "")}
    assert {name: widths[name] for name in ("image", "audio", "label", "latents")} == {
        "image": 50.0,
        "audio": 20.0,
        "label": 10.0,
        "latents": 15.0,
    }
    assert "query" not in widths
    shares = re.findall(
        r"(video|sound|label) ([\d.]+)%([\d.]+)% of the attention to inputs \(uniform: ([\d.]+)%\)", page.text
    )
    assert shares == [("video", "50", "62", "67"), ("sound", "20", "25", "25"), ("label", "10", "12", "8.3")]
    assert "learned latent array 15%residual share" in page.text
    (bar,) = page.of("div", "whole")
    assert bar["aria-label"].endswith("video 50%, sound 20%, label 10%, learned latent array 15%")


def test_maps_of_video_and_sound_are_on_one_scale():
    """12 inputs of which 0.8 was read: uniform is 0.8 / 12, and 0.3 of it 4.5 times."""
    page = Elements(render.av_attention(asked(pixel_trace())))
    frames, over, alone = (decoded(each).astype(int) for each in page.of("img", "row"))
    np.testing.assert_array_equal(frames, np.hstack(list(rebuilt_clip().original_frames[2:6])))
    np.testing.assert_array_equal(over, alone)
    first, second = np.full((2, 2), 0.75), np.array([[0, 0], [0, 4.5]])
    expected = np.hstack([first, first, second, second])  # each holds for two frames
    np.testing.assert_allclose(alone, viridis(expected, 4.5), atol=1)
    (heat,) = page.of("img", "heat")
    np.testing.assert_allclose(decoded(heat).astype(int), viridis([[0, 2.25, 0.75]], 4.5), atol=1)
    assert "Label (a single input): 1.5× uniform" in page.text
    np.testing.assert_allclose(decoded(page.of("img", "swatch")[0])[0, 0], viridis(1.5, 4.5)[0], atol=1)
    assert "0×4.5×attention relative to uniform" in page.text
    assert "Each map covers 2 frames" in page.text
    assert re.search(r"video patch: 0\.50 s, row 2, column 2 of 2 × 2, 4\.5× uniform", page.text)
    assert f"{HOW}: rows 3 to 4, columns 1 to 2 of frame 5, at 0.40 s" in page.text


def test_a_label_beyond_the_colors_does_not_bleach_the_maps():
    told = replace(pixel_trace(), label=0.5)
    page = Elements(render.av_attention(asked(told)))
    assert decoded(page.of("img", "row")[2])[1, -1].tolist() == viridis(1, 1)[0].tolist()
    assert decoded(page.of("img", "swatch")[0])[0, 0].tolist() == viridis(1, 1)[0].tolist()
    assert "the label may exceed it" in page.text


@pytest.mark.parametrize("scale", ["relative", "log"])
def test_uniform_attention_is_drawn_uniform(scale):
    even = AvTrace("label", (), 2, 4, np.full((2, 2, 2), 0.05), np.full(3, 0.05), 0.05)
    page = Elements(render.av_attention(asked(even, 0.4), scale))
    drawn = np.concatenate(
        [decoded(each).reshape(-1, 3) for each in (page.of("img", "row")[2], *page.of("img", "heat"))]
    )
    assert len(np.unique(drawn, axis=0)) == 1
    assert page.of("i", "marker") == []
    assert re.search(rf"{HOW}: the label of .*\b0\.20 s", page.text)


def test_what_was_asked_is_marked_in_its_frame_or_moment():
    page = Elements(render.av_attention(asked(pixel_trace())))
    for marker in page.of("i", "marker"):  # the third of four frames; lower left quarter
        assert style(marker) == {"left": 56.25, "top": 75, "width": 12.5, "height": 50}
    assert len(page.of("i", "marker")) == 2
    (marker,) = Elements(render.av_attention(asked(sound_trace()))).of("i", "marker")
    assert style(marker) == {"left": 37.5, "top": 50, "width": 25, "height": 100}  # 24 to 32 of 16 to 48


def test_a_window_that_reaches_beyond_its_clip_holds_the_last_frame():
    short = asked(replace(sound_trace(), start=0, area=(0, 8)), frames=3)
    page = Elements(render.av_attention(short))
    frames = decoded(page.of("img", "row")[0])
    np.testing.assert_array_equal(frames, np.hstack([*short.original_frames, short.original_frames[-1]]))
    assert "The clip ends at 0.30 s" in page.text
    path = next(each["d"] for each in page.of("path") if "class" not in each)
    heights = [int(y) for _, y in re.findall(r"([\d.]+) (\d+)", path)]
    assert heights[:2] == [0, 0]
    assert set(heights[24:32]) == {100}


def test_latents_alone_are_a_strip():
    attention = AttentionMap(np.float32([0.1, 0.6, 0.3]), 0.0, 0.0, "decoder", "Latents <read>")
    page = Elements(render.av_attention(rebuilt_clip(attention=attention)))
    np.testing.assert_allclose(decoded(page.of("img", "heat")[0]).astype(int), viridis([[0.3, 1.8, 0.9]], 1.8), atol=1)
    assert re.search(r"Latents <read>Latents 0 to 2\b.*latent 1: 1\.8× uniform", page.text)


def test_without_a_probe_there_is_no_attention():
    for view in (render.av_attention, render.av_attention_figure):
        with pytest.raises(ValueError, match="no attention"):
            view(rebuilt_clip())


def test_names_and_titles_are_words_not_markup():
    result = asked(pixel_trace())
    assert "<b>two" not in render.av_labels(result)
    assert "<i>Roll" not in render.av_attention(result)
