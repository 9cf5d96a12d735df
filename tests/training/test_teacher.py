"""The teacher of the sentiment model: it knows words, and never the label of the row that it teaches."""

import numpy as np
import pytest

from training.sentiment_teacher import FOLDS, Teacher, fold_of


@pytest.fixture(scope="module")
def rows() -> tuple[list[bytes], np.ndarray]:
    """Each has a word of its own, and every other one a word that decides."""
    words = ["good" if i % 4 == 0 else "bad" if i % 4 == 2 else "" for i in range(120)]
    texts = [f"{word} thing{chr(97 + i % 26)}{chr(97 + i // 26)}q".encode() for i, word in enumerate(words)]
    return texts, np.array([i % 4 < 2 for i in range(120)], np.int64)


def test_it_knows_the_words_that_decide(rows):
    texts, labels = rows
    found = Teacher(texts, labels, np.ones(120)).probabilities([b"good", b"bad", b"good thing"], np.zeros(3, int))
    assert found[0] > 0.7
    assert found[1] < 0.3
    assert found[2] > 0.6


def test_the_label_of_a_row_does_not_reach_its_own_target(rows):
    texts, labels = rows
    folds = np.array([fold_of(text) for text in texts])
    assert set(folds.tolist()) == set(range(FOLDS))
    row = 1  # without a word that decides
    turned = labels.copy()
    turned[row] = 1 - turned[row]
    one, other = (Teacher(texts, each, np.ones(120)) for each in (labels, turned))
    own = np.array([folds[row]])
    assert one.probabilities([texts[row]], own) == other.probabilities([texts[row]], own)
    another = (own + 1) % FOLDS
    assert one.probabilities([texts[row]], another) > other.probabilities([texts[row]], another)
