"""Leave-one-out importance compared with attention: which words are shown, and whether both agree."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import matplotlib
import numpy as np
from matplotlib.colors import Normalize

from components.analysis.text_units import Piece
from components.scale.attention import Scale, scaled
from components.words.numbers import points, signed
from components.words.quotes import quoted
from models.schema import Occlusion, SentimentResult

EffectUnit = Literal["log_odds", "probability"]
SMALLEST_REACH: dict[EffectUnit, float] = {"log_odds": 0.1, "probability": 0.01}
"""Smallest effect with a full bar, so that noise looks like noise."""
MAX_WORDS = 24
"""Words shown next to each other."""
CAVEAT = (
    "Attention is not by itself an explanation. Neither is leave-one-out: the text without a word may be unnatural."
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


@dataclass(frozen=True, slots=True)
class Effects:
    """The effect of each word on a label, in one unit.

    values: float64 [words]: the label with all words minus without each; positive if the word supports the label.
    attention: float32 [words], share of the attention on each word, or None.
    rank_correlation: Spearman's, between the attention and the absolute values, or NaN.
    """

    unit: EffectUnit
    values: np.ndarray
    attention: np.ndarray | None
    rank_correlation: float

    @classmethod
    def of(cls, occlusion: Occlusion, unit: EffectUnit) -> "Effects":
        if unit == "probability":
            return cls(unit, occlusion.drops.astype(np.float64), occlusion.attention, occlusion.rank_correlation)
        drops = occlusion.log_odds_drops.astype(np.float64)
        return cls(unit, drops, occlusion.attention, occlusion.log_odds_rank_correlation)

    @property
    def reach(self) -> float:
        """The value at which bars and colors are full, either way: the largest, but at least SMALLEST_REACH."""
        return max(float(np.abs(self.values).max(initial=0.0)), SMALLEST_REACH[self.unit])

    @property
    def axis_unit(self) -> float:
        """What values are multiplied by along an axis: probabilities are in percentage points."""
        return 100.0 if self.unit == "probability" else 1.0

    def in_words(self, value: float) -> str:
        """ "+1.24", or "+12 points"."""
        return points(value) if self.unit == "probability" else signed(value, 2)

    def tick(self, value: float) -> str:
        """A value along an axis, which names the unit: "+1.5"."""
        scaled = self.axis_unit * value
        return f"{scaled:+g}".replace("-", "−") if abs(scaled) > 1e-9 else "0"

    def colors(self, values: np.ndarray) -> np.ndarray:
        """RGBA [n, 4], on a scale that is symmetric about 0."""
        return matplotlib.colormaps[EFFECT_COLORS](Normalize(-self.reach, self.reach)(values))

    @property
    def largest_first(self) -> list[int]:
        return np.argsort(-np.abs(self.values), kind="stable").tolist()


def words_to_show(effects: Effects, most: int = MAX_WORDS) -> list[int]:
    """Indices in reading order: all words, or those with the largest effects and those with the most attention."""
    ranked = [effects.largest_first]
    if effects.attention is not None:
        ranked.append(np.argsort(-effects.attention, kind="stable").tolist())
    chosen: dict[int, None] = {}
    for rank in range(len(effects.values)):
        for order in ranked:
            if len(chosen) < most:
                chosen[order[rank]] = None
    return sorted(chosen)


def selection_in_words(shown: Sequence[int], effects: Effects) -> str:
    """Which words are shown; "" for all."""
    count = len(effects.values)
    if len(shown) == count:
        return ""
    most = "with the largest effects" if effects.attention is None else "with the largest effects or the most attention"
    return f"Showing the {len(shown)} of {count:,} words {most}."


def agreement_in_words(effects: Effects) -> str:
    """The rank correlation, its meaning and its significance."""
    rho, count = effects.rank_correlation, len(effects.values)
    if effects.attention is None:
        return "There is no attention over the text to compare the effects with."
    if math.isnan(rho):
        reason = "there are fewer than three words" if count < 3 else "one of them is the same for all words"
        return f"The rank correlation of attention and effect is undefined: {reason}."
    found = f"Spearman’s rank correlation is {signed(rho, 2)}: {_agreement(rho)}."
    if count < _FEW:
        return f"{found} With only {count} words, this is weak evidence."
    chance = 1 / math.sqrt(count - 1)
    return f"{found} For {count:,} words in random order, it would be within ±{chance:.2f} two times out of three."


def _agreement(rho: float) -> str:
    """The absolute effects are ranked: a word may support the label or oppose it."""
    if rho >= 0.7:
        return "attention and the size of the effect largely agree"
    if rho >= 0.3:
        return "attention and the size of the effect partly agree"
    if rho > -0.3:
        return "attention on a word says little about its effect"
    return "attention and the size of the effect disagree: words with more attention matter less"


def most_effective(words: Sequence[Piece], effects: Effects) -> str:
    """The three words with the largest effects, for alt text."""
    first = effects.largest_first[:3]
    return ", ".join(f"{quoted(words[at].text)} ({effects.in_words(float(effects.values[at]))})" for at in first)


def traced_label(result: SentimentResult) -> str:
    """Name of the label that attention and effects belong to."""
    return next(label.name for label in result.labels if label.index == result.label)


def effect_title(effects: Effects, label: str) -> str:
    """What the effects measure, for the head of a column or an axis."""
    unit = "percentage points" if effects.unit == "probability" else "log-odds"
    return f"effect on {quoted(label)} in {unit} (with the word minus without it)"


def word_attention(result: SentimentResult, words: Sequence[Piece], scale: Scale) -> tuple[np.ndarray, np.ndarray]:
    """Levels of the attention on each word, and the level of as many bytes of an even map: float64 [words] both.

    Raises ValueError if there is no attention over the text.
    """
    if result.attention is None or result.occlusion is None or result.occlusion.attention is None:
        raise ValueError("this result has no attention on words")
    uniform = np.array([result.attention.uniform * (word.stop - word.start) for word in words])
    shares = result.occlusion.attention.astype(np.float64)
    times = [scaled(share, level, scale) for share, level in zip(shares, uniform, strict=True)]
    return np.array(times, float), uniform if scale == "share" else np.full(len(words), float(scale == "relative"))
