"""Accuracy of sentiment classification on labeled rows: of a model, and of TF-IDF with logistic regression."""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch.nn import functional as F
from transformers import PerceiverForSequenceClassification

from models.data.text_windows import text_windows
from models.perceiver.engine import decode, encode
from models.tasks.byte_tokens import padded_ids
from training.sentiment_rows import LONGEST, Rows, Splits

STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0)
"""1 / weight decay of the logistic regression; the validation rows choose one."""


@torch.inference_mode()
def evaluate(model: PerceiverForSequenceClassification, rows: Rows, batch: int = 64) -> dict:
    """Accuracy, 0 to 1; mean cross-entropy in nats; number of rows. Arithmetic: float32.

    Texts longer than LONGEST bytes are read as in the app: the probabilities of overlapping windows are averaged.
    """
    windows = [(row, *span) for row, text in enumerate(rows.texts) for span in text_windows(text, LONGEST)]
    windows.sort(key=lambda window: window[2] - window[1])  # little padding
    device = next(model.parameters()).device
    sums = torch.zeros(len(rows), model.config.num_labels, device=device)
    for some in (windows[at : at + batch] for at in range(0, len(windows), batch)):
        ids, readable = padded_ids([rows.texts[row][start:stop] for row, start, stop in some])
        encoded = encode(model, ids.to(device), None if readable is None else readable.to(device))
        found = decode(model, encoded).float().softmax(dim=1)
        sums.index_add_(0, torch.tensor([row for row, _, _ in some], device=device), found)
    probabilities = sums / sums.sum(dim=1, keepdim=True)
    labels = torch.from_numpy(rows.labels).to(device)
    return {
        "accuracy": round((probabilities.argmax(dim=1) == labels).float().mean().item(), 4),
        "nats": round(F.nll_loss(probabilities.log(), labels).item(), 4),
        "rows": len(rows),
    }


def baselines(sources: Mapping[str, Splits]) -> dict[str, dict]:
    """Accuracy, 0 to 1, and number of test rows by source; fitted to the training rows of this source only."""
    found = {}
    for source, splits in sources.items():
        fitted = [_fit(splits.train, strength) for strength in STRENGTHS]
        predict = max(fitted, key=lambda each: _accuracy(each, splits.validation))
        found[source] = {"accuracy": _accuracy(predict, splits.test), "rows": len(splits.test)}
    return found


def _fit(rows: Rows, strength: float) -> Callable[[list[str]], np.ndarray]:
    """Words and pairs of words, counted."""
    # Only the baselines need scikit-learn (requirements-dev.txt).
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    regression = LogisticRegression(C=strength, max_iter=1000)
    return make_pipeline(words, regression).fit(_texts(rows), rows.labels).predict


def _accuracy(predict: Callable[[list[str]], np.ndarray], rows: Rows) -> float:
    return round(float(np.mean(predict(_texts(rows)) == rows.labels)), 4)


def _texts(rows: Rows) -> list[str]:
    return [text.decode() for text in rows.texts]
