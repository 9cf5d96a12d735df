"""Perceiver AR: against the same arithmetic written out, and what it must not see or take."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.perceiver import ar
from tests.tiny_ar import CONFIG, naive, tiny_ar, tokens
from tests.tiny_models import FAR, assert_equal

KINDS = (
    {},
    {"abs_pos_emb": True},
    {"num_self_attention_rotary_layers": -1, "output_bias": False},
    {"num_self_attention_rotary_layers": 0, "output_norm": False},
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("length", "prefix"), [(14, 8), (9, 8), (6, 0), (1, 0)])
def test_equals_the_arithmetic_written_out(kind, length, prefix):
    model, ids = tiny_ar(**kind), tokens(length)
    expected = naive(model, ids[0], prefix).logits
    with torch.no_grad():
        assert_equal(model(ids, prefix)[0], expected)
    assert expected.std(dim=-1).min() > FAR


@settings(max_examples=10)
@given(place=st.integers(0, 12), seed=st.integers(0, 99))
def test_no_latent_sees_what_comes_after_it(place, seed):
    model, ids = tiny_ar(seed), tokens(13, seed=seed)
    changed = ids.clone()
    changed[0, place] = (ids[0, place] + 1) % CONFIG.vocab_size
    with torch.no_grad():
        difference = (model(ids, 7) - model(changed, 7))[0].abs().amax(dim=-1)
    before = max(0, place - 7)
    assert (difference[:before] < 1e-6).all()
    assert (difference[before:] > 1e-4).all()


@pytest.mark.parametrize("kind", KINDS)
def test_padding_on_the_left_changes_nothing(kind):
    """A short text beside a long one is answered as it is alone, even where padding takes the place of latents."""
    model, long, short = tiny_ar(**kind), tokens(12), tokens(4, seed=2)
    ids = torch.cat([long, torch.cat([tokens(8, seed=3), short], dim=1)])
    padding = torch.zeros(2, 12, dtype=torch.bool)
    padding[1, :8] = True
    with torch.no_grad():
        of_both = model(ids, 7, padding)
        assert_equal(of_both[0], model(long, 7)[0])
        assert_equal(of_both[1, 1:], model(short, 0)[0])
        assert of_both.isfinite().all()


def test_texts_of_a_batch_do_not_see_each_other():
    model, ids = tiny_ar(), tokens(12, batch=3)
    with torch.no_grad():
        assert_equal(model(ids, 7)[1:2], model(ids[1:2], 7))


@pytest.mark.parametrize(("length", "prefix"), [(7, 0), (10, 9), (8, 8), (5, -1)])
def test_more_than_it_was_made_for_is_refused(length, prefix):
    with pytest.raises(ValueError, match="1 to 6 latents after at most 8"):
        tiny_ar()(tokens(length), prefix)


@pytest.mark.parametrize("changes", [{"max_latents": 15}, {"num_heads": 3}, {"num_heads": 16}])
def test_a_config_that_cannot_be_is_refused(changes):
    with pytest.raises(ValueError, match="do not"):
        tiny_ar(**changes)


def test_prefix_dropout_leaves_out_a_part_of_the_prefix_of_each_text():
    """What is left out is as good as padding: nobody reads it, and everything else stays where it was."""
    model, ids = tiny_ar(cross_attention_dropout=0.4), tokens(14, batch=2)
    torch.manual_seed(3)
    places, left = ar._thinned(torch.arange(14)[None], 8, 0.4, 2)
    assert left == 5
    assert places[0].tolist() != places[1].tolist()
    for row in places.tolist():
        assert row == sorted(set(row))
        assert row[left:] == list(range(8, 14))
    missing = torch.ones(2, 14, dtype=torch.bool).scatter(1, places, False)
    with torch.no_grad():
        expected, whole = model(ids, 8, missing), model(ids, 8)
        torch.manual_seed(3)
        found = model.train()(ids, 8)
    assert_equal(found, expected)
    assert (found - whole).abs().max() > FAR


def test_prefix_dropout_chooses_each_place_alike():
    torch.manual_seed(0)
    places, _ = ar._thinned(torch.arange(8)[None], 8, 0.5, 4000)
    share = torch.bincount(places.flatten(), minlength=8) / 4000
    assert (share - 0.5).abs().max() < 0.04


def test_dropout_is_for_training_alone():
    ids = tokens(12)
    for name in ("residual_dropout", "post_attention_dropout"):
        model = tiny_ar(**{name: 0.5}, cross_attention_dropout=0.0)
        with torch.no_grad():
            assert_equal(model(ids, 7), tiny_ar()(ids, 7))
            assert (model.train()(ids, 7) - tiny_ar()(ids, 7)).abs().max() > FAR


def test_everything_is_learned():
    model = tiny_ar(abs_pos_emb=True)
    model(tokens(14), 8).square().mean().backward()
    assert all(parameter.grad.abs().max() > 0 for parameter in model.parameters())
