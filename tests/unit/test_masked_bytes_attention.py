"""What the task of masked bytes shows of its attention, against the whole maps of transformers."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.backend.local import LocalBackend
from models.schema import ByteAt, MaskedBytesResult, Probe
from tests.masked_sentence import GOOD, POSITIONS, TEXT, assert_close, forward, padded_forward


def probed(service: LocalBackend, probe: Probe, **changes: Any) -> MaskedBytesResult:
    return service.run(replace(GOOD, probe=probe, **changes))


@pytest.mark.parametrize("decoding", ["parallel", "iterative"])
@pytest.mark.parametrize("output", [0, 4, 19])
def test_rollout_of_a_byte_sums_to_one(service, decoding, output):
    attention = probed(service, Probe(ByteAt(output)), decoding=decoding).attention
    assert attention.values.shape == (22,)
    assert attention.values.dtype == np.float32
    assert (attention.values >= 0).all()
    assert (attention.latent_share, attention.query_share) == (pytest.approx(0.5, abs=1e-5), 0)
    assert attention.values.sum() == pytest.approx(0.5, abs=1e-5)
    assert attention.uniform == pytest.approx(0.5 / 22, rel=1e-5)
    assert attention.method == "rollout"
    assert f"byte {output}" in attention.title


def test_decoder_attention_of_a_byte(service):
    whole = padded_forward(TEXT, POSITIONS).maps.cross_attentions[-1][0]
    mean, of_head = probed(service, Probe(ByteAt(4), "decoder")), probed(service, Probe(ByteAt(4), "decoder", head=5))
    assert_close(mean.attention.values, whole[:, 5].mean(dim=0))
    assert_close(of_head.attention.values, whole[5, 5])
    assert mean.attention.uniform == pytest.approx(1 / 7, rel=1e-5)
    assert "mean over heads" in mean.attention.title
    assert "head 5" in of_head.attention.title
    assert "mean" not in of_head.attention.title


def test_encoder_attention_of_a_byte(service):
    maps = forward(TEXT.encode(), POSITIONS, POSITIONS).maps
    encoder, decoder = maps.cross_attentions[0][0], maps.cross_attentions[-1][0]
    weights = decoder[:, 5].mean(dim=0)
    assert_close(probed(service, Probe(ByteAt(4), "encoder")).attention.values, weights @ encoder.mean(dim=0))
    assert_close(probed(service, Probe(ByteAt(4), "encoder", head=1)).attention.values, weights @ encoder[1])
    assert_close(probed(service, Probe(ByteAt(4), "encoder", latent=6)).attention.values, encoder[:, 6].mean(dim=0))
    found = probed(service, Probe(ByteAt(4), "encoder", head=0, latent=2)).attention
    assert_close(found.values, encoder[0, 2])
    assert found.values.sum() == pytest.approx(1, abs=1e-5)
    assert (found.latent_share, found.query_share) == (0, 0)
    assert "latent 2" in found.title
    assert "head 0" in found.title


def test_encoder_attention_that_is_not_weighted(service):
    """Of all latents alike, whichever byte is asked about."""
    encoder = forward(TEXT.encode(), POSITIONS, POSITIONS).maps.cross_attentions[0][0]
    weighted = probed(service, Probe(ByteAt(4), "encoder")).attention
    for output in (4, 19):
        found = probed(service, Probe(ByteAt(output), "encoder", weighted=False)).attention
        assert_close(found.values, encoder.mean(dim=(0, 1)))
        assert np.abs(found.values - weighted.values).max() > 1e-3
        assert found.values.sum() == pytest.approx(1, abs=1e-5)
        assert (found.latent_share, found.query_share) == (0, 0)
        assert "mean over latents" in found.title
        assert "byte" not in found.title
    of_head = probed(service, Probe(ByteAt(4), "encoder", head=1, weighted=False)).attention
    assert_close(of_head.values, encoder[1].mean(dim=0))
    one_latent = probed(service, Probe(ByteAt(4), "encoder", latent=6, weighted=False)).attention
    assert_close(one_latent.values, encoder[:, 6].mean(dim=0))


@pytest.mark.parametrize("method", ["rollout", "decoder"])
def test_what_is_for_the_encoder_alone_changes_no_other(service, method):
    plain = probed(service, Probe(ByteAt(4), method)).attention
    for options in ({"latent": 2}, {"weighted": False}):
        found = probed(service, Probe(ByteAt(4), method, **options)).attention
        assert_close(found.values, plain.values)
        assert found.title == plain.title
        assert "byte 4" in found.title


@pytest.mark.parametrize("output", POSITIONS)
def test_iterative_shows_what_was_read_when_the_byte_was_filled(service, output):
    result = probed(service, Probe(ByteAt(output), "decoder"), decoding="iterative")
    turn = dict(zip(result.positions.tolist(), result.order.tolist(), strict=True))
    hidden = [position for position in POSITIONS if turn[position] >= turn[output]]
    maps = forward(result.filled_bytes, hidden, hidden).maps
    assert_close(result.attention.values, maps.cross_attentions[-1][0, :, output + 1].mean(dim=0))


def test_iterative_shows_the_first_reading_to_a_visible_byte(service):
    result = probed(service, Probe(ByteAt(0), "decoder"), decoding="iterative")
    maps = forward(TEXT.encode(), POSITIONS, POSITIONS).maps
    assert_close(result.attention.values, maps.cross_attentions[-1][0, :, 1].mean(dim=0))


def test_a_probe_changes_nothing_else(service):
    plain, traced = service.run(GOOD), probed(service, Probe(ByteAt(4)))
    assert_close(traced.probabilities, plain.probabilities)
    assert traced.filled_bytes == plain.filled_bytes


@pytest.mark.parametrize(
    ("text", "mask", "traced"),
    [
        (TEXT, ((5, 8),), 6),  # byte 5 is the space after "words"
        (TEXT, ((5, 6),), 5),
        (TEXT, ((7, 8), (2, 3)), 2),
        ("ab [MASK] cd", ((2, 3),), 3),
    ],
)
def test_the_task_traces_the_first_masked_byte_that_is_no_space(service, text, mask, traced):
    result = service.run(replace(GOOD, text=text, mask=mask, probe=Probe()))
    named = service.run(replace(GOOD, text=text, mask=mask, probe=Probe(ByteAt(traced))))
    assert (result.traced, named.traced) == (traced, traced)
    assert_close(result.attention.values, named.attention.values)
    assert service.run(replace(GOOD, text=text, mask=mask)).traced is None
