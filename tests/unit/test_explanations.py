"""The comparison of attribution methods over data, and the record that it shows."""

import re

import pytest

from components.analysis.attribution import METHOD_NAMES
from components.html.overview.explanations import MODELS, SCORE, explanations, follows
from models.data.faithfulness import Interval, Measured, read_faithfulness
from models.schema import METHODS
from tests.markup import Elements

BETTER, UNCLEAR, WORSE = Interval(0.2, 0.1, 0.3), Interval(0.05, -0.1, 0.2), Interval(-0.2, -0.3, -0.1)
SHARED = ("encoder", "decoder", "rollout")


def measured(**intervals: Interval) -> Measured:
    """Methods that are not named are better than random orders."""
    return Measured(7, {method: {SCORE: intervals.get(method, BETTER)} for method in METHODS})


def test_a_method_is_better_only_if_it_is_for_every_model() -> None:
    models = {"sentiment": measured(encoder=UNCLEAR), "image_conv": measured(decoder=WORSE)}
    better, unclear, worse = (each.partition(": ")[2].rstrip(".") for each in follows(models))
    assert better.split("; ") == [METHOD_NAMES[each] for each in METHODS if each not in SHARED[:2]]
    assert (unclear, worse) == (METHOD_NAMES["encoder"], METHOD_NAMES["decoder"])


def test_methods_are_in_the_order_of_their_means() -> None:
    models = {"sentiment": measured(rollout=Interval(0.3, 0.2, 0.4), encoder=WORSE), "image_conv": measured()}
    rows = Elements(explanations(models)).of("tr")[1:]
    assert len(rows) == len(METHODS)
    names = re.findall(r'scope="row">(.*?)<', str(explanations(models)))
    assert (names[0], names[-1]) == (METHOD_NAMES["rollout"], METHOD_NAMES["encoder"])


def test_an_interval_is_drawn_from_end_to_end_around_its_mean() -> None:
    drawn = str(explanations({"sentiment": measured()}))
    low, high, mean = map(float, re.search(r'<path d="M([\d.]+) 9.0H([\d.]+)"/><circle cx="([\d.]+)"', drawn).groups())  # pyright: ignore[reportOptionalMemberAccess]
    assert low < mean < high
    assert mean == pytest.approx((low + high) / 2, abs=0.1)


def test_the_record_has_all_methods_of_all_demo_models() -> None:
    found = read_faithfulness()
    assert found.keys() == MODELS.keys()
    for model in found.values():
        assert model.methods.keys() == set(METHODS)
        assert all(each.low <= each.mean <= each.high for scores in model.methods.values() for each in scores.values())
