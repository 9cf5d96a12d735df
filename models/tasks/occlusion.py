"""Leave-one-out word importance, and its rank correlation with attention."""

from collections.abc import Callable, Iterator
from typing import Any, cast

import numpy as np
from scipy.stats import spearmanr

from models.data.text_windows import Span, cut_out, without, word_spans
from models.schema import Occlusion

WORDS_AT_ONCE = 16
"""Words between parts of the stream."""
_MIN_TO_COMPARE = 3

Classify = Callable[[list[bytes]], np.ndarray]


def occlude(text: str, windows: tuple[Span, ...], votes: np.ndarray, classify: Classify) -> Iterator[np.ndarray]:
    """Leaves out each word in turn, in the order of the text, and reads the windows that contain a part of it again.

    votes: [windows], probability of the label.
    classify: the same for other texts, [texts]; an empty window is read as an empty text.

    Yields the mean probability without each of the first words, then of more, and at last of all, float64 [words].
    """
    content, words = text.encode(), word_spans(text)
    cuts = [cut_out(word, words, len(content)) for word in range(len(words))]
    left_out = np.empty(0)
    for start in range(0, len(cuts), WORDS_AT_ONCE):
        found = _without_each(content, cuts[start : start + WORDS_AT_ONCE], windows, votes, classify)
        left_out = np.concatenate([left_out, found])
        yield left_out


def _without_each(
    content: bytes, cuts: list[Span], windows: tuple[Span, ...], votes: np.ndarray, classify: Classify
) -> np.ndarray:
    """The mean probability without each of these spans, float64 [cuts]."""
    cases = [
        (number, window)
        for number, cut in enumerate(cuts)
        for window, span in enumerate(windows)
        if max(cut[0], span[0]) < min(cut[1], span[1])
    ]
    found = classify([without(content, windows[window], cuts[number]) for number, window in cases])
    totals = np.full(len(cuts), votes.sum(dtype=np.float64))
    for (number, window), vote in zip(cases, found, strict=True):
        totals[number] += float(vote) - float(votes[window])
    return totals / len(windows)


def log_odds(probabilities: np.ndarray) -> np.ndarray:
    """ln(p / (1 - p)), float64; p within 1e-15 of 0 or 1 counts as that far away."""
    p = np.clip(np.asarray(probabilities, np.float64), 1e-15, 1 - 1e-15)
    return np.log(p) - np.log1p(-p)


def compare_with_attention(text: str, probability: float, left_out: np.ndarray, shares: np.ndarray | None) -> Occlusion:
    """The importance of each word, and whether attention agrees.

    probability: of the label with all words. left_out: the same without each of the first w words, float64 [w].
    shares: float32 [bytes], the attention on each, or None.
    """
    every, attention = word_spans(text), None
    words = every[: len(left_out)]
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
        words_in_text=len(every),
    )


def rank_correlation(attention: np.ndarray | None, sizes: np.ndarray) -> float:
    """Spearman correlation, -1 to 1; NaN without attention, if one side is constant, or for fewer than three values."""
    if attention is None or len(sizes) < _MIN_TO_COMPARE or np.ptp(attention) == 0 or np.ptp(sizes) == 0:
        return float("nan")
    return float(cast(Any, spearmanr(attention, sizes)).statistic)
