"""Rollout: against worked examples, and against the product of transformers' whole attention maps in numpy."""

from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from models.perceiver import attention
from models.perceiver.engine import encode
from models.perceiver.provenance import Provenance, encoder_rows, rollout
from tests.tiny_models import CLASSIFIERS, NAMES, TINY, assert_equal, reference, tiny_inputs, tiny_model

MASKED, SENTIMENT = "PerceiverForMaskedLM", "PerceiverForSequenceClassification"


class Expected(NamedTuple):
    inputs: np.ndarray
    latent_share: np.ndarray
    query_share: np.ndarray


@torch.no_grad()
def found(name: str, wanted: Any = None, mask: Tensor | None = None, **changes: Any) -> Provenance:
    model = tiny_model(name, **changes)
    encoded = encode(model, tiny_inputs(name, batch=1), mask, keep_mixing=True)
    return rollout(model, encoded, TINY[name].all_outputs if wanted is None else wanted)


def whole_product(maps: Any, decoder_residual: bool, encoder_residual: bool) -> Expected:
    """d Π(½I + ½A) E with the maps as they are, in float64: what is too large to hold in earnest."""
    decoder, *layers, encoder = (
        of_one[0].double().mean(dim=0).numpy()
        for of_one in (maps.cross_attentions[-1], *maps.attentions, maps.cross_attentions[0])
    )
    rows = decoder * (0.5 if decoder_residual else 1.0)
    for layer in reversed(layers):
        rows = rows @ (np.eye(len(layer)) + layer) / 2
    through = 0.5 if encoder_residual else 1.0
    query_share = np.full(len(rows), 0.5 if decoder_residual else 0.0)
    return Expected(through * rows @ encoder, (1 - through) * rows.sum(axis=1), query_share)


def assert_shares(found: Provenance, expected: Expected) -> None:
    for share, value in zip((found.inputs, found.latent_share, found.query_share), expected, strict=True):
        assert share.dtype == torch.float32
        np.testing.assert_allclose(share.numpy(), value, rtol=0, atol=1e-5)


@pytest.mark.parametrize("encoder_residual", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_equals_the_whole_product(name, encoder_residual):
    model = tiny_model(name, use_query_residual=encoder_residual)
    maps = reference(model, tiny_inputs(name, batch=1))
    expected = whole_product(maps, name in CLASSIFIERS, encoder_residual)
    # What is compared differs among inputs, by far more than the tolerance.
    assert np.ptp(expected.inputs, axis=1).min() > 1e-3
    assert_shares(found(name, use_query_residual=encoder_residual), expected)


def test_outputs_that_are_wanted_are_rows_of_all():
    wanted = torch.tensor([17, 2])
    assert_equal(found(MASKED, wanted).inputs, found(MASKED).inputs[wanted])


def test_one_latent_worked_by_hand():
    """The only latent is read by whatever reads: half of that is the encoder's row, half its own learned start."""
    shares = found(MASKED, torch.tensor([4]), num_latents=1)
    model = tiny_model(MASKED, num_latents=1)
    row = reference(model, tiny_inputs(MASKED, batch=1)).cross_attentions[0][0].mean(dim=0)
    assert_equal(shares.inputs, row / 2)
    assert_equal(shares.latent_share, torch.tensor([0.5]))
    assert_equal(shares.query_share, torch.tensor([0.0]))


def test_one_latent_under_a_classifier_worked_by_hand():
    """Half stays with the output's query; of the other half, half with the latent array; the last quarter is read."""
    shares = found(SENTIMENT, num_latents=1)
    model = tiny_model(SENTIMENT, num_latents=1)
    row = reference(model, tiny_inputs(SENTIMENT, batch=1)).cross_attentions[0][0].mean(dim=0)
    assert_equal(shares.inputs, row / 4)
    assert_equal(shares.latent_share, torch.tensor([0.25]))
    assert_equal(shares.query_share, torch.tensor([0.5]))


def test_a_single_input_gets_all_that_is_read():
    """With all others masked, every row of the encoder is 1 there."""
    mask = torch.arange(20)[None] == 8
    shares = found(SENTIMENT, mask=mask)
    assert_equal(shares.inputs, 0.25 * mask.float())
    assert_equal(found(SENTIMENT, mask=mask, use_query_residual=False).inputs, 0.5 * mask.float())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("encoder_residual", [True, False])
def test_shares_sum_to_one(name, encoder_residual):
    shares = found(name, use_query_residual=encoder_residual)
    assert shares.inputs.shape[0] == TINY[name].answers
    assert (shares.inputs >= 0).all()
    assert (shares.inputs <= 1).all()
    assert_equal(shares.query_share, torch.full_like(shares.query_share, 0.5 if name in CLASSIFIERS else 0.0))
    left = 1 - shares.query_share
    assert_equal(shares.latent_share, left / 2 if encoder_residual else torch.zeros_like(left))
    total = shares.inputs.sum(dim=-1) + shares.latent_share + shares.query_share
    assert_equal(total, torch.ones_like(total))


@settings(max_examples=25)
@given(ids=st.lists(st.integers(0, 261), min_size=1, max_size=20), blocks=st.integers(1, 3), data=st.data())
def test_shares_sum_to_one_for_any_text(ids, blocks, data):
    wanted = torch.tensor(data.draw(st.lists(st.integers(0, 19), min_size=1, max_size=5)))
    model = tiny_model(MASKED, num_blocks=blocks)
    with torch.no_grad():
        shares = rollout(model, encode(model, torch.tensor([ids]), keep_mixing=True), wanted)
    assert shares.inputs.shape == (len(wanted), len(ids))
    assert (shares.inputs >= 0).all()
    assert_equal(shares.inputs.sum(dim=-1) + shares.latent_share, torch.ones(len(wanted)))


@pytest.mark.parametrize("name", NAMES)
def test_size_of_slices_changes_nothing(name, monkeypatch):
    whole = found(name)
    monkeypatch.setattr(attention, "MAP_BYTES", 1)
    assert_equal(found(name).inputs, whole.inputs, atol=1e-6)
    assert_equal(found(name).latent_share, whole.latent_share, atol=1e-6)


def test_needs_to_know_how_the_layers_mix():
    model = tiny_model(MASKED)
    with torch.no_grad():
        encoded = encode(model, tiny_inputs(MASKED, batch=1))
        assert encoder_rows(model, encoded).shape == (7, 20)
        with pytest.raises(ValueError, match="keep_mixing"):
            rollout(model, encoded)
