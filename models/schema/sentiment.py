"""What a text says in one word: the label that a classifier of bytes gives it, and what it gave it for."""

from dataclasses import dataclass

import numpy as np

from models.schema.common import AttentionMap, LabelScore, Probe, Request, RunInfo, Weights
from models.schema.fine_tuning import FineTunedModel

LONGEST_TEXT = 16_384
"""Bytes of a text."""
MAX_WORDS = 400
"""Words of a text whose words are left out in turn: each time, the text is encoded again."""


@dataclass(frozen=True, slots=True)
class SentimentRequest(Request["SentimentResult"]):
    """Classify a text.

    A text that is longer than the model is read in overlapping windows, each of which votes. probe.target: LabelAt,
    or None for the best label. occlude: also leave out each word in turn and see the score move. model: what
    a visitor has taught, instead of `weights`.
    """

    text: str
    probe: Probe | None = None
    weights: Weights = "embedded"
    occlude: bool = False
    model: FineTunedModel | None = None


@dataclass(frozen=True, slots=True)
class TextWindow:
    """A part of the text that was read at once: bytes `start` up to `stop`, and its vote.

    probabilities: float32 [labels], in the order of the model's labels.
    """

    start: int
    stop: int
    probabilities: np.ndarray


@dataclass(frozen=True, slots=True)
class Occlusion:
    """What each word of w does for a label, seen by leaving it out, together with the whitespace behind it.

    words: int64 [w, 2], half-open spans of UTF-8 bytes of the text. drops: float32 [w], the probability of the label
    with all of the text minus that without the word, -1 to 1: above 0, the word speaks for the label. attention:
    float32 [w], the share of attention on the bytes of each word, or None without a probe over the bytes.
    rank_correlation: Spearman's, of the attention with the size of the drops, or NaN where one of them is constant
    or there are fewer than three words.
    """

    words: np.ndarray
    drops: np.ndarray
    attention: np.ndarray | None
    rank_correlation: float


@dataclass(frozen=True, slots=True)
class SentimentResult:
    """labels: all of them, best first; their probabilities are the mean of the windows' votes.

    windows: in reading order; one, from 0 to the end, where the text was read at once. label: the index of the label
    that `attention` and `occlusion` are about. attention.values: float32 [bytes + 2], the bytes of the text between
    the tokens [CLS] and [SEP]; of several windows, their mean, each at its place.
    """

    text: str
    labels: tuple[LabelScore, ...]
    windows: tuple[TextWindow, ...]
    label: int
    occlusion: Occlusion | None
    attention: AttentionMap | None
    run: RunInfo
