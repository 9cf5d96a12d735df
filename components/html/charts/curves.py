"""Learning as it happens: data in, HTML out. Written by hand, since it is drawn anew several times a second."""

from html import escape

import numpy as np

from components.analysis.clip import time_ticks
from components.analysis.learning import Curve, Learning, curve_in_words, nats, progress_in_words, whole_percent
from models.schema import FineTuneStep

_WIDTH, _HEIGHT = 360, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 10, 12, 34
"""Margins of the plot, in the drawing's own units."""


def learning_curves(learning: Learning, now: FineTuneStep) -> str:
    """Loss and accuracy over all the steps that there shall be, and how far the teaching is."""
    done = 100 * now.step / max(now.steps, 1)
    most = max(learning.loss.highest, 0.1) * 1.05
    loss = _chart(learning, learning.loss, most, None)
    accuracy = _chart(learning, learning.accuracy, 1.0, learning.chance)
    return (
        f'<div class="learning"><p class="progress">{escape(progress_in_words(now))}'
        f'<span class="bar"><i style="width:{done:.1f}%"></i></span></p>'
        f'<div class="charts">{loss}{accuracy}</div><p class="caption">{_key(learning)}</p></div>'
    )


def _key(learning: Learning) -> str:
    points = "each batch" if learning.each == 1 else f"the mean of {learning.each} batches"
    return (
        f'<i class="key batch"></i> training, {points}; <i class="key smooth"></i> smoothed · '
        '<i class="key held"></i> all held-out rows, before and after each epoch · '
        f'<i class="key chance"></i> always the most common label: {whole_percent(learning.chance)}'
    )


def _chart(learning: Learning, curve: Curve, most: float, chance: float | None) -> str:
    plot = _Plot(learning.steps, most)
    is_loss = chance is None
    said = curve_in_words(curve, nats if is_loss else whole_percent)
    level = "" if chance is None else f'<path class="chance" d="M{_LEFT} {plot.y(chance):.1f}H{_WIDTH - _RIGHT}"/>'
    held = plot.points(curve.held_at, curve.held)
    marks = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in held)
    lines = (
        _line("batch", plot.points(curve.at, curve.values))
        + _line("smooth", plot.points(curve.at, curve.smoothed))
        + _line("held", held)
    )
    return (
        f"<figure><figcaption>{curve.name}{' in nats' if is_loss else ''}</figcaption>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(said)}">'
        f'{plot.axes(is_loss)}{level}{lines}<g class="held">{marks}</g></svg></figure>'
    )


def _line(name: str, points: list[tuple[float, float]]) -> str:
    if not points:
        return ""
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return f'<path class="{name}" d="M{path}"/>'


class _Plot:
    """From step 0 to `steps` and from 0 to `most`, in the drawing's units."""

    def __init__(self, steps: int, most: float):
        self.steps, self.most = steps, most

    def x(self, step: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * step / self.steps

    def y(self, value: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * value / self.most

    def points(self, at: np.ndarray, values: np.ndarray) -> list[tuple[float, float]]:
        return [(self.x(step), self.y(value)) for step, value in zip(at.tolist(), values.tolist(), strict=True)]

    def axes(self, is_loss: bool) -> str:
        across = [tick for tick in time_ticks(0, self.steps, 5) if tick == int(tick)]
        up = time_ticks(0, self.most, 4) if is_loss else [0, 0.25, 0.5, 0.75, 1]
        lines = "".join(f"M{_LEFT} {self.y(tick):.1f}H{_WIDTH - _RIGHT}" for tick in up)
        levels = "".join(
            f'<text x="{_LEFT - 5}" y="{self.y(tick) + 4:.1f}" text-anchor="end">'
            f"{f'{tick:g}' if is_loss else whole_percent(tick)}</text>"
            for tick in up
        )
        bottom = _HEIGHT - _BOTTOM + 15
        steps = "".join(
            f'<text x="{self.x(tick):.1f}" y="{bottom}" text-anchor="middle">{tick:g}</text>' for tick in across
        )
        middle = (_LEFT + _WIDTH - _RIGHT) / 2
        name = f'<text x="{middle}" y="{bottom + 15}" text-anchor="middle">step</text>'
        return f'<path class="grid" d="{lines}"/><g aria-hidden="true">{levels}{steps}{name}</g>'
