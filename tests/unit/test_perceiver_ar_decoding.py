"""Writing on with kept keys and values, step by step against reading everything again."""

import pytest
import torch

from models.perceiver.ar_cache import KeyValues
from models.perceiver.ar_decoding import IncrementalDecoder, Refill, Window, first_window, next_window
from tests.tiny_ar import CONFIG, tiny_ar, tokens
from tests.tiny_models import FAR, assert_equal

STEPS = 26
"""Enough from any start to fill the latents, then the prefix, and to lose tokens on the left for a while."""


def windows(prompt: int, latents: int, refill: Refill, **changes: int) -> list[tuple[int, int, int]]:
    """The schedule as a loop over lengths, told in other words than `next_window` has."""
    found, dropped, prefix = [], 0, prompt - latents
    for length in range(prompt, prompt + STEPS + 1):
        if length - dropped - prefix > 6:
            prefix = length - dropped - (6 if refill is Refill.EACH else 3)
            while prefix > 8:
                dropped, prefix = dropped + 1, prefix - 1
        found.append((dropped, prefix, length - dropped - prefix))
    return found


@pytest.mark.parametrize("refill", Refill)
@pytest.mark.parametrize(
    "kind", [{"abs_pos_emb": True}, {"num_self_attention_rotary_layers": -1}, {"matching_orders": (1, 3)}]
)
@pytest.mark.parametrize(("prompt", "latents", "seed"), [(1, 1, 0), (6, 2, 1), (12, 4, 2), (13, 6, 3)])
def test_each_step_equals_reading_again(refill, kind, prompt, latents, seed):
    """In float64, where rounding cannot be taken for a difference, nor a difference for rounding."""
    model, text = tiny_ar(seed, **kind).double(), tokens(prompt + STEPS, batch=2, seed=seed)
    writer = IncrementalDecoder(model, refill)
    logits = writer.start(text[:, :prompt], latents)
    expected = windows(prompt, latents, refill)
    assert expected[-1][0] > 4
    for length, (dropped, prefix, latents_now) in enumerate(expected, start=prompt):
        assert writer.window == Window(dropped, prefix, latents_now)
        with torch.no_grad():
            again = model(text[:, dropped:length], prefix)[:, -1]
        assert_equal(logits, again, atol=1e-10)
        assert again.std(dim=-1).min() > FAR
        if length < text.shape[1]:
            logits = writer.write(text[:, length])
    assert torch.equal(writer.ids, text)
    assert writer.full_passes + writer.steps == STEPS + 1


@pytest.mark.parametrize("refill", Refill)
def test_padded_prompts_are_continued_as_they_are_alone(refill):
    """Until tokens are lost on the left, where the shorter text would still have room."""
    model = tiny_ar(abs_pos_emb=True).double()
    long, short = tokens(9), tokens(5, seed=2)
    padding = torch.zeros(2, 9, dtype=torch.bool)
    padding[1, :4] = True
    together, alone = IncrementalDecoder(model, refill), IncrementalDecoder(model, refill)
    logits = together.start(torch.cat([long, torch.cat([torch.zeros_like(short[:, :4]), short], 1)]), 3, padding)
    other = alone.start(short, 3)
    for step in range(5):
        assert_equal(logits[1:], other, atol=1e-10)
        new = tokens(2, seed=step)[0]
        logits, other = together.write(new), alone.write(new[1:])
    while together.window.dropped == 0:  # and it goes on
        logits = together.write(tokens(2)[0])
    seen = slice(together.window.dropped, None)
    with torch.no_grad():
        again = model(together.ids[:, seen], together.window.prefix, torch.nn.functional.pad(
            padding, (0, together.ids.shape[1] - 9))[:, seen])  # fmt: skip
    assert_equal(logits, again[:, -1], atol=1e-10)


def test_schedules_by_hand():
    config = tiny_ar(max_seq_len=8, max_latents=4).config
    window = each = half = first_window(config, 3, 2)
    assert window == Window(0, 1, 2)
    of_each, of_half = [], []
    for _ in range(7):
        each, half = next_window(config, each, Refill.EACH), next_window(config, half, Refill.HALF)
        of_each.append((each.dropped, each.prefix, each.latents))
        of_half.append((half.dropped, half.prefix, half.latents))
    assert of_each == [(0, 1, 3), (0, 1, 4), (0, 2, 4), (0, 3, 4), (0, 4, 4), (1, 4, 4), (2, 4, 4)]
    assert of_half == [(0, 1, 3), (0, 1, 4), (0, 4, 2), (0, 4, 3), (0, 4, 4), (3, 4, 2), (3, 4, 3)]


def test_what_each_rule_costs():
    """6 latents, 1 at the start: 5 more fit. Then every token costs a reading, or every fourth does."""
    for refill, readings in ((Refill.EACH, 1 + 21), (Refill.HALF, 1 + 6)):
        writer = IncrementalDecoder(tiny_ar(), refill)
        writer.start(tokens(2), 1)
        for token in tokens(STEPS)[0]:
            writer.write(token[None])
        assert (writer.full_passes, writer.steps) == (readings, STEPS + 1 - readings)


def test_a_step_works_on_one_position():
    model, lengths = tiny_ar(), []
    model.cross.mlp.register_forward_hook(lambda _, inputs, __: lengths.append(inputs[0].shape[1]))
    for cached, expected in ((True, [3, 1, 1, 1, 3]), (False, [3, 4, 5, 6, 3])):
        writer = IncrementalDecoder(model, Refill.HALF, cached=cached)
        lengths.clear()
        writer.start(tokens(9), 3)
        for token in tokens(4)[0]:
            writer.write(token[None])
        assert lengths == expected
        assert (writer.nbytes > 0) is cached


@pytest.mark.parametrize(("length", "latents"), [(5, 0), (5, 6), (9, 7), (12, 3), (15, 6)])
def test_a_prompt_that_does_not_fit_is_refused(length, latents):
    with pytest.raises(ValueError, match=r"can be"):
        first_window(CONFIG, length, latents)
    with pytest.raises(ValueError, match=r"can be"):
        IncrementalDecoder(tiny_ar()).start(tokens(length), latents)


def test_nothing_is_kept_beyond_the_room_for_it():
    kept, four = KeyValues(6), torch.zeros(1, 2, 4, 3)
    kept.extended(four, four)
    with pytest.raises(ValueError, match="room for 6 positions, not 8"):
        kept.extended(four, four)
