"""Learning curves as SVG, formatted by hand, since they are drawn several times a second."""

import numpy as np
from markupsafe import Markup

from components.analysis.clip import time_ticks
from components.analysis.learning import Curve, Learning, curve_in_words, nats, progress_in_words
from components.words.numbers import percent
from models.schema import FineTuneStep

WIDTH, HEIGHT = 360, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 16, 12, 34
"""Margins of the plot, in the drawing's own units."""


def learning_curves(learning: Learning, now: FineTuneStep) -> Markup:
    """Loss and accuracy over all planned steps, and the progress."""
    done = 100 * now.step / max(now.steps, 1)
    most = max(learning.loss.highest, 0.1) * 1.05
    loss = _chart(learning, learning.loss, most, None)
    accuracy = _chart(learning, learning.accuracy, 1.0, learning.chance)
    return Markup(
        '<div class="learning"><p class="progress">{}<span class="bar"><i style="width:{:.1f}%"></i></span></p>'
        '<div class="charts">{}{}</div><p class="caption">{}</p></div>'
    ).format(progress_in_words(now), done, loss, accuracy, _key(learning))


def _key(learning: Learning) -> Markup:
    points = "each batch" if learning.each == 1 else f"the mean of {learning.each} batches"
    return Markup(
        '<i class="key batch"></i> training, {} · <i class="key smooth"></i> training, smoothed · <i class="key held">'
        '</i> held-out rows, before training and after each epoch · <i class="key chance">'
        "</i> baseline (always the most common label): {}"
    ).format(points, percent(learning.chance))


def _chart(learning: Learning, curve: Curve, most: float, chance: float | None) -> Markup:
    plot = Plane(learning.steps, most)
    is_loss = chance is None
    said = curve_in_words(curve, nats if is_loss else percent)
    level = (
        ""
        if chance is None
        else Markup('<path class="chance" d="M{} {:.1f}H{}"/>').format(_LEFT, plot.y(chance), WIDTH - _RIGHT)
    )
    held = plot.points(curve.held_at, curve.held)
    marks = Markup("").join(Markup('<circle cx="{:.1f}" cy="{:.1f}" r="3.5"/>').format(x, y) for x, y in held)
    lines = (
        line("batch", plot.points(curve.at, curve.values))
        + line("smooth", plot.points(curve.at, curve.smoothed))
        + line("held", held)
    )
    return Markup(
        '<figure><figcaption>{}{}</figcaption><svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}'
        '<g class="held">{}</g></svg></figure>'
    ).format(curve.name, " in nats" if is_loss else "", WIDTH, HEIGHT, said, plot.axes(is_loss), level, lines, marks)


def line(name: str, points: list[tuple[float, float]]) -> Markup:
    if not points:
        return Markup()
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return Markup('<path class="{}" d="M{}"/>').format(name, path)


class Plane:
    """From step 0 to `steps` and from 0 to `most`, in the drawing's units."""

    def __init__(self, steps: int, most: float):
        self.steps, self.most = steps, most

    def x(self, step: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * step / self.steps

    def y(self, value: float) -> float:
        return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * value / self.most

    def points(self, at: np.ndarray, values: np.ndarray) -> list[tuple[float, float]]:
        return [(self.x(step), self.y(value)) for step, value in zip(at.tolist(), values.tolist(), strict=True)]

    def axes(self, is_loss: bool) -> Markup:
        across = [tick for tick in time_ticks(0, self.steps, 5) if tick == int(tick)]
        up = time_ticks(0, self.most, 4) if is_loss else [0, 0.25, 0.5, 0.75, 1]
        lines = Markup("").join(f"M{_LEFT} {self.y(tick):.1f}H{WIDTH - _RIGHT}" for tick in up)
        levels = Markup("").join(
            Markup('<text x="{}" y="{:.1f}" text-anchor="end">{}</text>').format(
                _LEFT - 5, self.y(tick) + 4, f"{tick:g}" if is_loss else percent(tick)
            )
            for tick in up
        )
        bottom = HEIGHT - _BOTTOM + 15
        steps = Markup("").join(
            Markup('<text x="{:.1f}" y="{}" text-anchor="middle">{:g}</text>').format(self.x(tick), bottom, tick)
            for tick in across
        )
        middle = (_LEFT + WIDTH - _RIGHT) / 2
        name = Markup('<text x="{}" y="{}" text-anchor="middle">step</text>').format(middle, bottom + 15)
        return Markup('<path class="grid" d="{}"/><g aria-hidden="true">{}{}{}</g>').format(lines, levels, steps, name)
