"""A confusion matrix in words: int [labels, labels], number of rows by true label (row) and prediction (column)."""

from collections.abc import Sequence

import numpy as np

from components.words.quotes import quoted

CONFUSION_COLORS = "cividis"


def row_shares(confusion: np.ndarray) -> np.ndarray:
    """float64 [labels, labels]: share of the rows of a label (row) by prediction (column); NaN without rows."""
    totals = confusion.sum(axis=1, keepdims=True).astype(np.float64)
    return np.divide(confusion, totals, out=np.full(confusion.shape, np.nan), where=totals > 0)


def right_in_words(confusion: np.ndarray) -> str:
    """ "41 of 50 held-out rows are correct (82%)."."""
    total, right = int(confusion.sum()), int(np.trace(confusion))
    return (
        f"{right:,} of {total:,} held-out rows are correct ({right / total:.0%})."
        if total
        else "No rows were held out."
    )


def chance_in_words(confusion: np.ndarray) -> str:
    """Accuracy of always predicting the most common label, on the same rows; "" without rows."""
    total = int(confusion.sum())
    if not total:
        return ""
    return f"Baseline (always the most common label): {confusion.sum(axis=1).max() / total:.0%}."


def worst_in_words(confusion: np.ndarray, labels: Sequence[str]) -> str:
    """The most frequent errors, for alt text; "" without errors."""
    wrong = confusion - np.diag(np.diag(confusion))
    first = np.argsort(-wrong.ravel(), kind="stable")[:3].tolist()
    made = [divmod(at, len(labels)) for at in first if wrong.flat[at] > 0]
    said = "; ".join(
        f"{quoted(labels[row])} predicted as {quoted(labels[column])} ({wrong[row, column]})" for row, column in made
    )
    return f"Most frequent mistakes: {said}." if said else ""
