"""Learning curves: loss and accuracy of each batch, and of the held-out rows after each epoch."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from models.schema import FineTuneStep

MAX_POINTS = 400
"""Most points of a training curve; for more steps, each point is the mean of several."""
_SMOOTHED_OVER = 12
"""The smoothing window is 1 / _SMOOTHED_OVER of all steps."""


@dataclass(frozen=True, slots=True)
class Curve:
    """at, values, smoothed: float64 [n], steps and the values measured there.

    held_at, held: float64 [m], of all held-out rows.
    """

    name: str
    at: np.ndarray
    values: np.ndarray
    smoothed: np.ndarray
    held_at: np.ndarray
    held: np.ndarray

    @property
    def highest(self) -> float:
        return float(np.concatenate([self.values, self.held]).max(initial=0.0))


@dataclass(frozen=True, slots=True)
class Learning:
    """loss: nats; accuracy: 0 to 1. steps: total number. each: number of steps per point of a curve.

    chance: the accuracy of always predicting the most common label, 0 to 1.
    """

    loss: Curve
    accuracy: Curve
    steps: int
    each: int
    chance: float

    @classmethod
    def of(cls, taken: Sequence[FineTuneStep], chance: float) -> "Learning":
        """taken: the steps of one run, as streamed. Raises ValueError for none."""
        if not taken:
            raise ValueError("there are no steps yet")
        steps = max(taken[-1].steps, 1)
        each = -(-steps // MAX_POINTS)
        losses = _curve("Loss", taken, lambda step: (step.loss, step.validation_loss), steps, each)
        accuracies = _curve("Accuracy", taken, lambda step: (step.accuracy, step.validation_accuracy), steps, each)
        return cls(losses, accuracies, steps, each, chance)


def _curve(
    name: str,
    taken: Sequence[FineTuneStep],
    measured: Callable[[FineTuneStep], tuple[float, float | None]],
    steps: int,
    each: int,
) -> Curve:
    batches: dict[int, float] = {}
    held: dict[int, float] = {}
    for step in taken:
        batch, all_held = measured(step)
        # Before the first step there is no batch; what is left in the end may repeat the last step.
        if step.step > 0 and math.isfinite(batch):
            batches.setdefault(step.step, batch)
        if all_held is not None and math.isfinite(all_held):
            held[step.step] = all_held
    at, values = _means(np.array(list(batches), float), np.array(list(batches.values()), float), each)
    span = max(steps / each / _SMOOTHED_OVER, 3.0)
    return Curve(
        name, at, values, smoothed(values, span), np.array(list(held), float), np.array(list(held.values()), float)
    )


def _means(at: np.ndarray, values: np.ndarray, each: int) -> tuple[np.ndarray, np.ndarray]:
    """Means over groups of `each` steps; the last group may be shorter."""
    if each == 1 or not len(at):
        return at, values
    starts = np.unique((at - 1) // each, return_index=True)[1]
    counts = np.diff(starts, append=len(at))
    return np.add.reduceat(at, starts) / counts, np.add.reduceat(values, starts) / counts


def smoothed(values: np.ndarray, span: float) -> np.ndarray:
    """Exponentially weighted running means, of the shape of `values`; `span` as in pandas' `ewm`."""
    keep = 1 - 2 / (span + 1)
    total, weight, found = 0.0, 0.0, []
    for value in values.tolist():
        total, weight = keep * total + value, keep * weight + 1
        found.append(total / weight)
    return np.array(found)


def chance_level(labels: Iterable[str]) -> float:
    """The share of the most common label, 0 to 1; 0 of none."""
    counts = Counter(labels)
    return max(counts.values()) / counts.total() if counts else 0.0


def curve_in_words(curve: Curve, in_words: Callable[[float], str]) -> str:
    """A curve in a sentence, for alt text."""
    facts = []
    if len(curve.at):
        first, last = in_words(float(curve.smoothed[0])), in_words(float(curve.smoothed[-1]))
        facts.append(f"training (smoothed) {first} at step {curve.at[0]:.0f}, {last} at step {curve.at[-1]:.0f}")
    if len(curve.held):
        facts.append(f"held-out rows {in_words(float(curve.held[-1]))} after step {curve.held_at[-1]:.0f}")
    return f"{curve.name}: {'; '.join(facts) or 'nothing measured yet'}."


def nats(loss: float) -> str:
    return f"{loss:.3g}"


def progress_in_words(step: FineTuneStep) -> str:
    """ "Step 34 of 50, epoch 4 · 12 s so far, about 6 s left"."""
    said = f"Step {step.step:,} of {step.steps:,}"
    said += f", epoch {step.epoch}" if step.epoch else ""
    said += f" · {duration(step.seconds)}"
    if step.model is None:
        return f"{said} so far" + ("" if step.seconds_left is None else f", about {duration(step.seconds_left)} left")
    return f"{said}, stopped" if step.step < step.steps else f"{said}, done"


def duration(seconds: float) -> str:
    """ "6 s", "2 min 5 s"."""
    if not math.isfinite(seconds):
        return "? s"
    minutes, rest = divmod(max(round(seconds), 0), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
