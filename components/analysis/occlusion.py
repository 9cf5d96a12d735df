"""What leaving out a word does, beside the attention on it: which words are shown, and whether both agree."""

import math
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.colors import Normalize

from components.analysis.text_units import Piece
from components.words.numbers import points, signed
from models.schema import Occlusion, SentimentResult

MAX_WORDS = 24
"""How many are shown beside each other."""
CAVEAT = (
    "Attention is not by itself an explanation; nor is leaving out a word: what is left may be a text that nobody "
    "would write."
)
EFFECT_COLORS = "PuOr_r"
"""Purple: against the label; white: no effect; orange: for it."""
_FEW = 10


def words_of(text: str, occlusion: Occlusion) -> list[Piece]:
    content = text.encode("utf-8")
    return [
        Piece(start, stop, content[start:stop].decode("utf-8", errors="replace").strip())
        for start, stop in occlusion.words.tolist()
    ]


def words_to_show(occlusion: Occlusion, most: int = MAX_WORDS) -> list[int]:
    """In reading order: all, or of more than `most` those with the largest effects, and as many of the most read."""
    count = len(occlusion.drops)
    ranked = [np.argsort(-np.abs(occlusion.drops), kind="stable").tolist()]
    if occlusion.attention is not None:
        ranked.append(np.argsort(-occlusion.attention, kind="stable").tolist())
    chosen: dict[int, None] = {}
    for rank in range(count):
        for order in ranked:
            if len(chosen) < most:
                chosen[order[rank]] = None
    return sorted(chosen)


def left_out_in_words(shown: Sequence[int], occlusion: Occlusion) -> str:
    """Which words are not shown; "" where all are."""
    count = len(occlusion.drops)
    if len(shown) == count:
        return ""
    most = "with the largest effects" if occlusion.attention is None else "with the largest effects or most attention"
    return f"Of {count:,} words, the {len(shown)} {most}."


def agreement_in_words(occlusion: Occlusion) -> str:
    """What the rank correlation says, and how much that is worth."""
    rho, count = occlusion.rank_correlation, len(occlusion.drops)
    if occlusion.attention is None:
        return "No attention over the text was asked for that the effects could be compared with."
    if math.isnan(rho):
        reason = "there are fewer than three words" if count < 3 else "one of them is the same for all words"
        return f"Attention and effect cannot be ranked against each other: {reason}."
    said = f"Spearman’s rank correlation {signed(rho, 2)}: {_agreement(rho)}."
    if count < _FEW:
        return f"{said} With only {count} words, this says little."
    return (
        f"{said} Of {count:,} words ranked at random, two times in three it is within ±{1 / math.sqrt(count - 1):.2f}."
    )


def _agreement(rho: float) -> str:
    """The sizes of the effects are what is ranked: a word may speak for the label or against it."""
    if rho >= 0.7:
        return "attention and size of the effect largely agree"
    if rho >= 0.3:
        return "attention and size of the effect agree in part"
    if rho > -0.3:
        return "how much a word was read tells little of how much it matters"
    return "attention and size of the effect run against each other: what was read more matters less"


def most_effective(words: Sequence[Piece], occlusion: Occlusion) -> str:
    """The three words that matter most, for alt text."""
    first = np.argsort(-np.abs(occlusion.drops), kind="stable")[:3].tolist()
    return ", ".join(f"“{words[at].text}” ({points(float(occlusion.drops[at]))})" for at in first)


def label_asked(result: SentimentResult) -> str:
    """The name of the label that attention and effects are about."""
    return next(label.name for label in result.labels if label.index == result.label)


def effect_reach(occlusion: Occlusion) -> float:
    """At what change of the probability colors and bars are full, either way: the largest, but at least a point."""
    return max(float(np.abs(occlusion.drops).max(initial=0.0)), 0.01)


def effect_colors(drops: np.ndarray, reach: float) -> np.ndarray:
    """RGBA [n, 4], on a scale that is symmetric about 0."""
    return matplotlib.colormaps[EFFECT_COLORS](Normalize(-reach, reach)(drops))
