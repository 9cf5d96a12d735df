"""What counting words reaches on the same rows: TF-IDF of words and pairs of words, with logistic regression."""

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from training.sentiment_rows import Parted, Rows

STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0)
"""1 / weight decay; the best on the watched rows is taken."""


def baselines(parted: dict[str, Parted]) -> dict[str, dict]:
    """By source, fitted to that source alone: share of the held-out rows, 0 to 1, whose label is found."""
    found = {}
    for source, parts in parted.items():
        fitted = [_fit(parts.training, strength) for strength in STRENGTHS]
        model = max(fitted, key=lambda each: _accuracy(each, parts.watched))
        found[source] = {"accuracy": _accuracy(model, parts.held_out), "rows": len(parts.held_out)}
    return found


def _fit(rows: Rows, strength: float) -> Pipeline:
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    return make_pipeline(words, LogisticRegression(C=strength, max_iter=1000)).fit(_texts(rows), rows.labels)


def _accuracy(model: Pipeline, rows: Rows) -> float:
    return round(float(np.mean(model.predict(_texts(rows)) == rows.labels)), 4)


def _texts(rows: Rows) -> list[str]:
    return [text.decode() for text in rows.texts]
