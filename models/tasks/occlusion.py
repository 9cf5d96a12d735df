"""Leave-one-out word importance, and its rank correlation with attention."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from scipy.stats import spearmanr

from models.data.text_windows import Span, cut_out, without, word_spans
from models.schema import Occlusion

_MIN_TO_COMPARE = 3


def occlude(
    text: str, windows: tuple[Span, ...], votes: np.ndarray, classify: Callable[[list[bytes]], np.ndarray]
) -> np.ndarray:
    """Leaves out each word in turn, and reads the windows that contain a part of it again.

    votes: [windows], probability of the label.
    classify: the same for other texts, float32 [texts]; an empty window is read as an empty text.

    Returns the drop of the mean probability, float32 [words].
    """
    content, words = text.encode(), word_spans(text)
    cuts = [cut_out(word, words, len(content)) for word in range(len(words))]
    cases = [
        (word, window)
        for word, cut in enumerate(cuts)
        for window, span in enumerate(windows)
        if max(cut[0], span[0]) < min(cut[1], span[1])
    ]
    found = classify([without(content, windows[window], cuts[word]) for word, window in cases])
    drops = np.zeros(len(words))
    for (word, window), vote in zip(cases, found, strict=True):
        drops[word] += (float(votes[window]) - float(vote)) / len(windows)
    return drops.astype(np.float32)


def compare_with_attention(text: str, drops: np.ndarray, shares: np.ndarray | None) -> Occlusion:
    """shares: float32 [bytes], the attention to each, or None."""
    words, attention = word_spans(text), None
    if shares is not None:
        attention = np.array([shares[start:stop].sum() for start, stop in words], dtype=np.float32)
    return Occlusion(
        words=np.array(words, dtype=np.int64).reshape(-1, 2),
        drops=drops.copy(),
        attention=attention,
        rank_correlation=float("nan") if attention is None else rank_correlation(attention, np.abs(drops)),
    )


def rank_correlation(attention: np.ndarray, sizes: np.ndarray) -> float:
    """Spearman correlation, -1 to 1; NaN if one side is constant or there are fewer than three values."""
    if len(sizes) < _MIN_TO_COMPARE or np.ptp(attention) == 0 or np.ptp(sizes) == 0:
        return float("nan")
    return float(cast(Any, spearmanr(attention, sizes)).statistic)
