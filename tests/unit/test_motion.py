"""Motion in words, against sentences written by hand."""

import re

import numpy as np
import pytest

from components.analysis.motion import (
    direction_in_words,
    errors_in_words,
    flow_in_words,
    scores_in_words,
    vector_in_words,
)
from components.words.numbers import length_in_words

NAN = float("nan")


@pytest.mark.parametrize(
    ("right", "down", "said"),
    [
        (3.2, -0.4, "3.2 px right, 0.4 px up"),
        (-3.25, 12.0, "3.2 px left, 12.0 px down"),
        (3.2, 0.04, "3.2 px right"),
        (0.0, -7.0, "7.0 px up"),
        (-1234.5, 0.0, "1,234.5 px left"),
        (0.04, 0.0, "almost no motion (0.04 px)"),
        (0.0, 0.0, "almost no motion (0 px)"),
        (-0.001, 0.001, "almost no motion (< 0.01 px)"),
        (0.08, 0.08, "0.1 px right, 0.1 px down"),
        (NAN, 1.0, "unknown"),
        (1.0, float("inf"), "unknown"),
    ],
)
def test_a_vector_in_words(right, down, said):
    assert vector_in_words(right, down) == said


@pytest.mark.parametrize(
    ("pixels", "said"),
    [(0.0, "0 px"), (0.004, "< 0.01 px"), (0.037, "0.04 px"), (0.1, "0.1 px"), (3.24, "3.2 px"), (9.96, "10 px"),
     (11.4, "11 px"), (1234.0, "1,234 px"), (NAN, "unknown")],
)  # fmt: skip
def test_a_length_in_words(pixels, said):
    assert length_in_words(pixels) == said


def test_the_nearest_of_eight_directions():
    said = [
        direction_in_words(*vector) for vector in ((5, 1), (5, 4), (1, 5), (-4, 5), (-5, 1), (-5, -4), (1, -5), (4, -5))
    ]
    assert said == ["right", "right and down", "down", "left and down", "left", "left and up", "up", "right and up"]
    assert direction_in_words(-5, -1e-9) == "left"


def test_a_flow_in_words():
    flow = np.zeros((3, 3, 2), np.float32)
    flow[:] = (3.0, -4.0)
    flow[2, 0] = (6.0, -8.0)
    text = flow_in_words(flow)
    assert re.search(r"5\.6 px.*\bright and up\b.*\b10 px \(lower left\)$", text)
    flow[0, 0] = NAN
    assert flow_in_words(flow) == f"{text}; 11% unknown"


def test_a_rotation_goes_in_many_directions():
    """Lengths: 0 once, 1 four times, the root of 2 four times."""
    ys, xs = np.mgrid[:3, :3] - 1.0
    text = flow_in_words(np.dstack([-ys, xs]))
    assert re.search(r"1\.1 px\b.*\b1\.4 px \(upper left\)", text)
    assert "mostly" not in text


def test_nothing_that_moves_and_nothing_known():
    assert re.findall(r"[\d.]+ px", flow_in_words(np.zeros((2, 2, 2)))) == ["0 px"]
    assert re.findall(r"[\d.]+ px", flow_in_words(np.full((1, 1, 2), 0.03))) == ["0.04 px"] * 2
    assert flow_in_words(np.full((2, 2, 2), np.nan)) == "unknown everywhere"


def test_errors_in_words():
    errors = np.zeros((3, 3), np.float32)
    errors[0, 2] = 10.2
    text = errors_in_words(errors)
    assert text.endswith("10 px (upper right)")
    errors[1] = np.nan
    assert errors_in_words(errors) == f"{text}; 33% without ground truth"
    assert errors_in_words(np.full((1, 1), np.nan)) == "no ground truth"


def test_scores_in_words():
    assert scores_in_words(0.424, 0.0314) == "EPE 0.42 px · Fl-all 3.1%"
    assert scores_in_words(NAN, NAN) == "EPE unknown · Fl-all unknown"
