"""Byte 5-grams: counting baselines for the next byte, and, from both sides, for a masked byte.

The counts of a byte given its 1 to 4 nearest neighbors are interpolated after Witten and Bell (1991), method C: a
context that was followed by many different bytes relies more on the next shorter one. Both sides are combined as if
they were independent given the byte.
"""

from dataclasses import dataclass

import numpy as np

ORDER = 5
BYTES = 256


@dataclass(frozen=True, slots=True)
class _Table:
    """How often a byte is next to a context: keys int64 [u], ascending, context above the byte; counts int64 [u]."""

    keys: np.ndarray
    counts: np.ndarray

    def next_to(self, contexts: np.ndarray) -> np.ndarray:
        """int64 [m] packed contexts -> counts of each byte next to them, float64 [m, 256]."""
        first = np.searchsorted(self.keys, contexts << 8)
        sizes = np.searchsorted(self.keys, (contexts + 1) << 8) - first
        rows = np.repeat(np.arange(len(contexts)), sizes)
        # The keys of one context are consecutive: 0, 1, 2, … within each row, from the start of its range.
        entries = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(first, sizes)
        found = np.zeros((len(contexts), BYTES))
        found[rows, self.keys[entries] & 255] = self.counts[entries]
        return found


class Ngram:
    """p(byte | up to 4 bytes before it), fitted on text: uint8 [n], n >= 5.

    unigram: float64 [256], all positive. The first four bytes of the text are only context.
    """

    def __init__(self, text: np.ndarray):
        self.unigram, grams, counts = _counted(text)
        self._tables = _tables(grams, counts)

    def probabilities(self, content: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """content: uint8 [n]; positions: int [m] in it -> float64 [m, 256], rows sum to 1."""
        return _one_side(self._tables, self.unigram, content, np.zeros(len(content), dtype=bool), positions)


class TwoSidedNgram:
    """p(byte | up to 4 visible bytes to its left, up to 4 to its right), fitted on text: uint8 [n], n >= 5.

    unigram: float64 [256], all positive. The first four bytes of the text are only context for the left side, and the
    last four only for the right side.
    """

    def __init__(self, text: np.ndarray):
        self.unigram, grams, counts = _counted(text)
        self._left = _tables(grams, counts)
        self._right = _tables(grams[:, ::-1], counts)

    def log_probabilities(self, content: np.ndarray, hidden: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """content: uint8 [n]; hidden: bool [n]; positions: int [m] -> nats, float64 [m, 256]; exp sums to 1.

        Only visible neighbors without a gap count: next to a hidden byte, or to the end, the context is shorter.
        """
        left = _one_side(self._left, self.unigram, content, hidden, positions)
        right = _one_side(self._right, self.unigram, content[::-1], hidden[::-1], len(content) - 1 - positions)
        joint = np.log(left) + np.log(right) - np.log(self.unigram)
        joint -= joint.max(axis=1, keepdims=True)
        return joint - np.log(np.exp(joint).sum(axis=1, keepdims=True))


def _one_side(
    tables: list[_Table], unigram: np.ndarray, content: np.ndarray, hidden: np.ndarray, positions: np.ndarray
) -> np.ndarray:
    """p(byte | neighbors before it), float64 [m, 256]: from the unigram to the longest context that is visible."""
    chances = np.tile(unigram, (len(positions), 1))
    contexts = np.zeros(len(positions), dtype=np.int64)
    reached = np.arange(len(positions))  # those with at least `distance` visible neighbors
    for distance, table in enumerate(tables, start=1):
        place = positions[reached] - distance
        reached = reached[(place >= 0) & ~hidden[place]]
        contexts[reached] |= content[positions[reached] - distance].astype(np.int64) << (8 * (distance - 1))
        chances[reached] = _interpolated(table.next_to(contexts[reached]), chances[reached])
    return chances


def _interpolated(counts: np.ndarray, shorter: np.ndarray) -> np.ndarray:
    """Witten-Bell: counts [m, 256] and the estimate of the next shorter context [m, 256] -> probabilities [m, 256]."""
    total = counts.sum(axis=1, keepdims=True)
    different = (counts > 0).sum(axis=1, keepdims=True)
    # An unseen context has neither, and falls back to the shorter one.
    different = np.where(total > 0, different, 1)
    return (counts + different * shorter) / (total + different)


def _counted(text: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probability of each byte, float64 [256], and the result of `_count_grams`."""
    if len(text) < ORDER:
        raise ValueError(f"{len(text)} bytes are too few to count {ORDER}-grams")
    counts = np.bincount(text, minlength=BYTES)
    return _interpolated(counts[None], np.full((1, BYTES), 1 / BYTES))[0], *_count_grams(text)


def _count_grams(text: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All different 5-grams, uint8 [u, 5], and how often each occurs, int64 [u]."""
    count = len(text) - ORDER + 1
    packed = np.zeros(count, dtype=np.int64)
    for place in range(ORDER):
        packed <<= 8
        packed |= text[place : place + count]
    keys, counts = np.unique(packed, return_counts=True)
    return (keys[:, None] >> np.arange(8 * (ORDER - 1), -1, -8) & 255).astype(np.uint8), counts


def _tables(grams: np.ndarray, counts: np.ndarray) -> list[_Table]:
    """Tables for contexts of 1 to 4 bytes; grams: uint8 [u, 5] whose last byte is the one asked for."""
    tables = []
    packed = np.zeros(len(grams), dtype=np.int64)
    for distance in range(ORDER):
        packed |= grams[:, ORDER - 1 - distance].astype(np.int64) << (8 * distance)
        if distance:
            keys, which = np.unique(packed, return_inverse=True)
            summed = np.bincount(which, weights=counts, minlength=len(keys))
            tables.append(_Table(keys, summed.astype(np.int64)))
    return tables
