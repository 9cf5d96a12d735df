"""A linear classifier of n-grams whose probabilities are further targets for the model (distillation)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

FOLDS = 3
STRENGTH = 3.0
"""1 / weight decay of the logistic regression."""


class Teacher:
    """TF-IDF of words, pairs of words and 2 to 5 characters, with logistic regression over all sources.

    Each fold has its own classifier, fitted to the rows outside of it: no row is taught by one that has seen its label.
    """

    def __init__(self, texts: Sequence[bytes], labels: np.ndarray, weights: np.ndarray):
        """labels: int64 [n], 1 for positive; weights: of the rows, float64 [n] with a mean of 1."""
        folds = np.array([fold_of(text) for text in texts])
        self._fitted = [
            _fit([texts[row].decode() for row in np.flatnonzero(others)], labels[others], weights[others])
            for others in (folds != fold for fold in range(FOLDS))
        ]

    def probabilities(self, texts: Sequence[bytes], folds: np.ndarray) -> np.ndarray:
        """Of "positive", float64 [n]; a text may end within a character.

        folds: int [n], `fold_of` the rows that the texts are parts of.
        """
        found, words = np.empty(len(texts)), [text.decode(errors="ignore") for text in texts]
        for fold in set(folds.tolist()):
            some = np.flatnonzero(folds == fold)
            found[some] = self._fitted[fold].predict_proba([words[row] for row in some])[:, 1]
        return found


def fold_of(text: bytes) -> int:
    return crc32(text) % FOLDS


def _fit(texts: Sequence[str], labels: np.ndarray, weights: np.ndarray) -> "Pipeline":
    # Only training needs scikit-learn (requirements-dev.txt).
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=3)
    regression = LogisticRegression(C=STRENGTH, max_iter=1000)
    fitted = make_pipeline(make_union(words, letters), regression)
    return fitted.fit(texts, labels, logisticregression__sample_weight=weights)
