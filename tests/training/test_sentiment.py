"""The recipe for sentiment: how rows are split and read, and how the model is scored."""

from collections import Counter

import numpy as np
import pytest
import torch
from transformers import PerceiverForMaskedLM, PerceiverForSequenceClassification, PerceiverTokenizer

from tests.training_data import put_reviews, review_rows
from training.sentiment import Learner, from_byte_model, small_config
from training.sentiment_rows import (
    LONGEST,
    SHARES,
    SHORTEST_WINDOW,
    TEST,
    VALIDATION,
    LabeledBatches,
    Rows,
    read_rows,
    split_rows,
)
from training.sentiment_scores import baselines, evaluate

CPU = torch.device("cpu")


def of(*texts: str) -> Rows:
    return Rows(tuple(text.encode() for text in texts), np.arange(len(texts)) % 2)


def test_no_text_is_in_two_splits_and_each_has_its_share():
    given = review_rows(400) + review_rows(400)[:100]
    splits = split_rows(given, seed=3)
    sides = [set(rows.texts) for rows in (splits.train, splits.validation, splits.test)]
    assert sum(map(len, sides)) == len(set().union(*sides)) == len({row["text"] for row in given})
    assert Counter(splits.train.texts + splits.validation.texts + splits.test.texts) == Counter(
        row["text"].encode() for row in given
    )
    assert len(sides[2]) / len(set().union(*sides)) == pytest.approx(TEST, abs=0.01)
    assert len(sides[1]) / len(set().union(*sides)) == pytest.approx(VALIDATION, abs=0.01)
    assert split_rows(given, seed=3).test.texts == splits.test.texts
    assert set(split_rows(given, seed=4).test.texts) != sides[2]


def test_a_batch_is_what_the_tokenizer_makes_of_windows_of_its_texts():
    texts = {"sentence_polarity": of("A good film.", "the worst"), "pros_cons": of("light", "Heavy, slow")}
    texts["movie_reviews"] = of("".join(map(chr, range(33, 127))) * 8)
    batches = LabeledBatches(texts, CPU, 256)
    torch.manual_seed(0)
    batch = batches.draw()
    known = {text: label for source in texts.values() for text, label in zip(source.texts, source.labels, strict=True)}
    long = texts["movie_reviews"].texts[0]
    decoder = PerceiverTokenizer()
    for clear, readable, label in zip(batch.clear, batch.readable, batch.labels.tolist(), strict=True):
        read = decoder.decode(clear[readable][1:-1]).encode()
        assert clear[readable].tolist() == decoder(read.decode()).input_ids
        found = [text for text in known if read == text or (read[1:] == text[1:] and read[:1] == text[:1].upper())]
        if found:
            assert label == known[found[0]]
        else:
            whole = [piece for piece in (read, read[:1].lower() + read[1:]) if piece in long]
            assert whole, read
            assert SHORTEST_WINDOW <= len(read) <= LONGEST
    assert (batch.ids == batch.clear)[~batch.masked].all()
    assert (batch.ids[batch.masked] == decoder.mask_token_id).all()
    assert not batch.masked[~batch.readable].any()
    assert 0.3 < batch.masked.any(dim=1).float().mean() < 0.7


def test_sources_come_in_their_shares():
    short = {"sentence_polarity": of("a"), "pros_cons": of("bb", "bb", "bb"), "movie_reviews": of("ccc")}
    torch.manual_seed(0)
    lengths = LabeledBatches(short, CPU, 4000).draw().readable.sum(dim=1) - 2
    found = [(lengths == length).float().mean().item() for length in (1, 2, 3)]
    assert found == pytest.approx(list(SHARES.values()), abs=0.03)


def test_both_decoders_read_one_encoder_and_start_as_the_byte_model():
    model = Learner(from_byte_model())
    whole = PerceiverForMaskedLM.from_pretrained("assets/weights/masked_bytes", dtype=torch.float32)
    assert model.classifier.perceiver.encoder is model.masked.perceiver.encoder
    latents = model.classifier.perceiver.embeddings.latents
    torch.testing.assert_close(latents, whole.perceiver.embeddings.latents[: len(latents)], rtol=0, atol=0)
    ids = torch.tensor([PerceiverTokenizer()("It was a dark and stormy n[MASK]ght.").input_ids])
    with torch.no_grad():
        filled = model.masked(ids).logits[0].argmax(dim=1)
    (hidden,) = (ids[0] == 3).nonzero()
    assert chr(int(filled[hidden]) - 6) == "i"


def test_scores_are_those_of_transformers_own_forward():
    torch.manual_seed(0)
    model = PerceiverForSequenceClassification(small_config()).eval()
    texts = [row["text"] for row in review_rows(9)]
    given = Rows(tuple(text.encode() for text in texts), np.array([0, 1, 1, 0, 1, 0, 1, 1, 1]))
    tokens = PerceiverTokenizer()(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        logits = model(inputs=tokens.input_ids, attention_mask=tokens.attention_mask).logits
    labels = torch.from_numpy(given.labels)
    scores = evaluate(model, given, batch=4)
    assert scores["rows"] == 9
    assert scores["accuracy"] == pytest.approx((logits.argmax(1) == labels).float().mean().item(), abs=1e-4)
    assert scores["nats"] == pytest.approx(torch.nn.functional.cross_entropy(logits, labels).item(), abs=1e-3)


def test_the_baseline_finds_the_word_that_decides(tmp_path):
    put_reviews(tmp_path)
    found = baselines(read_rows(tmp_path))
    assert {source: scores["accuracy"] for source, scores in found.items()} == dict.fromkeys(SHARES, 1.0)
