"""The task of text generation: each step against the writer below it, and one text written in parts or in one go."""

import pickle
from itertools import islice

import pytest
import torch

from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.perceiver.ar_decoding import IncrementalDecoder
from models.schema import Probe, TextGenerationRequest, TokenAt
from models.tasks import text_generation
from models.tasks.byte_tokens import FIRST_BYTE, SEP
from tests.text_writers import PROMPT, biased, ids_of, model_of, of_letters, steps_of
from tests.tiny_models import Counting

PROMPT_IDS = [byte + FIRST_BYTE for byte in PROMPT.encode()]
LONG = 20
"""New tokens, over several refills: the first is full of latents, and the fifth lets go of the left end."""
END_FREE = {SEP: -1e4}


def test_greedy_steps_are_those_of_the_writer():
    """Which reads everything again for each token."""
    service = biased(END_FREE)
    first, *steps = steps_of(service, max_new_tokens=LONG, do_sample=False)
    writer = IncrementalDecoder(model_of(service), cached=False)
    logits = writer.start(torch.tensor([PROMPT_IDS]), 8)
    assert (first.dropped, first.prefix_length, first.latents, first.tokens) == (0, 4, 8, ())
    for number, step in enumerate(steps):
        shares = logits[0].softmax(dim=-1)
        best = shares[FIRST_BYTE:].topk(8)
        token = step.tokens[-1]
        assert token.id == best.indices[0] + FIRST_BYTE
        assert token.content == bytes([token.id - FIRST_BYTE])
        assert token.probability == pytest.approx(shares[token.id].item(), abs=1e-5)
        assert [content[0] for content, _ in token.alternatives] == best.indices.tolist()
        assert [share for _, share in token.alternatives] == pytest.approx(best.values.tolist(), abs=1e-5)
        window = writer.window
        assert (token.dropped, token.prefix, token.latents) == (window.dropped, window.prefix, window.latents)
        assert (step.dropped, step.prefix_length, step.latents) == (token.dropped, token.prefix, token.latents)
        assert len(step.tokens) == number + 1
        assert token.full_pass is (token.latents == 4 or number == 0)
        assert step.full_passes == sum(each.full_pass for each in step.tokens)
        logits = writer.write(torch.tensor([token.id]))
    assert steps[-1].dropped > 3
    assert {step.finish_reason for step in steps[:-1]} == {""}
    assert (steps[-1].finish_reason, len(steps)) == ("length", LONG)


@pytest.mark.parametrize("options", [{"do_sample": False}, {"temperature": 1.5, "top_p": 0.98, "seed": 3}])
@pytest.mark.parametrize("placed", [{}, {"num_latents": 5, "prefix": 2}])
def test_written_on_is_written_at_once(options, placed):
    service = biased(END_FREE)
    whole = steps_of(service, max_new_tokens=LONG, **options, **placed)[-1]
    for done in (1, 5, 6, LONG - 1):
        part = steps_of(service, max_new_tokens=done, **options, **placed)[-1]
        assert ids_of(part) == ids_of(whole)[:done]
        rest = steps_of(service, max_new_tokens=LONG - done, written=ids_of(part), **options, **placed)
        assert ids_of(rest[-1]) == ids_of(whole)[done:]
        for again, at_once in zip(rest[-1].tokens, whole.tokens[done:], strict=True):
            assert again.probability == pytest.approx(at_once.probability, abs=1e-5)
            assert (again.dropped, again.prefix, again.latents) == (at_once.dropped, at_once.prefix, at_once.latents)
        assert rest[-1].text == whole.text
        assert rest[-1].written_tokens == tuple(token.content for token in part.tokens)
        assert (rest[0].dropped, rest[0].latents) == (rest[1].dropped, rest[1].latents)


def test_the_seed_decides():
    service = of_letters()
    texts = [steps_of(service, max_new_tokens=30, seed=seed, temperature=2)[-1].text for seed in (0, 0, 1, 2**63 - 1)]
    assert texts[0] == texts[1]
    assert len(set(texts)) == 3
    assert all(set(text) <= set("abcde") for text in texts)


def test_top_k_of_one_is_greedy():
    service = biased({})
    greedy = steps_of(service, max_new_tokens=12, do_sample=False)[-1]
    assert ids_of(steps_of(service, max_new_tokens=12, top_k=1, seed=5)[-1]) == ids_of(greedy)
    assert ids_of(steps_of(service, max_new_tokens=12, top_p=1e-9, seed=5)[-1]) == ids_of(greedy)
    assert ids_of(steps_of(service, max_new_tokens=12, temperature=1e-4, seed=5)[-1]) == ids_of(greedy)


def test_the_text_shows_whole_characters():
    service = biased({0xC3 + FIRST_BYTE: 2e3, 0xA9 + FIRST_BYTE: 2e3})
    steps = steps_of(service, max_new_tokens=9, temperature=100)
    last = steps[-1]
    assert last.text == b"".join(token.content for token in last.tokens).decode("utf-8", "replace")
    assert all(last.text.startswith(step.text) for step in steps)
    assert "é" in last.text
    assert last.prompt_tokens == tuple(bytes([byte]) for byte in PROMPT.encode())


# Why a text ends


def test_a_stop_string_ends_the_text():
    service = of_letters()
    whole = steps_of(service, max_new_tokens=60, temperature=3)[-1].text
    stop = whole[30:33]
    last = steps_of(service, max_new_tokens=60, temperature=3, stop=("zz", stop))[-1]
    assert last.finish_reason == "stop"
    assert last.text == whole[: whole.index(stop) + 3]
    done = ids_of(last)
    after = steps_of(service, max_new_tokens=1, temperature=3, stop=(stop + "z",), written=done)[-1]
    assert (after.text, after.finish_reason) == (whole[: len(done) + 1], "length")
    begun = steps_of(service, max_new_tokens=9, temperature=3, stop=(stop,), written=done[:-1])[-1]
    assert (begun.text, begun.finish_reason) == (last.text, "stop")  # it began before this request


def test_a_stop_string_in_the_prompt_ends_nothing():
    assert steps_of(of_letters(), "abc", max_new_tokens=3, stop=("abc",))[-1].finish_reason == "length"


def test_the_end_token_ends_the_text():
    last = steps_of(biased({SEP: 1e4}), max_new_tokens=9)[-1]
    assert (last.finish_reason, last.text, ids_of(last)) == ("end", "", (SEP,))
    assert (last.tokens[0].content, last.tokens[0].probability) == (b"", 1.0)


def test_other_special_tokens_are_never_written():
    """However likely: then the bytes after them are drawn."""
    last = steps_of(biased(dict.fromkeys(range(SEP), 30.0)), max_new_tokens=9, temperature=5)[-1]
    assert len(last.tokens) == 9
    assert all(token.id > SEP and token.probability < 1e-3 for token in last.tokens)


def test_no_time_left(monkeypatch):
    monkeypatch.setattr(text_generation, "MAX_SECONDS", 0)
    last = steps_of(of_letters(), max_new_tokens=9)[-1]
    assert (last.finish_reason, len(last.tokens)) == ("time", 1)


def test_nothing_new(service):
    (step,) = steps_of(service, max_new_tokens=0)
    assert (step.text, step.finish_reason, step.tokens, step.full_passes, step.attention) == ("", "length", (), 0, None)


def test_closing_the_stream_ends_the_work():
    counting = Counting()
    service = LocalBackend(Settings(device="cpu"), counting)
    stream = service.stream(TextGenerationRequest(PROMPT, max_new_tokens=1000))
    assert len(list(islice(stream, 4))) == 4
    assert counting.reads == ["text_generation"] * 3  # one for each token, the prompt's among them
    stream.close()
    assert counting.reads == ["text_generation"] * 3


# What is read


def test_hidden_text_changes_nothing():
    """Of 22 bytes, 5 are latents and 6 prefix."""
    service, tail = biased(END_FREE), "456789ABCDE"
    options = {"num_latents": 5, "prefix": 6, "max_new_tokens": 2}
    found = [steps_of(service, head + tail, **options)[-1] for head in ("hello there", "HELLO THERE", "o")]
    assert found[0].tokens[0].probability == found[1].tokens[0].probability == found[2].tokens[0].probability
    assert [(step.cut, step.dropped, step.prefix_length, step.latents) for step in found] == [
        (11, 11, 6, 6),
        (11, 11, 6, 6),
        (1, 1, 6, 6),
    ]
    assert len(found[0].prompt_tokens) == 22
    other = steps_of(service, "hello there" + "X" + tail[1:], **options)[-1]
    assert other.tokens[0].probability != found[0].tokens[0].probability


def test_no_prefix():
    step = steps_of(biased(END_FREE), num_latents=3, prefix=0, max_new_tokens=1)[0]
    assert (step.cut, step.dropped, step.prefix_length, step.latents) == (9, 9, 0, 3)


def test_a_prompt_that_is_cut_is_its_end(service):
    text = "a long beginning, " + "0123456789" * 3
    cut = steps_of(service, text, cut=True, max_new_tokens=1)[-1]
    alone = steps_of(service, text[-24:], max_new_tokens=1)[-1]
    assert ids_of(cut) == ids_of(alone)
    assert (cut.cut, cut.dropped, alone.cut) == (24, 24, 0)
    few = steps_of(service, text, cut=True, num_latents=3, max_new_tokens=1)[-1]
    assert (few.cut, few.prefix_length, few.latents) == (48 - 16 - 3, 16, 3)


# What callers get


def test_run_gives_the_last_step(service):
    request = TextGenerationRequest(PROMPT, max_new_tokens=5, seed=4, probe=Probe(None))
    last, steps = service.run(request), list(service.stream(request))
    assert (last.text, last.tokens) == (steps[-1].text, steps[-1].tokens)
    assert [step.attention is None for step in steps] == [True] * 5 + [False]
    assert (last.run.seed, last.run.model, last.run.encoder_cached) == (4, "text_generation", False)


def test_values_go_through_a_pipe(service):
    steps = steps_of(service, max_new_tokens=4, probe=Probe(TokenAt(1)))
    again = pickle.loads(pickle.dumps(steps))
    assert [(step.text, step.tokens, step.run) for step in again] == [(s.text, s.tokens, s.run) for s in steps]
    assert (again[-1].attention.values == steps[-1].attention.values).all()


def test_speed_is_counted_from_the_first_token(service):
    steps = steps_of(service, max_new_tokens=6)
    assert [step.first_seconds > 0 for step in steps] == [False] + [True] * 6
    assert len({step.first_seconds for step in steps[1:]}) == 1
    assert [step.tokens_per_second > 0 for step in steps] == [False] * 2 + [True] * 5
    # Of a prefix of at most 16 and 8 latents: keys and values of 16 channels, float32, and those of 2 layers.
    assert max(step.cache_bytes for step in steps) <= 2 * 16 * 4 * (24 + 2 * 8)
    assert steps[-1].cache_bytes > 0
