"""All attention on a screen and in its plots is in the unit of the chosen scale: numbers, legends, titles, alt text."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from markupsafe import Markup
from PIL import Image

from components.plots.plot import Plot
from components.render import av_autoencoding as av_render
from components.render import image_classification as image_render
from components.render import masked_bytes as masked_bytes_render
from components.render import optical_flow as flow_render
from components.render import sentiment as sentiment_render
from components.render import text_generation as text_render
from components.scale.attention import AttentionScale, Scale
from models.schema import (
    AttentionMap,
    FlowTrace,
    ImageClassificationResult,
    LabelScore,
    MaskedBytesResult,
    OpticalFlowResult,
    RunInfo,
    SentimentResult,
    TextWindow,
)
from tests.made_up_clip import asked, pixel_trace
from tests.plots import words
from tests.written import attention as over_tokens
from tests.written import letters, step

RUN = RunInfo("model", "embedded", "cpu", "float32", 0.1, False)
SCALES: tuple[Scale, ...] = ("share", "relative", "log")
OTHER_UNITS = {
    "share": r"\d×|log10",
    "relative": r"% of the attention \(|log10",
    "log": r"\d×|% of the attention \(",
}
OWN_UNIT = {"share": r"% of the attention \(", "relative": r"\d×", "log": r"log10"}


def rollout(*shape: int, method: Any = "rollout") -> AttentionMap:
    shares = np.random.default_rng(0).dirichlet(np.ones(int(np.prod(shape)))).reshape(shape)
    return AttentionMap((0.5 * shares).astype(np.float32), 0.4, 0.1, method, "Title")


def masked_bytes(scale: Scale, unit: Any) -> list[Any]:
    result = MaskedBytesResult(
        "abc", b"abc", np.array([1]), np.array([[98]], np.uint8), np.array([[0.5]], np.float32), np.array([0]), 3, 3,
        rollout(5), RUN, 1,
    )  # fmt: skip
    return [
        *masked_bytes_render.masked_bytes(result, 1, scale),
        masked_bytes_render.masked_bytes_attention(result, 1, scale),
    ]


def sentiment(scale: Scale, unit: Any) -> list[Any]:
    window = TextWindow(0, 8, np.float32([0.2, 0.8]))
    labels = (LabelScore("good", 0.8, 1), LabelScore("bad", 0.2, 0))
    result = SentimentResult("ab cd ef", labels, (window,), 1, None, rollout(10), RUN)
    return [
        sentiment_render.sentiment(result, unit, scale).text,
        sentiment_render.sentiment_attention(result, unit, scale),
    ]


def text_generation(scale: Scale, unit: Any) -> list[Any]:
    shown = step("ab cd", letters("e"), latents=2, probe=over_tokens(5, [0.1, 0.2, 0.1, 0.1, 0.2], latent_share=0.3))
    return [
        text_render.text_generation(shown, unit=unit, scale=scale).attention,
        text_render.text_generation_attention(shown, unit, scale),
    ]


def image_classification(scale: Scale, unit: Any) -> list[Any]:
    labels, attention = (LabelScore("ship", 1.0, 0),), rollout(4, 4)
    latents = np.random.default_rng(0).dirichlet(np.ones(16), 3)[:, 0].astype(np.float32)
    result = ImageClassificationResult(
        labels, Image.new("RGB", (8, 8)), (4, 4), (0.0, 1.0), attention, None, latents, None, RUN
    )
    panels = image_render.image_classification({"conv": result}, place=(0.1, 0.1), scale=scale)["conv"]
    return [panels.prediction, panels.latents, image_render.image_attention({"conv": result}, scale)]


def optical_flow(scale: Scale, unit: Any) -> list[Any]:
    frame = Image.new("RGB", (8, 8))
    trace = FlowTrace(0, 0, ((8, 8),), np.zeros((1, 2), np.float32), 0, (0.0, 0.0), frame, (0.0, 0.0, 1.0, 1.0))
    result = OpticalFlowResult(np.zeros((8, 8, 2), np.float32), (), rollout(2, 2), trace, RUN)
    return [
        flow_render.flow_attention(frame, result, scale),
        flow_render.flow_attention_figure((frame, frame), result, scale),
    ]


def av_autoencoding(scale: Scale, unit: Any) -> list[Any]:
    result = asked(pixel_trace(), 0.15, 0.05)
    latents = replace(result, attention=rollout(6, method="decoder"), trace=None)
    shown = [av_render.av_attention(each, scale) for each in (result, latents)]
    return [*shown, *(av_render.av_attention_figure(each, scale) for each in (result, latents))]


RENDERED = (masked_bytes, sentiment, text_generation, image_classification, optical_flow, av_autoencoding)
COMPARED = (image_classification,)
"""Maps over different numbers of inputs, whose shares in % do not compare."""


def text_of(shown: Any) -> str:
    """What is read and what screen readers say, titles included."""
    if isinstance(shown, Plot):
        return f"{words(shown)} {shown.alt}"
    said = re.findall(r'(?:title|alt|aria-label)="([^"]*)"', shown)
    return " ".join([Markup(re.sub(r'style="[^"]*"', "", shown)).striptags(), *said])


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("task", RENDERED)
def test_all_attention_is_in_the_unit_of_the_scale(task, scale: Scale):
    if scale == "share" and task in COMPARED:
        return
    for unit in ("bytes", "words") if task in (sentiment, text_generation) else ("",):
        shown = [text_of(each) for each in task(scale, unit) if each is not None]
        for text in shown:
            assert not re.search(OTHER_UNITS[scale], text), text
        assert any(re.search(OWN_UNIT[scale], text) for text in shown)


def test_shares_of_maps_with_other_numbers_of_inputs_do_not_compare():
    with pytest.raises(ValueError, match="different numbers of inputs"):
        AttentionScale.of([rollout(4), rollout(5)], "share")


@pytest.mark.parametrize("task", [masked_bytes, sentiment])
def test_the_page_says_what_residual_connections_keep(task):
    shown = text_of(task("relative", "words")[0])
    for part in ("inputs 50%", "learned latent array 40%", "output query 10%"):
        assert part in shown
