"""Sentiment: classify a text, and measure which words mattered."""

from dataclasses import dataclass

import numpy as np

from models.schema.common import AttentionMap, InputKey, LabelScore, Probe, RunInfo, StreamRequest, Weights
from models.schema.fine_tuning import FineTunedModel

LONGEST_TEXT = 16_384
"""Bytes of the longest text."""
MAX_WORDS = 400
"""Most words for leave-one-out, which encodes the text once per word."""


MAX_USUAL_BITS = 1.7
"""Bits per masked byte above which a text is unusual: `models.tasks.unusual_text` gives the measurements."""


@dataclass(frozen=True, slots=True)
class SentimentRequest(StreamRequest["SentimentResult", "SentimentResult"]):
    """Classify a text. With `occlude`, streams the result with the importance of the first words, then of more.

    text: if it is longer than the model reads, overlapping windows are classified and their probabilities averaged.
    probe.target: LabelAt; None for the best label.
    occlude: also measure leave-one-out word importance.
    model: a fine-tuned model, used in place of `weights`.
    """

    text: str
    probe: Probe | None = None
    weights: Weights = "embedded"
    occlude: bool = False
    model: FineTunedModel | InputKey | None = None


@dataclass(frozen=True, slots=True)
class TextWindow:
    """A part of the text that was read at once: bytes `start` up to `stop`.

    probabilities: float32 [labels], in the order of the labels of the model.
    """

    start: int
    stop: int
    probabilities: np.ndarray


@dataclass(frozen=True, slots=True)
class Occlusion:
    """Leave-one-out importance for a label of the first w words of a text; of all, unless it is part of a stream.

    Each word is left out together with the whitespace after it, and the text is classified again.
    words: int64 [w, 2], half-open spans of UTF-8 bytes of the text.
    drops: float32 [w], probability of the label with all words minus without the word, -1 to 1; positive if the word
        supports the label.
    attention: float32 [w], share of attention on the bytes of each word; None without a probe over the bytes.
    rank_correlation: Spearman's, between the attention and the absolute drops; NaN if one of them is constant or there
        are fewer than three words.
    log_odds_drops: float32 [w], the drop of ln(p / (1 - p)) instead of the probability p. It does not saturate: at
        p = 99%, a drop of 1 in log-odds is one of 1.6 percentage points, at 50% one of 23.
    log_odds_rank_correlation: the same as `rank_correlation` for `log_odds_drops`.
    words_in_text: number of words of the whole text.
    """

    words: np.ndarray
    drops: np.ndarray
    attention: np.ndarray | None
    rank_correlation: float
    log_odds_drops: np.ndarray
    log_odds_rank_correlation: float
    words_in_text: int

    @property
    def complete(self) -> bool:
        """Whether all words were left out."""
        return len(self.words) == self.words_in_text


@dataclass(frozen=True, slots=True)
class SentimentResult:
    """labels: all labels, best first; probabilities are means over the windows.

    windows: in reading order; a single window from 0 to the end if the text was read at once.
    label: index of the label that `attention` and `occlusion` refer to.
    attention.values: float32 [bytes + 2], the bytes of the text between the tokens [CLS] and [SEP]; with several
        windows the mean of their maps, each at its position.
    bits_per_byte: how badly a language model of English predicts masked bytes of the text, from 0: `unusual_text`. None
        without a probe, for a text of a few bytes, and for fine-tuned models, whose texts may be of any kind.
    """

    text: str
    labels: tuple[LabelScore, ...]
    windows: tuple[TextWindow, ...]
    label: int
    occlusion: Occlusion | None
    attention: AttentionMap | None
    run: RunInfo
    bits_per_byte: float | None = None

    @property
    def unusual(self) -> bool:
        """Whether the text is unlike English prose, so that its label says little."""
        return self.bits_per_byte is not None and self.bits_per_byte > MAX_USUAL_BITS
