"""Chooses the next token from logits: the most likely one, or a random one.

Draw i of a seed has its own random number, so that it does not depend on how many tokens were drawn at once before.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Sampling:
    """do_sample: draw at random; otherwise take the most likely token.

    temperature: divides the logits, above 0.
    top_k: number of most likely tokens to draw from; 0 for all.
    top_p: draw from the smallest set of most likely tokens whose probabilities sum to p, above 0 and at most 1.
    """

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
    """Ids that may be generated, most likely first, lower ids first among equals: int64 [up to V]."""
    kept = np.ones(len(logits), dtype=bool)
    kept[list(forbidden)] = False
    order = np.argsort(-logits, kind="stable")
    return order[kept[order]]


def drawn_among(logits: np.ndarray, sampling: Sampling) -> np.ndarray:
    """Probabilities of the tokens to draw from, given logits in descending order: float64 [up to V].

    Applies the temperature, then top_k, then top_p.
    """
    if sampling.top_k:
        logits = logits[: sampling.top_k]
    # Relative to the largest logit, so that a low temperature does not overflow.
    found = probabilities((logits - logits[0]) / sampling.temperature)
    found = found[: np.searchsorted(found.cumsum(), sampling.top_p) + 1]
    return found / found.sum()


def choose(logits: np.ndarray, order: np.ndarray, sampling: Sampling, index: int) -> int:
    """The id of token `index`.

    order: from `ranked`.
    """
    if not sampling.do_sample:
        return int(order[0])
    shares = drawn_among(logits[order], sampling).cumsum()
    drawn = np.random.default_rng([sampling.seed, index]).random()
    return int(order[min(np.searchsorted(shares, drawn, side="right"), len(shares) - 1)])
