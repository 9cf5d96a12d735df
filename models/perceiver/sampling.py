"""The next token from its logits: the likeliest, or one that is drawn among the likely ones.

Draw i of a seed has a random number of its own, so that it does not matter how many were drawn before it in one go.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Sampling:
    """temperature: above 0, divides the logits. top_k: draw among so many, 0 for all. top_p: among the likeliest, as
    few as make up so much, above 0 to 1. Without do_sample, the likeliest is taken."""

    do_sample: bool
    temperature: float
    top_k: int
    top_p: float
    seed: int


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Softmax of float64 [V]."""
    raised = np.exp(logits - logits.max())
    return raised / raised.sum()


def ranked(logits: np.ndarray, forbidden: Iterable[int] = ()) -> np.ndarray:
    """Ids that may be written, likeliest first, of equals the lower id first: int64 [up to V]."""
    kept = np.ones(len(logits), dtype=bool)
    kept[list(forbidden)] = False
    order = np.argsort(-logits, kind="stable")
    return order[kept[order]]


def drawn_among(logits: np.ndarray, sampling: Sampling) -> np.ndarray:
    """Probabilities of the tokens that are drawn among, whose logits come likeliest first: float64 [up to V].

    First the temperature, then the `top_k` likeliest of these, then the fewest that make up `top_p`.
    """
    if sampling.top_k:
        logits = logits[: sampling.top_k]
    # The largest first: a low temperature takes the others to minus infinity, not this one to infinity.
    found = probabilities((logits - logits[0]) / sampling.temperature)
    found = found[: np.searchsorted(found.cumsum(), sampling.top_p) + 1]
    return found / found.sum()


def choose(logits: np.ndarray, order: np.ndarray, sampling: Sampling, index: int) -> int:
    """The id of token `index`. order: as `ranked` gives it."""
    if not sampling.do_sample:
        return int(order[0])
    shares = drawn_among(logits[order], sampling).cumsum()
    drawn = np.random.default_rng([sampling.seed, index]).random()
    return int(order[min(np.searchsorted(shares, drawn, side="right"), len(shares) - 1)])
