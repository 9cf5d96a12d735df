"""The task of sentiment: what transformers' forward says of the same text, and of the windows of a longer one."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import PerceiverForSequenceClassification

from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.data.text_windows import text_windows
from models.schema import ByteAt, InputError, LabelAt, Probe, SentimentRequest
from models.tasks import sentiment
from tests.fine_tuning_rows import LABELS, request
from tests.tiny_models import READS, load_tiny, served_model

TEXT = "a good ☕, twice"
LONG = "not bad at all, and then ☕ again: a film that I would see three times over"
METHODS = ("rollout", "encoder", "decoder")


def model(seed: int = 0) -> PerceiverForSequenceClassification:
    return served_model("PerceiverForSequenceClassification", seed)


@torch.no_grad()
def expected(content: bytes, seed: int = 0) -> np.ndarray:
    """[CLS], bytes, [SEP], through transformers' own forward."""
    ids = torch.tensor([[4, *(byte + 6 for byte in content), 5]])
    return model(seed)(inputs=ids).logits[0].softmax(dim=-1).numpy()


def by_index(result) -> np.ndarray:
    return np.array([label.probability for label in sorted(result.labels, key=lambda label: label.index)])


# Labels


@pytest.mark.parametrize(("weights", "seed"), [("embedded", 0), ("published", 1)])
def test_labels_equal_transformers(service, weights, seed):
    result = service.run(SentimentRequest(TEXT, weights=weights))
    probabilities = expected(TEXT.encode(), seed)
    assert np.ptp(probabilities) > 1e-2
    np.testing.assert_allclose(by_index(result), probabilities, atol=1e-5)
    assert [label.index for label in result.labels] == np.argsort(-probabilities).tolist()
    assert [label.name for label in result.labels] == [f"LABEL_{label.index}" for label in result.labels]
    assert [(window.start, window.stop) for window in result.windows] == [(0, len(TEXT.encode()))]
    assert result.label == probabilities.argmax()
    assert (result.attention, result.occlusion) == (None, None)


def test_windows_of_a_long_text_vote(service, monkeypatch):
    monkeypatch.setattr(sentiment, "AT_ONCE", 2)
    result = service.run(SentimentRequest(LONG))
    spans = text_windows(LONG.encode(), READS)
    assert len(spans) > 2
    assert [(window.start, window.stop) for window in result.windows] == list(spans)
    votes = [expected(LONG.encode()[start:stop]) for start, stop in spans]
    np.testing.assert_allclose([window.probabilities for window in result.windows], votes, atol=1e-5)
    np.testing.assert_allclose(by_index(result), np.mean(votes, axis=0), atol=1e-5)
    assert np.ptp(votes, axis=0).max() > 1e-2


def test_special_tokens_in_a_text_are_bytes(service):
    result = service.run(SentimentRequest("[SEP] [MASK] [CLS]"))
    np.testing.assert_allclose(by_index(result), expected(b"[SEP] [MASK] [CLS]"), atol=1e-5)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (SentimentRequest(""), "empty"),
        (SentimentRequest(" \n"), "empty"),
        (SentimentRequest("x" * 16_385), "16,385 bytes"),
        (SentimentRequest("\ud800"), "surrogate"),
        (SentimentRequest("a " * 401, occlude=True), "401 words"),
        (SentimentRequest("a", Probe(LabelAt(3))), "no label 3: .* 0 to 2"),
        (SentimentRequest("a", Probe(ByteAt(0))), "LabelAt, not ByteAt"),
        (SentimentRequest("a", Probe(LabelAt(-1))), "no label -1"),
        (SentimentRequest("a", Probe(LabelAt(0), "sideways")), "sideways"),
    ],
)
def test_refused(service, request_, message):
    with pytest.raises(InputError, match=message):
        service.run(request_)


# Attention


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("text", [TEXT, LONG])
def test_shares_sum_to_one(service, text, method):
    attention = service.run(SentimentRequest(text, Probe(None, method))).attention
    assert attention.values.sum() + attention.latent_share + attention.query_share == pytest.approx(1, abs=1e-5)
    cells = 7 if method == "decoder" else len(text.encode()) + 2
    assert attention.values.shape == (cells,)
    assert attention.values.dtype == np.float32
    assert attention.uniform == pytest.approx(attention.values.sum() / cells)
    # The decoder has a residual: half of the answer is its own query's.
    assert attention.query_share == (0.5 if method == "rollout" else 0)


@pytest.mark.parametrize("method", METHODS)
def test_windows_are_merged_at_their_places(service, method):
    probe = Probe(LabelAt(1), method)
    merged = service.run(SentimentRequest(LONG, probe)).attention
    content, spans = LONG.encode(), text_windows(LONG.encode(), READS)
    alone = [service.run(SentimentRequest(content[start:stop].decode(), probe)).attention for start, stop in spans]
    if method == "decoder":
        total = np.sum([each.values for each in alone], axis=0)
    else:
        total = np.zeros(len(content) + 2)
        for (start, stop), each in zip(spans, alone, strict=True):
            total[[0, -1]] += each.values[[0, -1]]
            total[start + 1 : stop + 1] += each.values[1:-1]
    np.testing.assert_allclose(merged.values, total / len(spans), atol=1e-5)
    assert merged.latent_share == pytest.approx(np.mean([each.latent_share for each in alone]), abs=1e-5)
    assert f"mean of {len(spans)} windows" in merged.title
    assert "'LABEL_1'" in merged.title


def test_a_second_question_finds_the_text_read(service):
    first = service.run(SentimentRequest(LONG, Probe(LabelAt(0))))
    second = service.run(SentimentRequest(LONG, Probe(LabelAt(0), "decoder")))
    assert (first.run.encoder_cached, second.run.encoder_cached) == (False, True)
    np.testing.assert_array_equal(by_index(first), by_index(second))
    assert not service.run(SentimentRequest(LONG)).run.encoder_cached


# Leaving words out


def test_drops_equal_transformers(service):
    occlusion = service.run(SentimentRequest("one  two three", Probe(LabelAt(2)), occlude=True)).occlusion
    whole = expected(b"one  two three")[2]
    without = [expected(left)[2] for left in (b"two three", b"one  three", b"one  two")]
    assert occlusion.words.tolist() == [[0, 3], [5, 8], [9, 14]]
    np.testing.assert_allclose(occlusion.drops, [whole - each for each in without], atol=1e-5)
    assert np.ptp(occlusion.drops) > 1e-3


def test_words_are_streamed_and_end_with_the_same_result(monkeypatch):
    """The chunks change only what texts are padded with each other."""
    request = SentimentRequest(LONG, Probe(LabelAt(0)), occlude=True)
    whole = LocalBackend(Settings(device="cpu"), load_tiny).run(request)
    monkeypatch.setattr("models.tasks.occlusion.WORDS_AT_ONCE", 2)
    backend = LocalBackend(Settings(device="cpu"), load_tiny)
    *parts, last = (result.occlusion for result in backend.stream(request))
    count = len(whole.occlusion.words)
    assert [len(part.words) for part in parts] == list(range(2, count, 2))
    assert last.complete
    assert not any(part.complete for part in parts)
    for part in (*parts, last):
        words = len(part.words)
        assert part.words_in_text == count
        np.testing.assert_array_equal(part.words, whole.occlusion.words[:words])
        np.testing.assert_array_equal(part.attention, whole.occlusion.attention[:words])
        np.testing.assert_allclose(part.drops, whole.occlusion.drops[:words], atol=1e-6)
        np.testing.assert_allclose(part.log_odds_drops, whole.occlusion.log_odds_drops[:words], atol=1e-5)
    assert last.rank_correlation == pytest.approx(whole.occlusion.rank_correlation)
    (cached,) = backend.stream(request)
    np.testing.assert_array_equal(cached.occlusion.drops, last.drops)


def test_drops_of_a_long_text_equal_transformers(service):
    result = service.run(SentimentRequest(LONG, Probe(LabelAt(0)), occlude=True))
    content, spans = LONG.encode(), text_windows(LONG.encode(), READS)
    whole = np.mean([expected(content[start:stop])[0] for start, stop in spans])
    word = LONG.split().index("again:")
    start, stop = result.occlusion.words[word].tolist()
    assert content[start:stop] == b"again:"
    gone = range(start, stop + 1)  # and the space
    left = [bytes(content[at] for at in range(*span) if at not in gone) for span in spans]
    drop = whole - np.mean([expected(each)[0] for each in left])
    assert result.occlusion.drops[word] == pytest.approx(drop, abs=1e-5)


def test_attention_on_words_is_that_on_their_bytes(service):
    result = service.run(SentimentRequest("one two three", Probe(LabelAt(1)), occlude=True))
    values = result.attention.values[1:-1]
    sums = [values[0:3].sum(), values[4:7].sum(), values[8:13].sum()]
    np.testing.assert_allclose(result.occlusion.attention, sums, atol=1e-6)
    ranks = [np.argsort(np.argsort(each)) for each in (sums, np.abs(result.occlusion.drops))]
    assert result.occlusion.rank_correlation == pytest.approx(np.corrcoef(ranks)[0, 1])


def test_without_attention_over_the_bytes_there_is_nothing_to_compare(service):
    for probe in (None, Probe(None, "decoder")):
        occlusion = service.run(SentimentRequest("one two three", probe, occlude=True)).occlusion
        assert occlusion.attention is None
        assert np.isnan(occlusion.rank_correlation)


# What a visitor has taught


@pytest.mark.parametrize("frozen", [False, True])
def test_taught_model_classifies(service, frozen):
    step = service.run(request(frozen=frozen))
    held = step.held_out
    for text, label in list(zip(held.texts, held.predicted, strict=True))[:4]:
        result = service.run(SentimentRequest(text, Probe(None), model=step.model))
        assert result.labels[0].name == LABELS[label]
        assert result.run.model == step.model.name
        assert f"{LABELS[label]!r}" in result.attention.title


def test_taught_model_is_not_mixed_with_the_base_or_another(service):
    text = SentimentRequest(TEXT, Probe(LabelAt(0)))
    first, second = (service.run(request(seed=seed)).model for seed in (0, 1))
    assert first.name != second.name
    base = service.run(text)
    ours = [service.run(SentimentRequest(TEXT, Probe(LabelAt(0)), model=each)) for each in (first, second)]
    assert not any(each.run.encoder_cached for each in ours)
    assert np.abs(by_index(ours[0]) - by_index(ours[1])).max() > 1e-3
    np.testing.assert_array_equal(by_index(service.run(text)), by_index(base))
    fresh = LocalBackend(Settings(device="cpu"), load_tiny)
    np.testing.assert_array_equal(by_index(fresh.run(text)), by_index(base))


def test_taught_on_other_weights_is_refused(service):
    step = service.run(request())
    changed = {**step.model.changed, "no such parameter": np.zeros(3, np.float32)}
    other = replace(step.model, changed=changed)
    with pytest.raises(InputError, match="other weights"):
        service.run(SentimentRequest(TEXT, model=other))
