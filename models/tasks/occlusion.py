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
    classify: the same for other texts, [texts]; an empty window is read as an empty text.

    Returns the mean probability without each word, float64 [words].
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
    totals = np.full(len(words), votes.sum(dtype=np.float64))
    for (word, window), vote in zip(cases, found, strict=True):
        totals[word] += float(vote) - float(votes[window])
    return totals / len(windows)


def log_odds(probabilities: np.ndarray) -> np.ndarray:
    """ln(p / (1 - p)), float64; p within 1e-15 of 0 or 1 counts as that far away."""
    p = np.clip(np.asarray(probabilities, np.float64), 1e-15, 1 - 1e-15)
    return np.log(p) - np.log1p(-p)


def compare_with_attention(text: str, probability: float, left_out: np.ndarray, shares: np.ndarray | None) -> Occlusion:
    """The importance of each word, and whether attention agrees.

    probability: of the label with all words. left_out: the same without each word, float64 [words]. shares: float32
    [bytes], the attention on each, or None.
    """
    words, attention = word_spans(text), None
    drops, log_odds_drops = probability - left_out, log_odds(np.array(probability)) - log_odds(left_out)
    if shares is not None:
        attention = np.array([shares[start:stop].sum() for start, stop in words], dtype=np.float32)
    return Occlusion(
        words=np.array(words, dtype=np.int64).reshape(-1, 2),
        drops=drops.astype(np.float32),
        attention=attention,
        rank_correlation=rank_correlation(attention, np.abs(drops)),
        log_odds_drops=log_odds_drops.astype(np.float32),
        log_odds_rank_correlation=rank_correlation(attention, np.abs(log_odds_drops)),
    )


def rank_correlation(attention: np.ndarray | None, sizes: np.ndarray) -> float:
    """Spearman correlation, -1 to 1; NaN without attention, if one side is constant, or for fewer than three values."""
    if attention is None or len(sizes) < _MIN_TO_COMPARE or np.ptp(attention) == 0 or np.ptp(sizes) == 0:
        return float("nan")
    return float(cast(Any, spearmanr(attention, sizes)).statistic)
