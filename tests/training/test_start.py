"""Where the byte model starts from, and how large it is."""

import pytest
import torch
from transformers import PerceiverForMaskedLM

from models.perceiver.attention import attention_rows
from training.masked_bytes import config
from training.structured_start import CHANNELS, fourier_features, structured_start


@pytest.fixture(scope="module")
def model() -> PerceiverForMaskedLM:
    torch.manual_seed(0)
    model = PerceiverForMaskedLM(config())
    structured_start(model)
    return model


@torch.inference_mode()
def test_each_encoder_head_of_a_latent_reads_its_own_neighbor(model):
    """Latent i stands at byte i * 513 / 255; head h begins h - 3 bytes beside it, whatever the text."""
    perceiver = model.perceiver
    read, _, _ = perceiver.input_preprocessor(torch.randint(6, 262, (1, 514)))
    latents = perceiver.embeddings(batch_size=1)
    rows = attention_rows(perceiver.encoder.cross_attention.attention.self, latents, read)[0]
    places = torch.linspace(0, 513, 256)
    for head, weights in enumerate(rows):
        wanted = places + head - 3
        distance = (torch.arange(514) - wanted[:, None]).abs()
        inside = slice(8, -8)  # the outermost latents have neighbors on one side only
        away = (weights.argmax(dim=1) - wanted)[inside].abs()
        assert away.max() < 2
        assert (away < 1).float().mean() > 0.95
        assert torch.where(distance <= 2, weights, 0).sum(dim=1)[inside].mean() > 0.9


@torch.inference_mode()
def test_each_decoder_query_reads_latents_nearby(model):
    decoder = model.perceiver.decoder
    latents = model.perceiver.embeddings(batch_size=1)
    queries = decoder.decoder_query(torch.zeros(1, 514, 192))
    rows = attention_rows(decoder.decoding_cross_attention.attention.self, queries, latents)[0, 0]
    places = torch.linspace(0, 255, 514)
    assert (rows.argmax(dim=1) - places)[16:-16].abs().max() < 2


def test_the_same_distance_looks_alike_everywhere():
    places = torch.linspace(-1, 1, 512)
    alike = fourier_features(places, 512) @ fourier_features(places, 512).T
    assert alike.shape[0] == 512
    assert fourier_features(places, 512).shape[1] == CHANNELS
    torch.testing.assert_close(alike.diagonal(3), alike.diagonal(3)[:1].expand(509), atol=1e-3, rtol=0)
    assert (alike.argmax(dim=1) == torch.arange(512)).all()


def test_first_loss_is_that_of_a_modest_guess(model):
    logits = model(torch.randint(6, 262, (2, 514))).logits
    assert torch.nn.functional.cross_entropy(logits.flatten(0, 1), torch.randint(6, 262, (2 * 514,))) < 9


def test_fewer_than_5_million_parameters(model):
    assert sum(parameter.numel() for parameter in model.parameters()) < 5_000_000
