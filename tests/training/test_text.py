"""The recipe for text generation: its batches, and bits per byte against a loop over bytes."""

import math
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from models.perceiver.ar import PerceiverAr
from tests.training_data import repeated_letters
from training.loop import Run, Schedule, fit
from training.text_batches import START, Batches, longest_prefix, random_prefix
from training.text_evaluation import baselines, evaluate, spans
from training.text_generation import batch_loss, config

CPU = torch.device("cpu")
SIZE = {"channels": 16, "heads": 2, "layers": 1, "context": 32, "latents": 8}


def some_text(length: int, seed: int = 0) -> np.ndarray:
    """Words of one repeated letter, so that the previous bytes predict the next one."""
    return repeated_letters(seed, length // 5 + 1, length=4, end=b" ")[:length]


def tiny_model(seed: int = 0, **changes) -> PerceiverAr:
    """With weights wide enough that what was read matters."""
    torch.manual_seed(seed)
    model = PerceiverAr(config(**SIZE | changes))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(8 if parameter.ndim > 1 else 1)
    return model.eval()


def bits_one_by_one(model: PerceiverAr, text: np.ndarray, stride: int, context: int = 32) -> list[float]:
    """Each byte on its own, with the latents that its window has up to it: no batch, and nothing later to be seen."""
    tokens = torch.tensor([START, *(int(byte) + 6 for byte in text)])
    bits = []
    for place in range(len(text)):
        end = 8 if place < 8 else min(len(text), 8 + stride * ((place - 8) // stride + 1))
        first, begin = max(0, end - 8), max(0, end - context)
        with torch.no_grad():
            logits = model(tokens[None, begin : place + 1], first - begin)[0, -1]
        bits.append(F.cross_entropy(logits, tokens[place + 1]).item() / math.log(2))
    return bits


@pytest.mark.parametrize("stride", [1, 3, 4, 8])
@pytest.mark.parametrize("length", [1, 7, 8, 9, 61])
def test_bits_are_those_of_a_loop_over_bytes(length, stride):
    model, text = tiny_model(), some_text(length)
    one_by_one = bits_one_by_one(model, text, stride)
    scores = evaluate(model, text, stride=stride)
    assert scores["bytes"] == length
    assert scores["bits_per_byte"] == pytest.approx(np.mean(one_by_one), rel=1e-5)
    assert length < 9 or np.std(one_by_one) > 0.1


def test_a_shorter_context_is_kept_to():
    model, text = tiny_model(), some_text(50)
    expected = np.mean(bits_one_by_one(model, text, 4, context=12))
    assert evaluate(model, text, context=12)["bits_per_byte"] == pytest.approx(expected, rel=1e-5)
    assert evaluate(model, text)["bits_per_byte"] != pytest.approx(expected, rel=1e-3)


@settings(max_examples=60)
@given(length=st.integers(0, 200), latents=st.integers(1, 12), more=st.integers(0, 30), data=st.data())
def test_every_byte_is_scored_once_with_all_the_context_there_is(length, latents, more, data):
    stride = data.draw(st.integers(1, latents))
    scored = []
    for span in spans(length, latents + more, latents, stride):
        assert 0 <= span.begin <= span.first <= span.scored < span.end
        assert span.end - span.first <= latents
        assert span.end - span.begin <= latents + more
        for place in range(span.scored, span.end):
            assert place + 1 - span.begin >= min(place + 1, latents + more - stride + 1)
        scored += range(span.scored, span.end)
    assert scored == list(range(length))


@pytest.mark.parametrize("stride", [0, 5])
def test_a_stride_that_would_leave_bytes_out_is_refused(stride):
    with pytest.raises(ValueError, match="stride"):
        list(spans(20, 10, 4, stride))


def test_some_windows_alone():
    model, text = tiny_model(), some_text(48)
    one_by_one = bits_one_by_one(model, text, 8)
    found = evaluate(model, text, stride=8, every=3)
    assert found["bytes"] == 16
    assert found["bits_per_byte"] == pytest.approx(np.mean(one_by_one[:8] + one_by_one[24:32]), rel=1e-5)


def test_evaluation_does_not_draw_from_torch():
    model, text = tiny_model(), some_text(40)
    before = torch.get_rng_state()
    first = evaluate(model, text)
    assert torch.equal(torch.get_rng_state(), before)
    assert evaluate(model, text) == first


def test_batches_are_windows_of_the_text():
    text = np.frombuffer(b"".join(b"Sentence number %d is this one. " % i for i in range(300)), dtype=np.uint8)
    torch.manual_seed(0)
    batch = Batches(text, CPU, 400, latents=16).draw(prefix=48)
    assert (batch.ids.shape, batch.targets.shape) == ((400, 64), (400, 16))
    assert torch.equal(batch.ids[:, 49:], batch.targets[:, :-1])
    started = batch.ids[:, 0] == START
    assert 25 < started.sum() < 80
    for row, target, begins in zip(batch.ids, batch.targets, started, strict=True):
        shown = bytes((torch.cat([row[1:], target[-1:]]) - 6).tolist())
        assert shown in text.tobytes()
        assert not begins or shown.startswith(b"Sentence") or shown == text.tobytes()[-64:]
    assert len({row.tobytes() for row in batch.ids.numpy()}) > 300


def test_a_text_shorter_than_a_window_is_refused():
    with pytest.raises(ValueError, match="no window of 64"):
        Batches(some_text(63), CPU, 4, latents=16).draw(prefix=48)


def test_prefixes_grow_and_stay_random():
    assert [longest_prefix(progress, 64, 768) for progress in (0, 0.25, 0.5, 1)] == [64, 384, 768, 768]
    assert longest_prefix(0, 64, 24) == 24
    torch.manual_seed(0)
    drawn = Counter(random_prefix(0.75, 64, 768) for _ in range(2000))
    assert set(drawn) == set(range(0, 769, 64))
    assert 0.45 < drawn[768] / 2000 < 0.65


def test_forty_steps_beat_what_no_context_can_tell(tmp_path):
    text, unseen = some_text(20_000), some_text(400, seed=1)
    torch.manual_seed(0)
    model = PerceiverAr(config(**SIZE | {"channels": 32}))
    batches = Batches(text, CPU, 16, latents=8)
    schedule = Schedule(40, 1e-2, warmup=4, muon=True)
    fit(model, lambda step: batch_loss(model.train(), batches.draw(8)), lambda: 0.0, schedule, Run(tmp_path))
    _, counts = np.unique(unseen, return_counts=True)
    share = counts / counts.sum()
    assert evaluate(model, unseen)["bits_per_byte"] < 0.7 * -(share * np.log2(share)).sum()


def test_baselines_know_what_repeats():
    noise = np.random.default_rng(0).integers(0, 256, 4000).astype(np.uint8)
    repeated, of_noise = baselines(some_text(5000), some_text(4000, seed=1)), baselines(noise, noise[::-1].copy())
    assert repeated.keys() == of_noise.keys() == {"gzip -9", "bzip2 -9", "xz -9e", "5-gram"}
    assert max(repeated.values()) < 1.5
    assert min(of_noise.values()) > 7.5
    # A new letter of eight every five bytes, which no counting foretells.
    assert repeated["5-gram"] == pytest.approx(3 / 5, rel=0.1)


def test_default_model_has_fewer_than_5_million_parameters():
    with torch.device("meta"):
        assert sum(parameter.numel() for parameter in PerceiverAr(config()).parameters()) < 5_000_000
