"""What a written token was read from, against whole maps over the text as it lay when the token was predicted."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from models.backend.local import LocalBackend
from models.schema import InputError, LabelAt, Probe, TextGenerationStep, TokenAt
from models.tasks.byte_tokens import FIRST_BYTE, SEP
from tests.text_writers import PROMPT, biased, ids_of, model_of, steps_of
from tests.tiny_ar import Naive, naive

NEW = 17
TRACED = (0, 1, 5, 6, 9, 16)
"""The prompt's own latents; the first refill, with the left end in sight; 6 and 16 are the first after a refill."""


@pytest.fixture(scope="module")
def writing() -> LocalBackend:
    return biased({SEP: -1e4})


def text_of(step: TextGenerationStep) -> list[int]:
    return [byte + FIRST_BYTE for byte in PROMPT.encode()] + list(ids_of(step))


def maps(service: LocalBackend, step: TextGenerationStep, token: int) -> tuple[Naive, int, int]:
    """Whole maps of the text up to a token, as the token itself tells that it lay; its prefix and latents."""
    written = step.tokens[token]
    before: Tensor = torch.tensor(text_of(step)[written.dropped : len(PROMPT) + token])
    assert len(before) == written.prefix + written.latents
    return naive(model_of(service), before, written.prefix), written.prefix, written.latents


def explained(service: LocalBackend, step: TextGenerationStep, probe: Probe, **options: Any) -> TextGenerationStep:
    """A text that is there."""
    (last,) = steps_of(service, max_new_tokens=0, written=ids_of(step), probe=probe, **options)
    return last


@pytest.mark.parametrize("token", TRACED)
@pytest.mark.parametrize("head", [None, 1])
def test_rows_of_the_latent_before_the_token(writing, token, head):
    text = steps_of(writing, max_new_tokens=NEW)[-1]
    whole, prefix, latents = maps(writing, text, token)
    for method, row in (("encoder", whole.across[:, -1]), ("decoder", whole.among[-1][:, -1])):
        step = explained(writing, text, Probe(TokenAt(token), method, head))
        found = step.attention
        expected = row.mean(dim=0) if head is None else row[head]
        np.testing.assert_allclose(found.values, expected, atol=1e-5)
        assert found.values.dtype == np.float32
        assert found.values.sum() + found.latent_share + found.query_share == pytest.approx(1, abs=1e-5)
        assert len(found.values) == (prefix + latents if method == "encoder" else latents)
        assert found.uniform == pytest.approx(1 / len(found.values))
        assert (step.traced, step.dropped) == (token, text.tokens[token].dropped)
        assert (step.prefix_length, step.latents) == (prefix, latents)
        assert f"token {token}, generated as " in found.title
        assert ("mean over heads" if head is None else "head 1") in found.title


@pytest.mark.parametrize("token", TRACED)
def test_rollout_is_the_product_of_the_whole_maps(writing, token):
    text = steps_of(writing, max_new_tokens=NEW)[-1]
    whole, _, latents = maps(writing, text, token)
    found = explained(writing, text, Probe(TokenAt(token))).attention
    row = np.eye(latents)[-1]
    for of_layer in reversed(whole.among):
        row = row @ (np.eye(latents) + of_layer.double().mean(dim=0).numpy()) / 2
    np.testing.assert_allclose(found.values, row @ whole.across.double().mean(dim=0).numpy() / 2, atol=1e-5)
    assert found.query_share == pytest.approx(row[-1] / 2, abs=1e-5)
    assert found.latent_share == pytest.approx(row[:-1].sum() / 2, abs=1e-5)
    assert found.values.sum() + found.latent_share + found.query_share == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("token", TRACED)
def test_stages_of_the_tokens_around_it(writing, token):
    """The last layer is read as a decoder; all outputs have the prefix of the traced token."""
    text = steps_of(writing, max_new_tokens=NEW)[-1]
    step = explained(writing, text, Probe(TokenAt(token), "encoder", stages=True))
    stages, first = step.attention.stages, step.first_output
    outputs = range(first, first + len(stages.decoder))
    alike = [
        at for at, each in enumerate(text.tokens) if (each.dropped, each.prefix) == (step.dropped, step.prefix_length)
    ]
    assert list(outputs) == alike
    assert token in outputs
    whole, _, latents = maps(writing, text, outputs[-1])
    shown, count = stages.latents, len(outputs)
    *layers, decoder = (each.double().mean(dim=0).numpy() for each in whole.among)
    across, rows = whole.across.double().mean(dim=0).numpy(), [decoder[-count:]]
    assert stages.count == latents
    assert (np.diff(shown) > 0).all()
    np.testing.assert_allclose(stages.decoder, rows[0][:, shown], atol=1e-5)
    np.testing.assert_allclose(stages.encoder, across[shown], atol=1e-5)
    np.testing.assert_allclose(stages.inputs, rows[0] @ across, atol=1e-5)
    for layer in reversed(layers):
        rows.append(rows[-1] @ (np.eye(latents) + layer) / 2)
    np.testing.assert_allclose(stages.layers, np.stack(rows[::-1])[..., shown], atol=1e-5)


def test_the_last_token_is_traced_where_none_is_named(writing):
    text = steps_of(writing, max_new_tokens=NEW, probe=Probe(None, "encoder"))[-1]
    assert text.traced == 0
    again = explained(writing, text, Probe(TokenAt(0), "encoder"))
    np.testing.assert_allclose(text.attention.values, again.attention.values, atol=1e-6)
    assert again.text == text.text
    assert again.full_passes == 0


def test_the_first_new_token_is_traced_after_tokens_that_were_there(writing):
    text = steps_of(writing, max_new_tokens=3)[-1]
    more = steps_of(writing, max_new_tokens=2, written=ids_of(text), probe=Probe())[-1]
    assert more.traced == 3
    assert explained(writing, text, Probe()).traced == 0


def test_a_token_that_was_written_before_this_request(writing):
    text = steps_of(writing, max_new_tokens=3)[-1]
    step = steps_of(writing, max_new_tokens=9, written=ids_of(text), probe=Probe(TokenAt(1)))[-1]
    again = explained(writing, text, Probe(TokenAt(1)))
    np.testing.assert_allclose(step.attention.values, again.attention.values, atol=1e-6)
    assert (step.traced, step.dropped, step.prefix_length) == (1, 0, text.tokens[1].prefix)


def test_places_are_counted_from_the_prompts_first_token(writing):
    placed = {"num_latents": 3, "prefix": 2}
    text = steps_of(writing, max_new_tokens=2, **placed)[-1]
    step = explained(writing, text, Probe(TokenAt(1), "encoder"), **placed)
    assert (step.cut, step.dropped, step.prefix_length, step.latents) == (7, 7, 2, 4)
    before = torch.tensor(text_of(text)[7 : len(PROMPT) + 1])
    expected = naive(model_of(writing), before, 2).across[:, -1].mean(dim=0)
    np.testing.assert_allclose(step.attention.values, expected, atol=1e-5)


def test_the_title_shows_what_was_written(writing):
    shown = {}
    for token in (ord("'") + FIRST_BYTE, 0xFF + FIRST_BYTE, SEP):
        (step,) = steps_of(writing, max_new_tokens=0, written=(token,), probe=Probe(None))
        shown[token] = step.attention.title.split("generated as ")[1]
    assert list(shown.values()) == ['"\'"', "'\\xff'", "the end of the text"]


@pytest.mark.parametrize(
    ("probe", "message"),
    [
        (Probe(TokenAt(3)), "no token 3: .* 0 to 2"),
        (Probe(LabelAt(0)), "TokenAt, not LabelAt"),
        (Probe(TokenAt(-1)), "no token -1"),
        (Probe(TokenAt(0), "encoder", head=2), "no head 2.* 0 to 1"),
        (Probe(TokenAt(0), "decoder", head=-1), "no head -1"),
        (Probe(TokenAt(0), "rollout", head=0), "Rollout"),
        (Probe(TokenAt(0), "encoder", latent=0), "latent"),
        (Probe(TokenAt(0), "gradient"), "not 'gradient'"),  # pyright: ignore[reportArgumentType]
    ],
)
def test_questions_that_have_no_answer(writing, probe, message):
    with pytest.raises(InputError, match=message):
        steps_of(writing, max_new_tokens=3, probe=probe)


def test_nothing_to_trace(writing):
    with pytest.raises(InputError, match="no token to trace"):
        steps_of(writing, max_new_tokens=0, probe=Probe(None))
    with pytest.raises(InputError, match=r"no token 2: .* 0 to 0"):
        steps_of(biased({SEP: 1e4}), max_new_tokens=3, probe=Probe(TokenAt(2)))


def test_matching_heads_follow_the_others_and_can_be_switched_off():
    service = biased({SEP: -1e4}, matching_orders=(1, 2))
    model, prompt = model_of(service), "abcabcabcab"
    whole, off = (steps_of(service, prompt, max_new_tokens=3, matching=each)[-1] for each in (True, False))
    assert abs(whole.tokens[0].probability - off.tokens[0].probability) > 1e-4
    plain = biased({SEP: -1e4})
    kept = {name: each for name, each in model.state_dict().items() if ".matching." not in name}
    model_of(plain).load_state_dict(kept)
    assert ids_of(steps_of(plain, prompt, max_new_tokens=3)[-1]) == ids_of(off)
    head = model.config.num_heads + 1
    probe = Probe(TokenAt(0), "encoder", head)
    (found,) = steps_of(service, prompt, max_new_tokens=0, written=ids_of(whole), probe=probe)
    sharpest = np.argsort(found.attention.values)[-3:]
    assert set(sharpest.tolist()) == {2, 5, 8}  # "c" after "ab"
    for options in ({"matching": False, "probe": probe}, {"probe": Probe(TokenAt(0), "decoder", head)}):
        with pytest.raises(InputError, match=f"no head {head}"):
            steps_of(service, prompt, max_new_tokens=1, **options)
