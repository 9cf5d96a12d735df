"""Faithfulness of attribution methods over data: `assets/faithfulness.json`, which `benchmarks.faithfulness` writes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

RECORD = Path(__file__).parents[2] / "assets" / "faithfulness.json"


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over inputs, and the ends of its 95% bootstrap interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Measured:
    """inputs: number of inputs of a model. methods: by method and by score."""

    inputs: int
    methods: Mapping[str, Mapping[str, Interval]]


@cache
def read_faithfulness() -> Mapping[str, Measured]:
    """By model."""
    return {
        model: Measured(
            found["inputs"],
            {
                method: {score: Interval(*values) for score, values in scores.items()}
                for method, scores in found["methods"].items()
            },
        )
        for model, found in json.loads(RECORD.read_text()).items()
    }
