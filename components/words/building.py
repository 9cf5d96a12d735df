"""Scores and progress of a model that a visitor builds, in words."""

from components.words.numbers import percent
from models.schema.build_one import Metric


def score_in_words(score: float, metric: Metric) -> str:
    """ "97%", "0.41 px", "0.12"."""
    if metric == "accuracy":
        return percent(score)
    return f"{score:.2f} px" if metric == "end-point error" else f"{score:.3f}"
