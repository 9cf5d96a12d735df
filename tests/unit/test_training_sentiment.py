"""The recipe of sentiment: how rows are parted and read, how it is scored, and its commands from end to end."""

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import PerceiverForMaskedLM, PerceiverForSequenceClassification, PerceiverTokenizer

from training.sentiment import RECIPE, Learner, from_byte_model, small_config
from training.sentiment_baselines import baselines
from training.sentiment_evaluation import evaluate
from training.sentiment_rows import (
    HELD_OUT,
    LONGEST,
    SHARES,
    SHORTEST_WINDOW,
    WATCHED,
    LabeledBatches,
    Rows,
    part,
    read_rows,
)

pytestmark = pytest.mark.usefixtures("one_thread")
CPU = torch.device("cpu")


def rows(count: int, seed: int = 0, words: int = 6) -> list[dict]:
    """Praise has "good" in it, blame has "bad"."""
    draws, any_of = np.random.default_rng(seed), ["film", "car", "day", "one", "was", "the"]
    return [
        {
            "text": " ".join([*draws.choice(any_of, words), ["bad", "good"][i % 2]]),
            "label": i % 2,
        }
        for i in range(count)
    ]


def of(*texts: str) -> Rows:
    return Rows(tuple(text.encode() for text in texts), np.arange(len(texts)) % 2)


@pytest.fixture
def data(tmp_path) -> Path:
    lines = [
        json.dumps(row | {"source": source})
        for number, source in enumerate(SHARES)
        for row in rows(80, number, words=120 if source == "movie_reviews" else 6)
    ]
    (tmp_path / "train.jsonl").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_no_text_is_on_two_sides_and_each_has_its_share():
    given = rows(400) + rows(400)[:100]
    parted = part(given, seed=3)
    sides = [set(side.texts) for side in (parted.training, parted.watched, parted.held_out)]
    assert sum(map(len, sides)) == len(set().union(*sides)) == len({row["text"] for row in given})
    assert Counter(parted.training.texts + parted.watched.texts + parted.held_out.texts) == Counter(
        row["text"].encode() for row in given
    )
    assert len(sides[2]) / len(set().union(*sides)) == pytest.approx(HELD_OUT, abs=0.01)
    assert len(sides[1]) / len(set().union(*sides)) == pytest.approx(WATCHED, abs=0.01)
    assert part(given, seed=3).held_out.texts == parted.held_out.texts
    assert set(part(given, seed=4).held_out.texts) != sides[2]


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
    assert (batch.ids == batch.clear)[~batch.hidden].all()
    assert (batch.ids[batch.hidden] == decoder.mask_token_id).all()
    assert not batch.hidden[~batch.readable].any()
    assert 0.3 < batch.hidden.any(dim=1).float().mean() < 0.7


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
    texts = [row["text"] for row in rows(9)]
    given = Rows(tuple(text.encode() for text in texts), np.array([0, 1, 1, 0, 1, 0, 1, 1, 1]))
    tokens = PerceiverTokenizer()(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        logits = model(inputs=tokens.input_ids, attention_mask=tokens.attention_mask).logits
    labels = torch.from_numpy(given.labels)
    scores = evaluate(model, given, batch=4)
    assert scores["rows"] == 9
    assert scores["accuracy"] == pytest.approx((logits.argmax(1) == labels).float().mean().item(), abs=1e-4)
    assert scores["nats"] == pytest.approx(torch.nn.functional.cross_entropy(logits, labels).item(), abs=1e-3)


def test_the_baseline_finds_the_word_that_decides(data):
    found = baselines(read_rows(data))
    assert {source: scores["accuracy"] for source, scores in found.items()} == dict.fromkeys(SHARES, 1.0)


def test_the_commands_from_end_to_end(data, tmp_path, monkeypatch, capsys):
    def run(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["sentiment", *words])
        RECIPE.main()
        return capsys.readouterr().out

    folder, weights = str(tmp_path / "run"), str(tmp_path / "weights")
    few = ["--steps", "2", "--batch", "2", "--warmup", "1", "--validate-every", "2"]
    run("train", "--data", str(data), "--run", folder, *few)
    run("export", "--run", folder, "--to", weights)
    scores = json.loads(run("evaluate", "--data", str(data), "--weights", weights))
    assert set(scores) == {*SHARES, "seconds"}
    assert scores["sentence_polarity"]["bar"] == 0.7
    run("card", "--data", str(data), "--run", folder, "--weights", weights, "--to", weights)
    card = (tmp_path / "weights" / "card.md").read_text()
    for words in ("# Embedded classifier of sentiment", "| parameters | 4,841,474 |", "CC BY 4.0", "100.0%"):
        assert words in card
    assert json.loads((tmp_path / "weights" / "scores.json").read_text())["pros_cons"]["met"] in (True, False)
