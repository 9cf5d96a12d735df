"""Cross-attention over blocks of pixels against the same layers over all channels of all pixels at once."""

from copy import deepcopy
from typing import cast

import pytest
import torch
from torch import Tensor, nn
from transformers import PerceiverForOpticalFlow
from transformers.models.perceiver.modeling_perceiver import (
    PerceiverFourierPositionEncoding,
    PerceiverImagePreprocessor,
    PerceiverLayer,
)

from models.perceiver import pixel_blocks, pixel_flow
from models.perceiver.engine import basic_decoder, decode, encode
from models.perceiver.pixel_blocks import (
    Pixels,
    applies,
    ask_pixels,
    flow_by_blocks,
    pixels_of,
    positions,
    read_pixels,
)
from tests.tiny_models import FAR, assert_equal, spread, tiny_model

TILE = (11, 14)
EPS = 1e-5


def tiny(size: tuple[int, int] = TILE, **changes: int) -> PerceiverForOpticalFlow:
    model = tiny_model("PerceiverForOpticalFlow", train_size=size, **changes)
    assert isinstance(model, PerceiverForOpticalFlow)
    return model


def patches(scale: float = 1.0) -> Tensor:
    return torch.randn(1, 2, 27, *TILE, generator=torch.Generator().manual_seed(1)) * scale


@torch.no_grad()
def read_whole(model: PerceiverForOpticalFlow) -> Tensor:
    """What transformers reads, [1, h * w, 322]."""
    return model.perceiver.input_preprocessor(patches())[0]


@torch.no_grad()
def pixels(model: PerceiverForOpticalFlow) -> Pixels:
    return pixels_of(cast(PerceiverImagePreprocessor, model.perceiver.input_preprocessor), patches(), EPS)


def sharpened(layer: PerceiverLayer, factor: float) -> PerceiverLayer:
    """Its scores are larger by a factor."""
    layer = deepcopy(layer)
    with torch.no_grad():
        for parameter in layer.attention.self.query.parameters():
            parameter *= factor
    return layer


def test_positions_are_sums_of_rows_and_columns():
    for sine_only in (False, True):
        encoding = PerceiverFourierPositionEncoding(3, (5, 7), sine_only=sine_only)
        rows, columns = positions(encoding, (5, 7))
        whole = encoding((5, 7), 1, torch.device("cpu"), torch.float32)[0].unflatten(0, (5, 7))
        assert_equal(rows[:, None] + columns, whole)


@pytest.mark.parametrize("side", [4, 7, 64])
def test_blocks_make_up_a_tile(side, monkeypatch):
    """Their coordinates times the basis are the normalised pixels; each pixel comes once."""
    monkeypatch.setattr(pixel_blocks, "SIDE", side)
    model = tiny()
    whole, found = read_whole(model), pixels(model)
    vectors = torch.cat([found.basis, torch.zeros(1, whole.shape[-1])])
    tile = torch.full((*TILE, whole.shape[-1]), torch.nan)
    for block in found.blocks():
        assert tile[block.part].isnan().all()
        assert max(tile[block.part].shape[:2]) <= side
        tile[block.part] = (block.coordinates @ vectors[block.which]).view_as(tile[block.part])
    assert_equal(tile.flatten(0, 1), nn.functional.layer_norm(whole, whole.shape[-1:], eps=EPS)[0])


@pytest.mark.parametrize("heads", [1, 2])
@pytest.mark.parametrize(
    ("side", "slack", "factor"), [(64, 20.0, 1), (4, 20.0, 1), (4, 0.0, 1), (4, 5.0, 100), (1, 5.0, 100)]
)
def test_reading(side, slack, factor, heads, monkeypatch):
    """Whether scores rise above the first block's, and how far, does not matter: a hundredfold is beyond e^88."""
    monkeypatch.setattr(pixel_blocks, "SIDE", side)
    monkeypatch.setattr(pixel_blocks, "SLACK", slack)
    model = tiny(num_cross_attention_heads=heads)
    layer = sharpened(model.perceiver.encoder.cross_attention, factor)
    with torch.no_grad():
        latents = model.perceiver.embeddings(batch_size=1)
        expected = layer(latents, inputs=read_whole(model))[0]
        assert_equal(read_pixels(layer, latents, pixels(model)), expected, atol=1e-5 * max(1, factor))


def test_sharp_scores_are_beyond_exponentials():
    """Else the test above says nothing of what is subtracted from them."""
    layer = sharpened(tiny().perceiver.encoder.cross_attention, 100).attention.self
    with torch.no_grad():
        asking = layer.query(layer.layernorm1(tiny().perceiver.embeddings(batch_size=1)))
        scores = asking @ layer.key(layer.layernorm2(read_whole(tiny()))).transpose(1, 2)
    assert scores.amax(dim=-1).max() > 200


@pytest.mark.parametrize("heads", [1, 2])
@pytest.mark.parametrize("side", [4, 64])
def test_asking(side, heads, monkeypatch):
    monkeypatch.setattr(pixel_blocks, "SIDE", side)
    model = tiny(num_cross_attention_heads=heads)
    layer = basic_decoder(model).decoding_cross_attention
    latents = torch.randn(1, 7, 16, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        expected = layer(read_whole(model), inputs=latents)[0][0]
        found = torch.empty(*TILE, expected.shape[-1])
        for part, answers in ask_pixels(layer, pixels(model), latents):
            found[part] = answers
    assert spread(expected, dim=0) > FAR
    assert_equal(found.flatten(0, 1), expected)


def test_flow_is_what_the_engine_decodes():
    model = tiny()
    kept = model.perceiver.input_preprocessor.position_embeddings
    with torch.no_grad():
        assert_equal(flow_by_blocks(model, patches()), decode(model, encode(model, patches())))
    assert model.perceiver.input_preprocessor.position_embeddings is kept


def test_only_for_looking(monkeypatch):
    model = tiny()
    assert not applies(model, patches())
    with torch.no_grad():
        assert applies(model, patches())
        assert not applies(model, patches().bfloat16())
        assert not applies(model, patches().to("meta"))
        assert not applies(deepcopy(model).train(), patches())
    monkeypatch.setattr(pixel_flow, "flow_by_blocks", None)
    frames = torch.rand(2, 3, 22, 26, generator=torch.Generator().manual_seed(3))
    assert pixel_flow.pixel_flow(tiny((22, 26)), *frames).requires_grad
