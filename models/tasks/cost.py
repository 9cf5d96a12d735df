"""What a request costs with the original model of its task, to ask for GPU time before it runs."""

from dataclasses import dataclass

from models.schema import EachHead, EachLatent, InputsAt, Probe


@dataclass(frozen=True, slots=True)
class Cost:
    """seconds: on two CPU cores, from the tables in `benchmarks/README.md`.

    passes: forward passes one after another. On a GPU each of them takes a moment, however small it is.
    """

    seconds: float
    passes: int = 1


TEXT_BYTES = 2046
"""Longest text that Perceiver IO for language reads."""
ENCODE_TEXT = 0.5
"""Seconds to encode a text with it."""


RUNS = {EachLatent: 24, EachHead: 8, InputsAt: 1}
"""Runs without a part of the model or of its inputs, by intervention."""


def interventions(probe: Probe | None) -> int:
    """Runs that a probe adds."""
    return sum(RUNS[type(each)] for each in probe.without) if probe else 0


def encodings(texts: int) -> Cost:
    """Encodes texts with Perceiver IO for language, one after another."""
    return Cost(texts * ENCODE_TEXT, texts)
