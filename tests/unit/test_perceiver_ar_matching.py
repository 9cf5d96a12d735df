"""Matching heads: they attend to what followed the same tokens before, and to nothing that follows."""

from dataclasses import replace

import pytest
import torch

from models.perceiver.ar import PerceiverAr
from models.perceiver.ar_matching import CHANNELS, codes, last_ids, ngram_hashes
from models.perceiver.ar_provenance import cross_rows, follow
from tests.tiny_ar import CONFIG, naive, tiny_ar, tokens
from tests.tiny_models import FAR, assert_equal

ORDERS = (1, 2, 3)
PERIOD = torch.tensor([7, 3, 7, 11])
"""7 occurs twice, each pair and triple once."""


def sharp_ar() -> PerceiverAr:
    """Its scores of different n-grams count for nothing."""
    model = tiny_ar(matching_orders=ORDERS)
    model.cross.matching.log_temperature.data.fill_(5.0)
    return model


def splitmix64(state: int) -> int:
    """In whole numbers without a sign (Steele et al. 2014)."""
    z = (state + 0x9E3779B97F4A7C15) % 2**64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
    return z ^ (z >> 31)


@pytest.mark.parametrize("prefix", [8, 7])
def test_outputs_and_maps_are_those_of_a_search_for_the_same_ngrams(prefix):
    model, ids = sharp_ar(), PERIOD.repeat(4)[:13]
    expected = naive(model, ids, prefix)
    with torch.no_grad():
        assert_equal(model(ids[None], prefix)[0], expected.logits, atol=1e-4)
    latents = torch.arange(13 - prefix)
    found = cross_rows(model, follow(model, ids[None], prefix), latents)
    assert_equal(found, expected.across.transpose(0, 1))
    last = found[-1, CONFIG.num_heads :]  # 7 follows a period: after 7 came 3 and 11, after "11 7" and "7 11 7" only 3
    assert last[0].nonzero()[:, 0].tolist() == [1, 3, 5, 7, 9, 11]
    assert last[1].nonzero()[:, 0].tolist() == last[2].nonzero()[:, 0].tolist() == [5, 9]


def test_codes_follow_the_published_hash():
    ids = torch.tensor([[5, 9]])
    hashes = ngram_hashes(ids, (2,), latents=1, before=last_ids(ids[:, :0], 2))
    state = splitmix64(2 + 5 + 1)
    expected = splitmix64((state + 9 + 1) % 2**64)
    assert int(hashes.asking) % 2**64 == expected
    signs = [1 if expected >> bit & 1 else -1 for bit in range(CHANNELS)]
    assert (codes(hashes.asking, torch.float64)[0, 0, 0] * 8).tolist() == signs


def test_codes_are_of_unit_length_and_far_apart():
    ids = torch.arange(2000)[None]
    hashes = ngram_hashes(ids, (3,), latents=2000, before=last_ids(ids[:, :0], 3))
    found = codes(hashes.asking[0, 0], torch.float64)
    cosines = found @ found.T
    assert_equal(cosines.diagonal(), torch.ones(2000, dtype=torch.float64))
    others = cosines[~torch.eye(2000, dtype=torch.bool)]
    assert abs(others.mean()) < 0.01
    assert others.std().item() == pytest.approx(1 / 8, rel=0.05)
    assert others.max() < 0.75


def test_hashes_do_not_depend_on_how_the_text_is_divided():
    text = tokens(12, batch=2)
    whole = ngram_hashes(text, ORDERS, latents=12, before=last_ids(text[:, :0], 3))
    before, asking, read = last_ids(text[:, :0], 3), [], []
    for part in text.split((5, 1, 1, 4, 1), dim=1):
        found = ngram_hashes(part, ORDERS, latents=part.shape[1], before=before)
        before = last_ids(part, 3, before)
        asking.append(found.asking)
        read.append(found.read)
    assert torch.equal(torch.cat(asking, dim=2), whole.asking)
    assert torch.equal(torch.cat(read, dim=2), whole.read)


def test_later_tokens_change_no_earlier_output():
    model, ids = tiny_ar(matching_orders=ORDERS), tokens(12)
    changed = ids.clone()
    changed[0, 10:] = (changed[0, 10:] + 1) % CONFIG.vocab_size
    with torch.no_grad():
        one, other = model(ids, 6)[0], model(changed, 6)[0]
    assert_equal(one[:4], other[:4])
    assert (one[4:] - other[4:]).abs().max() > FAR


def test_keys_of_a_thinned_prefix_are_those_of_the_whole_text():
    model, ids = tiny_ar(matching_orders=ORDERS, cross_attention_dropout=0.5).train(), tokens(14)
    _, across, _ = model.start(ids, 8)
    whole = ngram_hashes(ids, ORDERS, latents=6, before=last_ids(ids[:, :0], 3))
    assert across.hashes.read.shape[2] == 4 + 6
    assert torch.equal(across.hashes.read[..., 4:], whole.read[..., 8:])
    kept = [whole.read[0, 2].tolist().index(each) for each in across.hashes.read[0, 2, :4].tolist()]
    assert kept == sorted(set(kept))
    assert torch.equal(across.hashes.asking, whole.asking)


def test_switched_off_it_is_the_model_without_them():
    model, ids = tiny_ar(matching_orders=ORDERS), tokens(14)
    without = PerceiverAr(replace(model.config, matching_orders=())).eval()
    without.load_state_dict({name: each for name, each in model.state_dict().items() if ".matching." not in name})
    with torch.no_grad():
        off = model.predict(model.latents(ids, 8, matching=False))
        assert torch.equal(off, without(ids, 8))
        assert (model(ids, 8) - off).abs().max() > FAR


def test_new_ones_change_nothing_before_they_are_trained():
    torch.manual_seed(0)
    model = PerceiverAr(replace(CONFIG, matching_orders=ORDERS)).eval()
    with torch.no_grad():
        assert_equal(model.latents(tokens(14), 8), model.latents(tokens(14), 8, matching=False))
