"""Fine-tuning of a text classifier on the labeled rows of a visitor."""

import math
import time
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import cast

import numpy as np
from transformers import PerceiverForSequenceClassification

from models.perceiver.fine_tuned import as_value
from models.perceiver.fine_tuning import Evaluation, FineTuner, Hyperparameters, TrainingStep
from models.schema import FineTunedModel, FineTuneRequest, FineTuneStep, HeldOut, InputError, RunInfo
from models.schema.fine_tuning import MAX_SECONDS
from models.tasks.cost import Cost, encodings
from models.tasks.fine_tuning_rows import SplitRows, check, check_steps, longest_text, split
from models.tasks.sentiment import SENTIMENT
from models.tasks.task import Loaded, Runtime, Task, stream_time_limit

KEEP_SECONDS = 5.0
"""Seconds between evaluations within an epoch, each of which yields the model so far."""
KEEP_SHARE = 0.1
"""Largest share of the time that these evaluations may take."""
TIMED_STEPS, RECENT_STEPS = 3, 20
"""Steps that are timed before the first forecast of the remaining time, and those that a forecast is made from."""


def run(request: FineTuneRequest, runtime: Runtime) -> FineTuneStep:
    """The last step, with the fine-tuned model; see `stream`."""
    *_, last = stream(request, runtime)
    return last


def stream(request: FineTuneRequest, runtime: Runtime) -> Generator[FineTuneStep]:
    """Yields each step. Closing the generator stops the training; the model so far is in the steps that have one.

    Raises InputError for rows that cannot be used.
    """
    if request.weights == "published" and not request.frozen:
        raise InputError(
            "Fine-tuning all layers of the original model would take 0.8 GB per visitor, and three times as much while "
            "training. Freeze the encoder, or use the demo model."
        )
    check(request)
    with runtime.load(FINE_TUNING.checkpoint(request.weights)) as loaded:
        yield from _FineTuning(request, loaded, runtime).steps()


@dataclass(slots=True)
class _FineTuning:
    """A fine-tuning run and its timing.

    began: start time, in seconds of the clock; all others count from it, or are durations, in seconds.
    evaluating: duration of the last evaluation. evaluated_at: its end. resumed_at: end of the last step or evaluation.
    step_seconds: duration of each recent step, with what the caller did after the one before.
    """

    request: FineTuneRequest
    loaded: Loaded
    runtime: Runtime
    rows: SplitRows = field(init=False)
    tuner: FineTuner = field(init=False)
    began: float = field(default_factory=time.perf_counter)
    evaluating: float = 0.0
    evaluated_at: float = 0.0
    resumed_at: float = 0.0
    step_seconds: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT_STEPS))

    def __post_init__(self) -> None:
        request, model = self.request, cast(PerceiverForSequenceClassification, self.loaded.model)
        self.rows = split(request, longest_text(model.config.max_position_embeddings))
        check_steps(math.ceil(len(self.rows.training.labels) / request.batch_size) * request.epochs, request)
        hyperparameters = Hyperparameters(
            request.epochs, request.batch_size, request.learning_rate, request.seed, request.frozen
        )
        self.tuner = FineTuner(model, self.rows.training, len(self.rows.labels), hyperparameters)

    @property
    def time_limit(self) -> float:
        return stream_time_limit(self.runtime, self.request, MAX_SECONDS)

    def steps(self) -> Generator[FineTuneStep]:
        yield self._evaluated(TrainingStep(0, 0, False, (), math.nan, math.nan))
        for step in self.tuner.train():
            self._time(step)
            if not math.isfinite(step.loss):
                raise InputError(
                    f"The loss is not finite after step {step.step}. Use a learning rate below "
                    f"{self.request.learning_rate:g}."
                )
            over = self._seconds() + self.evaluating > self.time_limit
            if step.ends_epoch or over or self._is_due():
                yield self._evaluated(step)
            else:
                yield self._step(step, None, None)
            if over:
                return

    def _time(self, step: TrainingStep) -> None:
        """The first step is not timed: it is far slower, since it allocates memory and prepares kernels."""
        now = self._seconds()
        if step.step > 1:
            self.step_seconds.append(now - self.resumed_at)
        self.resumed_at = now

    def _is_due(self) -> bool:
        """Whether to evaluate within the epoch."""
        return self._seconds() - self.evaluated_at > max(KEEP_SECONDS, self.evaluating / KEEP_SHARE)

    def _evaluated(self, step: TrainingStep) -> FineTuneStep:
        """A step with the predictions for the held-out rows, and with the model if it has been updated."""
        began = self._seconds()
        evaluation = self.tuner.evaluate(self.rows.held_out)
        model = None
        if step.step:
            base = self._info()
            model = as_value(self.tuner.model, base.model, base.weights, self.rows.labels)
        self.evaluated_at = self.resumed_at = self._seconds()
        self.evaluating = self.evaluated_at - began
        return self._step(step, evaluation, model)

    def _step(self, step: TrainingStep, evaluation: Evaluation | None, model: FineTunedModel | None) -> FineTuneStep:
        held_out = None if evaluation is None else self._held_out(evaluation)
        return FineTuneStep(
            step=step.step,
            steps=self.tuner.steps,
            epoch=step.epoch,
            loss=step.loss,
            accuracy=step.accuracy,
            validation_loss=None if evaluation is None else evaluation.loss,
            validation_accuracy=None if held_out is None else float(np.trace(held_out.confusion) / len(held_out.texts)),
            seconds=self._seconds(),
            seconds_left=self._seconds_left(step),
            model=model,
            held_out=held_out,
            rows_shortened=self.rows.shortened,
            run=self._info(),
        )

    def _info(self) -> RunInfo:
        return self.runtime.info(self.loaded, encoder_cached=False, seed=self.request.seed)

    def _held_out(self, evaluation: Evaluation) -> HeldOut:
        labels, count = tuple(self.rows.held_out.labels), len(self.rows.labels)
        confusion = np.zeros((count, count), dtype=np.int64)
        np.add.at(confusion, (labels, evaluation.predicted), 1)
        return HeldOut(self.rows.held_out_texts, labels, evaluation.predicted, confusion)

    def _seconds(self) -> float:
        return time.perf_counter() - self.began

    def _seconds_left(self, step: TrainingStep) -> float | None:
        """For the remaining steps, from recent ones, and for an evaluation after each remaining epoch."""
        remaining = self.tuner.steps - step.step
        if remaining and len(self.step_seconds) < TIMED_STEPS:
            return None
        evaluations = self.request.epochs - step.epoch + (not step.ends_epoch)
        ahead = remaining * float(np.mean(self.step_seconds)) + evaluations * self.evaluating if remaining else 0.0
        return max(0.0, min(ahead, self.time_limit - self._seconds()))


def _cost(request: FineTuneRequest) -> Cost:
    """With a frozen encoder, each row is encoded once."""
    return encodings(len(request.rows))


FINE_TUNING = Task(
    name="fine_tuning",
    request=FineTuneRequest,
    checkpoints=SENTIMENT.checkpoints,
    run=run,
    cost=_cost,
    stream=stream,
)
