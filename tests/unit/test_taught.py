"""What visitors have taught is theirs alone, and goes when they do."""

import numpy as np

from models.schema import FineTunedModel, FineTuneStep, RunInfo
from pages.taught import TaughtModels

ANNA, BEN, CARL = "anna", "ben", "carl"


def step(numbers: int) -> FineTuneStep:
    """A model of so many numbers, four bytes each."""
    model = FineTunedModel("taught", "sentiment", "embedded", ("a", "b"), {"w": np.zeros(numbers, np.float32)})
    run = RunInfo("sentiment", "embedded", "cpu", "float32", 1.0, False)
    return FineTuneStep(1, 1, 1, 0.5, 1.0, 0.5, 1.0, 1.0, 0.0, model, None, 0, run)


def test_each_visitor_has_their_own_and_the_last_one_only():
    models = TaughtModels()
    first, second, other = step(1), step(2), step(3)
    models.keep(ANNA, first)
    models.keep(BEN, other)
    models.keep(ANNA, second)
    assert models.of(ANNA) is second
    assert models.of(BEN) is other
    assert models.of(CARL) is None


def test_it_goes_with_its_visitor():
    models = TaughtModels()
    models.keep(ANNA, step(1))
    models.keep(BEN, step(1))
    models.drop(ANNA)
    models.drop(CARL)
    assert models.of(ANNA) is None
    assert models.of(BEN) is not None
    assert len(models) == 1


def test_beyond_the_bound_those_go_that_were_used_longest_ago():
    models = TaughtModels(most_bytes=100)
    for visitor in (ANNA, BEN):
        models.keep(visitor, step(10))
    models.of(ANNA)
    models.keep(CARL, step(10))
    assert models.of(BEN) is None
    assert models.of(ANNA) is not None
    models.keep(BEN, step(1000))  # the newest is kept, however large it is
    assert len(models) == 1
    assert models.of(BEN) is not None
