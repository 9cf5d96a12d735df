"""The figure of a run of optical flow, of a clip and of a generated text: which cells it has, and where they lie."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from components.analysis.flow_attention import cut
from components.render.av_autoencoding import av_network
from components.render.optical_flow import flow_network
from components.render.text_generation import text_generation_network
from models.perceiver.tiles import mirrored
from models.schema import AttentionMap, AvOutputs, FlowTrace, OpticalFlowResult, Stages
from tests.fake_backend import SHAPE
from tests.made_up_clip import RUN, asked, pixel_trace
from tests.markup import Elements
from tests.written import attention, letters, step

LATENTS = np.array([2, 4])


def stages(outputs: int, inputs: int) -> Stages:
    rng = np.random.default_rng(0)
    return Stages(LATENTS, 6, rng.random((outputs, 2)), rng.random((2, inputs)), rng.random((outputs, inputs)))


def figure(markup: str) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """The maps, and the texts of the cells of each side."""
    elements = Elements(markup)
    maps = json.loads(elements.of("figure")[0]["data-maps"] or "")
    names: dict[str, list[str]] = {}
    for cell in elements.of("span", "cell"):
        names.setdefault(str(cell["id"]).split("-")[1], []).append(cell["aria-label"] or "")
    return maps, names


@pytest.mark.parametrize(("top", "left", "tall", "wide"), [(0, 0, 8, 12), (2, 3, 4, 5), (0, 0, 20, 30), (4, 0, 8, 30)])
def test_a_tile_beyond_the_frame_is_mirrored_as_the_model_reads_it(top, left, tall, wide):
    pixels = np.random.default_rng(0).integers(0, 256, (8, 12, 3), dtype=np.uint8)
    whole = mirrored(torch.from_numpy(pixels).movedim(-1, 0), max(8, top + tall), max(12, left + wide)).movedim(0, -1)
    found = cut(pixels, (top / 8, left / 12, (top + tall) / 8, (left + wide) / 12))
    assert (found == whole[top : top + tall, left : left + wide].numpy()).all()


def test_optical_flow():
    frame = Image.new("RGB", (60, 40))
    trace = FlowTrace(
        0, 0, ((60, 40),), np.zeros((1, 2), np.float32), 0, (0.0, 0.0), frame, (0.0, 0.0, 1.0, 1.0), (4, 8), 9
    )
    values = np.full((20, 30), 1 / 600, np.float32)
    shown = AttentionMap(values, 0.0, 0.0, "encoder", "Title", stages=stages(32, 16 * 16))
    result = OpticalFlowResult(np.zeros((40, 60, 2), np.float32), ((0, 0, 40, 60),), shown, trace, RUN)
    markup = flow_network(frame, result, SHAPE)
    maps, names = figure(markup)
    assert (len(names["inputs"]), len(names["outputs"]), maps["focus"]) == (256, 32, 9)
    assert names["outputs"][9] == "row 2, column 2"
    assert "600" in markup
    plain = replace(result, attention=replace(shown, stages=None))
    assert not flow_network(frame, plain, SHAPE)


def test_a_clip():
    """Two sets of patches, 2 x 2 each, three of sound, and the label; outputs of frame 4 and of the sound."""
    trace = replace(pixel_trace(), outputs=AvOutputs(3, (1, 2), 3, 1, 1000))
    result = asked(trace)
    assert result.attention is not None
    result = replace(result, attention=replace(result.attention, stages=stages(6, 12)))
    markup = av_network(result, SHAPE)
    maps, names = figure(markup)
    assert maps["focus"] == 1
    assert [name.split(",")[0] for name in names["inputs"]] == [
        *["frame at 0.30 s"] * 4, *["frame at 0.50 s"] * 4, *(f"sound from {at} s" for at in ("0.20", "0.33", "0.47")),
        "label",
    ]  # fmt: skip
    assert names["inputs"][3].endswith("row 2, column 2")
    assert names["outputs"][:2] == ["frame at 0.30 s, row 1, column 1", "frame at 0.30 s, row 1, column 2"]
    assert names["outputs"][-1] == "<b>two</b>"
    assert "1,000" in markup


def test_a_generated_text():
    """Two words are prefix; the latents of Stages are the third and the fifth of the six."""
    text = step("one two three", letters("abc"), latents=6, prefix=8, probe=attention(14))
    shown = stages(2, 15)
    probed = replace(text, attention=replace(attention(14), stages=shown), traced=1, first_output=0)
    maps, names = figure(text_generation_network(probed, SHAPE))
    assert names["inputs"] == ["“one”, bytes 0 to 3", "“two”, bytes 4 to 7", "“threeab”, bytes 8 to 14"]
    assert names["latents"] == ["latent of “r” at 10", "latent of “e” at 12"]
    assert names["outputs"] == ["“a” at 13", "“b” at 14"]
    assert maps["focus"] == 1
    rows = np.stack([shown.inputs[:, :4].sum(1), shown.inputs[:, 4:8].sum(1), shown.inputs[:, 8:].sum(1)], axis=1)
    assert maps["inputs"]["most"] == pytest.approx(rows.max(), abs=1e-4)
    assert not text_generation_network(text, SHAPE)
