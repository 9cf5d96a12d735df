"""What is known of a training while it runs: the loss of each step, and the validation after some of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from components.analysis.learning import Curve, smoothed
from models.schema.build_one import Metric

_SPAN = 24
"""Steps over which the training loss is smoothed."""


@dataclass(frozen=True, slots=True)
class Check:
    """All validation examples after a step. score: as the metric of the data."""

    step: int
    loss: float
    score: float


@dataclass(frozen=True, slots=True)
class TrainingCurve:
    """steps: planned. losses: of each update so far. metric: of the scores."""

    steps: int
    metric: Metric
    losses: tuple[float, ...] = ()
    checks: tuple[Check, ...] = ()

    @property
    def step(self) -> int:
        return len(self.losses)

    @property
    def score(self) -> float | None:
        """The last one."""
        return self.checks[-1].score if self.checks else None

    @property
    def finished(self) -> bool:
        return self.step >= self.steps

    def with_losses(self, losses: Sequence[float]) -> "TrainingCurve":
        return replace(self, losses=(*self.losses, *losses))

    def with_check(self, loss: float, score: float) -> "TrainingCurve":
        return replace(self, checks=(*self.checks, Check(self.step, loss, score)))

    @property
    def smoothed(self) -> np.ndarray:
        """float64, of the length of `losses`."""
        return smoothed(np.array(self.losses, float), _SPAN)

    @property
    def loss_curve(self) -> Curve:
        """For a plot to save."""
        return self._curve("Loss", np.array(self.losses, float), [check.loss for check in self.checks])

    @property
    def score_curve(self) -> Curve:
        return self._curve("Score", np.zeros(0), [check.score for check in self.checks])

    def _curve(self, name: str, values: np.ndarray, held: Sequence[float]) -> Curve:
        at = np.arange(1, len(values) + 1, dtype=float)
        checked = np.array([check.step for check in self.checks], float)
        return Curve(name, at, values, smoothed(values, _SPAN), checked, np.array(held, float))
