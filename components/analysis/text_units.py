"""A text in bytes, characters or words, and the attention to each of them."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Literal

import numpy as np

from components.analysis.byte_labels import byte_label
from components.scale.attention import Scale, share_in_words
from components.words.quotes import quoted
from models.data.graphemes import graphemes, split_words
from models.schema import AttentionMap

Unit = Literal["bytes", "characters", "words"]
UNITS: tuple[Unit, ...] = ("bytes", "characters", "words")
"""From the finest to the coarsest."""
MAX_UNITS = 2048
"""Most units shown one by one; with the tokens at both ends, 2,050 cells."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes start:stop of a text, and their text, or the label of a single byte."""

    start: int
    stop: int
    text: str


@dataclass(frozen=True, slots=True)
class Fitted:
    """A text in few enough units to distinguish. note: why the unit differs from the requested one, or ""."""

    unit: Unit
    pieces: tuple[Piece, ...]
    note: str


def pieces(text: str, unit: Unit) -> list[Piece]:
    """Splits all of a text, a word with the space after it.

    Bytes that are not UTF-8, decoded with `surrogateescape`, are characters of their own.
    """
    if unit == "bytes":
        return [Piece(at, at + 1, byte_label(byte)) for at, byte in enumerate(_encoded(text))]
    parts = graphemes(text) if unit == "characters" else split_words(text, space="after")
    ends = accumulate((len(_encoded(part)) for part in parts), initial=0)
    return [Piece(start, stop, part) for (start, stop), part in zip(pairwise(ends), parts, strict=True)]


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def fitted(text: str, unit: Unit, most: int = MAX_UNITS) -> Fitted:
    """In this unit, or the next coarser one of which there are at most `most`; if need be, several words at a time."""
    found = pieces(text, unit)
    if len(found) <= most:
        return Fitted(unit, tuple(found), "")
    reason = f"{len(found):,} {unit} are too many to show one by one"
    for coarser in UNITS[UNITS.index(unit) + 1 :]:
        found = pieces(text, coarser)
        if len(found) <= most:
            return Fitted(coarser, tuple(found), f"{reason}: showing {coarser} instead.")
    each = -(-len(found) // most)
    joined = [_several(found[at : at + each]) for at in range(0, len(found), each)]
    return Fitted("words", tuple(joined), f"{reason}: showing groups of {each} words.")


def _several(words: Sequence[Piece]) -> Piece:
    return Piece(words[0].start, words[-1].stop, "".join(word.text for word in words))


@dataclass(frozen=True, slots=True)
class UnitShares:
    """The attention to each unit: [CLS] first, [SEP] last, the pieces between them.

    shares: float64 [n + 2], 0 to 1. sizes: int64 [n + 2], bytes in each, which is 1 for a token. uniform: the share
    of one byte if attention were even; that of a unit is proportional to its size.
    """

    shares: np.ndarray
    sizes: np.ndarray
    uniform: float

    @classmethod
    def of(cls, attention: AttentionMap, spans: Sequence[Piece]) -> "UnitShares":
        """Sums over the bytes of each. Raises ValueError if the map is not over [CLS], these bytes and [SEP]."""
        count = spans[-1].stop if spans else 0
        if attention.method == "decoder" or attention.values.shape != (count + 2,):
            raise ValueError(f"no attention over {count} bytes and the tokens at their ends")
        starts = np.array([0, *(piece.start + 1 for piece in spans), count + 1])
        shares = np.add.reduceat(attention.values.astype(np.float64), starts)
        return cls(shares, np.diff(starts, append=count + 2), attention.uniform)

    @property
    def levels(self) -> np.ndarray:
        """Mean over the bytes of each, float64 [n + 2]: the colored quantity, so that a long word is not brighter
        for its length."""
        return self.shares / self.sizes

    def in_words(self, index: int, scale: Scale) -> str:
        """The share of a unit, with its uniform level."""
        return share_in_words(float(self.shares[index]), self.uniform * int(self.sizes[index]), scale)


def named(piece: Piece) -> str:
    """Name of a piece in a sentence: quoted, without spaces at its ends unless it is only spaces."""
    return quoted(shortened(piece.text.strip() or piece.text, 32))


def shortened(text: str, most: int) -> str:
    """The beginning of a text on one line, at most `most` characters, with an ellipsis for what is left out."""
    text = text.strip() or text
    short = textwrap.shorten(text, most, placeholder=" …") if text.strip() else text
    if short.strip() == "…" and len(text) > most:  # the first word is longer
        return "".join(graphemes(text)[: most - 2]) + " …"
    return short
