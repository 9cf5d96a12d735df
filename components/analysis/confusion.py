"""What a confusion matrix says: int [labels, labels], how many rows of a label (row) were taken for which (column)."""

from collections.abc import Sequence

import numpy as np

CONFUSION_COLORS = "cividis"


def row_shares(confusion: np.ndarray) -> np.ndarray:
    """float64 [labels, labels]: of the rows of a label, how many were taken for which; NaN where it has none."""
    totals = confusion.sum(axis=1, keepdims=True).astype(np.float64)
    return np.divide(confusion, totals, out=np.full(confusion.shape, np.nan), where=totals > 0)


def right_in_words(confusion: np.ndarray) -> str:
    """ "41 of 50 held-out rows right (82%)."."""
    total, right = int(confusion.sum()), int(np.trace(confusion))
    return f"{right:,} of {total:,} held-out rows right ({right / total:.0%})." if total else "No rows were held out."


def chance_in_words(confusion: np.ndarray) -> str:
    """What the most common label alone would get, of the same rows; "" of none."""
    total = int(confusion.sum())
    if not total:
        return ""
    return f"Always the most common label would get {confusion.sum(axis=1).max() / total:.0%} of them right."


def worst_in_words(confusion: np.ndarray, labels: Sequence[str]) -> str:
    """The mistakes made most, for alt text; "" where there are none."""
    wrong = confusion - np.diag(np.diag(confusion))
    first = np.argsort(-wrong.ravel(), kind="stable")[:3].tolist()
    made = [divmod(at, len(labels)) for at in first if wrong.flat[at] > 0]
    said = "; ".join(f"“{labels[row]}” for “{labels[column]}” ({wrong[row, column]})" for row, column in made)
    return f"Taken most often for another: {said}." if said else ""
