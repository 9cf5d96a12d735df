"""Attention of all stages, compared with the maps that transformers itself returns."""

from typing import Any

import numpy as np
import pytest
import torch

from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.perceiver.engine import encode
from models.perceiver.stages import stages
from models.schema import ByteAt, ImageClassificationRequest, MaskedBytesRequest, Probe, SentimentRequest, Stages
from tests.noisy_frames import frame
from tests.tiny_models import SIDE, load_tiny, served_model

OUTPUTS = torch.tensor([2, 5, 6])


@pytest.fixture(scope="module")
def model() -> Any:
    return served_model("PerceiverForMaskedLM")


@pytest.fixture(scope="module")
def ids() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randint(6, 262, (1, 20))


@pytest.fixture(scope="module")
def found(model, ids) -> Stages:
    with torch.inference_mode():
        return stages(model, encode(model, ids), OUTPUTS)


def test_maps_are_those_of_transformers(model, ids, found):
    with torch.inference_mode():
        attended = model(ids, output_attentions=True)
    # The encoder's map comes first among the cross-attentions, and the decoder's last.
    encoder = attended.cross_attentions[0][0].mean(dim=0)
    decoder = attended.cross_attentions[-1][0].mean(dim=0)[OUTPUTS]
    assert np.allclose(found.encoder, encoder[found.latents], atol=1e-5)
    assert np.allclose(found.decoder, decoder[:, found.latents], atol=1e-5)
    assert np.allclose(found.inputs, decoder @ encoder, atol=1e-5)
    weights = [decoder]
    for layer in reversed(attended.attentions):
        weights.append(weights[-1] @ (torch.eye(layer.shape[-1]) + layer[0].mean(dim=0)) / 2)
    assert found.layers is not None
    assert np.allclose(found.layers, torch.stack(weights[::-1])[..., found.latents], atol=1e-5)


def test_latents_are_ordered_by_their_attention(found):
    assert found.count == len(set(found.latents.tolist())) == 7
    means = found.decoder.mean(axis=0)
    assert (np.diff(means) <= 0).all()


def test_shares_sum_to_one(found):
    for rows in (found.encoder, found.inputs, found.decoder, found.layers):
        assert np.allclose(rows.sum(axis=-1), 1, atol=1e-5)


def test_a_large_model_has_no_layers(model, ids, monkeypatch):
    monkeypatch.setattr("models.perceiver.stages.MAX_MULTIPLICATIONS", 1)
    monkeypatch.setattr("models.perceiver.stages.SHOWN", 3)
    with torch.inference_mode():
        found = stages(model, encode(model, ids), OUTPUTS)
    assert found.layers is None
    assert found.decoder.shape == (3, 3)
    assert found.count == 7


@pytest.mark.parametrize(
    ("request_", "outputs", "inputs"),
    [
        (MaskedBytesRequest("words here", ((2, 5),), probe=Probe(stages=True)), 3, 12),
        (MaskedBytesRequest("words here", ((2, 5),), probe=Probe(ByteAt(8), stages=True)), 1, 12),
        (SentimentRequest("one two", Probe(method="decoder", stages=True)), 1, 9),
        (ImageClassificationRequest(frame(0, SIDE, SIDE), top_k=3, probe=Probe(stages=True)), 1, SIDE**2),
    ],
)
def test_a_probe_of_any_method_can_ask_for_them(request_, outputs, inputs):
    attention = LocalBackend(Settings(device="cpu"), load_tiny).run(request_).attention
    assert attention.stages.inputs.shape == (outputs, inputs)
