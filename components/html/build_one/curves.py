"""Curves of one training while it runs, and of several that are compared."""

from collections.abc import Mapping

import numpy as np
from markupsafe import Markup

from components.analysis.learning import nats
from components.analysis.training_curve import TrainingCurve
from components.html.charts.curves import HEIGHT, WIDTH, Plane, line
from components.words.building import score_in_words

COLORS = ("#0d9488", "#d9641e", "#8b5cf6", "#2563eb", "#db2777")
"""Colors of compared runs, at least 3:1 against light and dark pages."""
KEY = Markup(
    '<i class="key batch"></i> each step · <i class="key smooth"></i> smoothed · <i class="key held"></i> '
    "validation examples, which are never trained on"
)
CHART = Markup(
    '<figure><figcaption>{}</figcaption><svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg></figure>'
)


def live_curves(curve: TrainingCurve, chance: float | None) -> Markup:
    """Loss and validation score over all planned steps. chance: score without any knowledge, or None."""
    done = 100 * curve.step / curve.steps
    loss = Plane(curve.steps, max(_highest(curve, "loss"), 0.1) * 1.05)
    score = _score_plane([curve])
    level = (
        Markup()
        if chance is None
        else line("chance", [(score.x(0), score.y(chance)), (score.x(curve.steps), score.y(chance))])
    )
    losses = (
        _line("batch", loss, np.array(curve.losses))
        + _line("smooth", loss, curve.smoothed)
        + _checks(loss, curve, "loss")
    )
    return Markup(
        '<div class="learning"><p class="progress">{}<span class="bar"><i style="width:{:.1f}%"></i></span></p>'
        '<div class="charts">{}{}</div><p class="caption">{}{}</p></div>'
    ).format(
        _progress(curve),
        done,
        _chart(
            "Loss (cross-entropy, nats)" if curve.metric == "accuracy" else "Loss",
            loss,
            True,
            _losses_in_words(curve),
            losses,
        ),
        _chart(
            f"Validation: {curve.metric}",
            score,
            curve.metric != "accuracy",
            _score_in_words(curve),
            level + _checks(score, curve, "score"),
        ),
        KEY,
        ""
        if chance is None
        else Markup(' · <i class="key chance"></i> chance: {}').format(score_in_words(chance, curve.metric)),
    )


def compared_curves(curves: Mapping[str, TrainingCurve]) -> Markup:
    """Training loss, smoothed, and validation score of several runs, each in a color of its own."""
    every = list(curves.values())
    steps = max(curve.steps for curve in every)
    loss = Plane(steps, max(0.1, *(float(curve.smoothed.max(initial=0)) for curve in every)) * 1.05)
    score = _score_plane(every)
    losses = [_colored(at, _line("run", loss, curve.smoothed)) for at, curve in enumerate(every)]
    scores = [_colored(at, _checks(score, curve, "score")) for at, curve in enumerate(every)]
    said = "; ".join(f"{name}: {_score_in_words(curve)}" for name, curve in curves.items())
    relative = every[0].metric != "accuracy"
    return Markup('<div class="learning compared"><div class="charts">{}{}</div></div>').format(
        _chart("Loss, smoothed", loss, True, said, Markup("").join(losses)),
        _chart(f"Validation: {every[0].metric}", score, relative, said, Markup("").join(scores)),
    )


def color_of(index: int) -> str:
    return COLORS[index % len(COLORS)]


def _colored(index: int, lines: Markup) -> Markup:
    return Markup('<g class="run" style="--run:{}">{}</g>').format(color_of(index), lines)


def _score_plane(curves: list[TrainingCurve]) -> Plane:
    steps = max(curve.steps for curve in curves)
    if curves[0].metric == "accuracy":
        return Plane(steps, 1.0)
    return Plane(steps, max(0.01, *(_highest(curve, "score") for curve in curves)) * 1.05)


def _highest(curve: TrainingCurve, name: str) -> float:
    checked = [getattr(check, name) for check in curve.checks]
    found = np.array([*checked, *(curve.losses if name == "loss" else ())], float)
    return float(found[np.isfinite(found)].max(initial=0))


def _line(name: str, plane: Plane, values: np.ndarray) -> Markup:
    """Values of each step, from 1."""
    at = np.arange(1, len(values) + 1)
    known = np.isfinite(values)
    return line(name, plane.points(at[known], values[known]))


def _checks(plane: Plane, curve: TrainingCurve, name: str) -> Markup:
    at = np.array([check.step for check in curve.checks], float)
    points = plane.points(at, np.array([getattr(check, name) for check in curve.checks], float))
    circle = Markup('<circle cx="{:.1f}" cy="{:.1f}" r="3"/>')
    marks = Markup("").join(circle.format(x, y) for x, y in points)
    return line("held", points) + Markup('<g class="held">{}</g>').format(marks)


def _chart(name: str, plane: Plane, relative: bool, said: str, lines: Markup) -> Markup:
    """relative: whether the axis ends at the highest value, or at 100%."""
    return CHART.format(name, WIDTH, HEIGHT, said, plane.axes(relative), lines)


def _progress(curve: TrainingCurve) -> str:
    reached = "" if curve.score is None else f" · {curve.metric} {_score_in_words(curve)}"
    return f"Step {curve.step:,} of {curve.steps:,}{reached}"


def _losses_in_words(curve: TrainingCurve) -> str:
    if not curve.losses:
        return "Loss: nothing trained yet"
    return f"Training loss, smoothed: {nats(float(curve.smoothed[0]))} to {nats(float(curve.smoothed[-1]))}"


def _score_in_words(curve: TrainingCurve) -> str:
    return "not measured yet" if curve.score is None else score_in_words(curve.score, curve.metric)
