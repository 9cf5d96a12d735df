"""The next token from logits, against distributions worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from models.perceiver.sampling import Sampling, choose, drawn_among, probabilities, ranked

SHARES = np.array([0.1, 0.4, 0.05, 0.3, 0.15])
LOGITS = np.log(SHARES) + 7
FREE = Sampling(do_sample=True, temperature=1, top_k=0, top_p=1, seed=0)


def among(**changes: float) -> list[float]:
    return drawn_among(LOGITS[ranked(LOGITS)], replace(FREE, **changes)).tolist()


def test_ranked_by_logit_without_the_forbidden():
    assert ranked(LOGITS).tolist() == [1, 3, 4, 0, 2]
    assert ranked(LOGITS, {3, 0}).tolist() == [1, 4, 2]
    assert ranked(np.array([1.0, 2.0, 2.0, 1.0])).tolist() == [1, 2, 0, 3]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [0.4, 0.3, 0.15, 0.1, 0.05]),
        ({"top_k": 2}, [4 / 7, 3 / 7]),
        ({"top_k": 1}, [1]),
        ({"top_k": 99}, [0.4, 0.3, 0.15, 0.1, 0.05]),
        ({"top_p": 0.69}, [4 / 7, 3 / 7]),
        ({"top_p": 0.71}, [40 / 85, 30 / 85, 15 / 85]),
        ({"top_p": 1e-9}, [1]),
        # 0.4 and 0.3 of 0.7 are 0.571 and 0.429: after the choice of two, the first alone makes up half.
        ({"top_k": 2, "top_p": 0.5}, [1]),
        ({"top_k": 2, "top_p": 0.6}, [4 / 7, 3 / 7]),
        # Squares: 16, 9, 2.25, 1, 0.25 of 28.5.
        ({"temperature": 0.5}, [16 / 28.5, 9 / 28.5, 2.25 / 28.5, 1 / 28.5, 0.25 / 28.5]),
        ({"temperature": 0.5, "top_p": 0.8}, [16 / 25, 9 / 25]),
        ({"temperature": 1e-300}, [1]),
        ({"temperature": 1e300}, [0.2] * 5),
    ],
)
def test_what_is_drawn_among(changes, expected):
    np.testing.assert_allclose(among(**changes), expected, atol=1e-12)


def test_probabilities_of_large_logits():
    np.testing.assert_allclose(probabilities(LOGITS + 5000), SHARES, atol=1e-9)


@pytest.mark.parametrize("of_one_seed", [True, False])
@pytest.mark.parametrize(("changes", "expected"), [({}, SHARES), ({"top_k": 3}, np.array([0, 40, 0, 30, 15]) / 85)])
def test_draws_come_as_often_as_they_should(of_one_seed, changes, expected):
    """Over the tokens of one text, and over the first tokens of texts: chi-squared, whose 0.999 quantile is 18.5."""
    draws, order, sampling = 2000, ranked(LOGITS), replace(FREE, **changes)
    found = [
        choose(LOGITS, order, sampling if of_one_seed else replace(sampling, seed=i), i if of_one_seed else 0)
        for i in range(draws)
    ]
    counts = np.bincount(found, minlength=5)
    assert not counts[expected == 0].any()
    wanted = draws * expected[expected > 0]
    assert ((counts[expected > 0] - wanted) ** 2 / wanted).sum() < 18.5


def test_a_draw_follows_from_seed_and_index():
    order = ranked(LOGITS)
    first = [choose(LOGITS, order, FREE, index) for index in range(30)]
    assert [choose(LOGITS, order, FREE, index) for index in reversed(range(30))] == first[::-1]
    assert [choose(LOGITS, order, replace(FREE, seed=1), index) for index in range(30)] != first


def test_without_drawing_the_likeliest_is_taken():
    taken = replace(FREE, do_sample=False, temperature=100)
    assert {choose(LOGITS, ranked(LOGITS), taken, index) for index in range(20)} == {1}
    assert choose(LOGITS, ranked(LOGITS, {1}), taken, 0) == 3
