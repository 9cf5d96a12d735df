"""What a written token was read from, against whole attention maps and their product."""

import numpy as np
import pytest
import torch

from models.perceiver import ar_provenance
from models.perceiver.ar_provenance import cross_rows, follow, rollout, self_rows
from tests.tiny_ar import naive, tiny_ar, tokens
from tests.tiny_models import assert_equal

KINDS = ({}, {"abs_pos_emb": True}, {"num_self_attention_rotary_layers": -1})
WANTED = torch.tensor([5, 0, 3])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("prefix", [8, 0])
def test_rows_are_those_of_the_whole_maps(kind, prefix):
    model, ids = tiny_ar(**kind), tokens(prefix + 6)
    followed, maps = follow(model, ids, prefix), naive(model, ids[0], prefix)
    assert_equal(cross_rows(model, followed, WANTED), maps.across[:, WANTED].transpose(0, 1))
    for layer, of_layer in enumerate(maps.among):
        assert_equal(self_rows(model, followed, layer, WANTED), of_layer[:, WANTED].transpose(0, 1))
    assert np.ptp(maps.across[:, 5].numpy()) > 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_rollout_is_the_product_of_the_whole_maps(kind):
    model, ids = tiny_ar(**kind), tokens(14)
    maps = naive(model, ids[0], 8)
    rows = np.eye(6)[WANTED.numpy()]
    for of_layer in reversed(maps.among):
        rows = rows @ (np.eye(6) + of_layer.double().mean(dim=0).numpy()) / 2
    shares = rollout(model, follow(model, ids, 8), WANTED)
    np.testing.assert_allclose(shares.inputs, rows @ maps.across.double().mean(dim=0).numpy() / 2, atol=1e-6)
    own = rows[np.arange(3), WANTED.numpy()]
    np.testing.assert_allclose(shares.query_share, own / 2, atol=1e-6)
    np.testing.assert_allclose(shares.latent_share, (1 - own) / 2, atol=1e-6)
    total = shares.inputs.sum(dim=1) + shares.query_share + shares.latent_share
    assert_equal(total, torch.ones(3))


def test_the_first_token_reads_itself_alone():
    model = tiny_ar()
    followed = follow(model, tokens(6), 0)
    shares = rollout(model, followed, torch.tensor([0]))
    assert_equal(shares.inputs[0], torch.tensor([0.5, 0, 0, 0, 0, 0]))
    assert (shares.query_share.item(), shares.latent_share.item()) == (0.5, 0.0)
    assert_equal(cross_rows(model, followed, torch.tensor([0]))[0, :, 0], torch.ones(2))


def test_size_of_slices_changes_nothing(monkeypatch):
    model, ids = tiny_ar(), tokens(14)
    whole = rollout(model, follow(model, ids, 8), WANTED)
    monkeypatch.setattr(ar_provenance, "MAP_BYTES", 1)
    assert_equal(rollout(model, follow(model, ids, 8), WANTED).inputs, whole.inputs, atol=1e-6)
