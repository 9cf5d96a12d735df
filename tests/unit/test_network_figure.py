"""The figure of a run: cells, and maps that the browser can read back."""

import base64
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from components.html.charts.network import network
from components.html.charts.network_blocks import blocks
from components.html.charts.network_cells import byte_cells, image_cells, text_cells
from models.perceiver.engine import decoder_queries, encode
from models.schema import Stages
from tests.fake_backend import SHAPE
from tests.markup import Elements
from tests.tiny_models import served_model

LATENTS, INPUTS, OUTPUTS = 3, 6, 2


def rows_of(rng: np.random.Generator, *shape: int) -> np.ndarray:
    rows = rng.random(shape).astype(np.float32) ** 4
    return rows / rows.sum(axis=-1, keepdims=True)


@pytest.fixture
def stages() -> Stages:
    rng = np.random.default_rng(0)
    return Stages(
        np.array([7, 0, 4]), 8, rows_of(rng, OUTPUTS, LATENTS), rows_of(rng, LATENTS, INPUTS),
        rows_of(rng, OUTPUTS, INPUTS), rows_of(rng, 5, OUTPUTS, LATENTS),
    )  # fmt: skip


def unpacked(packed: dict[str, Any], count: int) -> np.ndarray:
    """As the browser does it."""
    levels = np.frombuffer(base64.b64decode(packed["rows"]), np.uint8).reshape(count, -1)
    return (levels / 255) ** 2 * packed["most"]


def figure(markup: str) -> tuple[Elements, dict[str, Any]]:
    elements = Elements(markup)
    return elements, json.loads(elements.of("figure")[0]["data-maps"] or "")


def test_maps_come_back_within_a_percent_of_the_largest(stages):
    _, maps = figure(network(stages, SHAPE, byte_cells(b"abcd"), text_cells("outputs", ["x", "y"], "bytes")))
    for name, expected in (("decoder", stages.decoder), ("encoder", stages.encoder), ("inputs", stages.inputs)):
        assert np.abs(unpacked(maps[name], len(expected)) - expected).max() < 0.005 * expected.max()
    assert stages.layers is not None
    for packed, expected in zip(maps["layers"], stages.layers, strict=True):
        assert np.abs(unpacked(packed, OUTPUTS) - expected).max() < 0.005 * expected.max()


def test_inputs_that_share_a_cell_are_added_up():
    rng = np.random.default_rng(1)
    encoder, reached = rows_of(rng, LATENTS, 32 * 32), rows_of(rng, 1, 32 * 32)
    stages = Stages(np.arange(LATENTS), LATENTS, rows_of(rng, 1, LATENTS), encoder, reached)
    markup = network(
        stages, SHAPE, image_cells(Image.new("RGB", (32, 32)), (32, 32), "pixels"), text_cells("outputs", ["a"], "")
    )
    _, maps = figure(markup)
    expected = encoder.reshape(LATENTS, 16, 2, 16, 2).sum(axis=(2, 4)).reshape(LATENTS, -1)
    assert np.abs(unpacked(maps["encoder"], LATENTS) - expected).max() < 0.005 * expected.max()
    cells = Elements(markup).of("span", "cell")
    assert next(cell["aria-label"] for cell in cells if cell["id"] == "network-inputs-17") == "row 2, column 2"
    assert maps["layers"] is None
    assert "data-play" not in markup


def test_each_cell_has_a_name_and_a_masked_byte_is_marked(stages):
    elements, _ = figure(
        network(stages, SHAPE, byte_cells(b"a<b\n", marked=[1]), text_cells("outputs", ["x", "y"], ""))
    )
    cells = elements.of("span", "cell")
    assert len(cells) == INPUTS + LATENTS + OUTPUTS
    assert [cell["aria-label"] for cell in cells[INPUTS : INPUTS + LATENTS]] == ["latent 7", "latent 0", "latent 4"]
    assert ["masked" in str(cell["class"]) for cell in cells[:INPUTS]] == [False, False, True, False, False, False]


def test_a_page_gets_less_than_500_kb():
    rng = np.random.default_rng(2)
    stages = Stages(
        np.arange(24),
        256,
        rows_of(rng, 32, 24),
        rows_of(rng, 24, 2048),
        rows_of(rng, 32, 2048),
        rows_of(rng, 27, 32, 24),
    )
    markup = network(stages, SHAPE, byte_cells(b"a" * 2046), text_cells("outputs", ["x"] * 32, "bytes"))
    assert len(markup.encode()) < 500_000


@pytest.mark.parametrize("name", ["PerceiverForMaskedLM", "PerceiverForSequenceClassification"])
def test_the_code_computes_what_the_engine_does(name):
    model, ids = served_model(name), torch.randint(6, 262, (1, 20))
    config = model.config
    shape = replace(
        SHAPE, latents=config.num_latents, latent_channels=config.d_latents, input_channels=config.d_model,
        blocks=config.num_blocks, layers=config.num_self_attends_per_block,
    )  # fmt: skip
    with torch.inference_mode():
        encoded = encode(model, ids)
        queries = decoder_queries(model, encoded)
        found = {"model": model, "inputs": encoded.inputs, "queries": queries}
        parts = blocks(shape, 20, queries.shape[1])
        exec("\n".join(block.code for block in parts), found)
        decoder = found["decoder"]
        expected = decoder.decoding_cross_attention(queries, inputs=encoded.latents)[0]
    assert torch.allclose(found["latents"], encoded.latents, atol=1e-5)
    assert torch.allclose(found["answers"], expected, atol=1e-5)
    assert f"{config.num_latents * 20}" in parts[0].text
