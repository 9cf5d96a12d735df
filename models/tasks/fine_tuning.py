"""Fine-tuning: a visitor's rows teach a classifier of texts, which is theirs alone."""

import math
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import cast

import numpy as np
from transformers import PerceiverForSequenceClassification

from models.perceiver.fine_tuned import as_value
from models.perceiver.fine_tuning import Evaluation, FineTuner, Hyperparameters, TrainingStep
from models.schema import FineTunedModel, FineTuneRequest, FineTuneStep, HeldOut, InputError, RunInfo
from models.schema.fine_tuning import MAX_SECONDS
from models.tasks.fine_tuning_rows import SplitRows, check, check_steps, longest_text, split
from models.tasks.sentiment import SENTIMENT
from models.tasks.task import Loaded, Runtime, Task, stream_time_limit

KEEP_SECONDS = 5.0
"""Within an epoch, what was learned is handed out and judged about so often: who stops has it."""
KEEP_SHARE = 0.1
"""But no more often than takes this part of the time."""


def run(request: FineTuneRequest, runtime: Runtime) -> FineTuneStep:
    """The last step, with what was learned; see `stream`."""
    *_, last = stream(request, runtime)
    return last


def stream(request: FineTuneRequest, runtime: Runtime) -> Generator[FineTuneStep]:
    """Each step as it is made. Closing it ends the learning; what was learned is in the steps that have a `model`.

    Raises InputError, in words for the visitor, for what cannot be learned from.
    """
    if request.weights == "published" and not request.frozen:
        raise InputError(
            "Of the published model only the decoder can be taught: all of it would take 0.8 GB for each visitor, and "
            "as much again three times while it learns. Freeze the encoder, or take the embedded model."
        )
    check(request)
    with runtime.load(FINE_TUNING.checkpoint(request.weights)) as loaded:
        yield from _Course(request, loaded, runtime).steps()


@dataclass(slots=True)
class _Course:
    """A tuner under way, and how long its parts take. began, judging: seconds."""

    request: FineTuneRequest
    loaded: Loaded
    runtime: Runtime
    rows: SplitRows = field(init=False)
    tuner: FineTuner = field(init=False)
    began: float = field(default_factory=time.perf_counter)
    judging: float = 0.0
    kept_at: float = 0.0

    def __post_init__(self) -> None:
        request, model = self.request, cast(PerceiverForSequenceClassification, self.loaded.model)
        self.rows = split(request, longest_text(model.config.max_position_embeddings))
        check_steps(math.ceil(len(self.rows.learned.labels) / request.batch_size) * request.epochs, request)
        hyperparameters = Hyperparameters(
            request.epochs, request.batch_size, request.learning_rate, request.seed, request.frozen
        )
        self.tuner = FineTuner(model, self.rows.learned, len(self.rows.labels), hyperparameters)

    @property
    def most_seconds(self) -> float:
        return stream_time_limit(self.runtime, MAX_SECONDS)

    def steps(self) -> Generator[FineTuneStep]:
        yield self._judged(TrainingStep(0, 0, False, (), math.nan, math.nan))
        for learned in self.tuner.train():
            if not math.isfinite(learned.loss):
                raise InputError(
                    f"After step {learned.step} the loss is no number any more: take a lower learning rate than "
                    f"{self.request.learning_rate:g}."
                )
            over = self._seconds() + self.judging > self.most_seconds
            if learned.ends_epoch or over or self._is_due():
                yield self._judged(learned)
            else:
                yield self._step(learned, None, None)
            if over:
                return

    def _is_due(self) -> bool:
        return self._seconds() - self.kept_at > max(KEEP_SECONDS, self.judging / KEEP_SHARE)

    def _judged(self, learned: TrainingStep) -> FineTuneStep:
        """A step with the held-out rows, and with what was learned, if anything was."""
        began = self._seconds()
        judged = self.tuner.evaluate(self.rows.held_out)
        model = None
        if learned.step:
            base = self._info()
            model = as_value(self.tuner.model, base.model, base.weights, self.rows.labels)
        self.kept_at = self._seconds()
        self.judging = self.kept_at - began
        return self._step(learned, judged, model)

    def _step(self, learned: TrainingStep, judged: Evaluation | None, model: FineTunedModel | None) -> FineTuneStep:
        held_out = None if judged is None else self._held_out(judged)
        return FineTuneStep(
            step=learned.step,
            steps=self.tuner.steps,
            epoch=learned.epoch,
            loss=learned.loss,
            accuracy=learned.accuracy,
            validation_loss=None if judged is None else judged.loss,
            validation_accuracy=None if held_out is None else float(np.trace(held_out.confusion) / len(held_out.texts)),
            seconds=self._seconds(),
            seconds_left=self._seconds_left(learned.step),
            model=model,
            held_out=held_out,
            rows_shortened=self.rows.shortened,
            run=self._info(),
        )

    def _info(self) -> RunInfo:
        return self.runtime.info(self.loaded, encoder_cached=False, seed=self.request.seed)

    def _held_out(self, judged: Evaluation) -> HeldOut:
        labels, count = tuple(self.rows.held_out.labels), len(self.rows.labels)
        confusion = np.zeros((count, count), dtype=np.int64)
        np.add.at(confusion, (labels, judged.predicted), 1)
        return HeldOut(self.rows.held_out_texts, labels, judged.predicted, confusion)

    def _seconds(self) -> float:
        return time.perf_counter() - self.began

    def _seconds_left(self, step: int) -> float:
        """As the steps so far went; before the first one, all the time that there is."""
        seconds, most = self._seconds(), self.most_seconds
        ahead = seconds / step * (self.tuner.steps - step) if step else most
        return max(0.0, min(ahead, most - seconds))


FINE_TUNING = Task(
    name="fine_tuning",
    request=FineTuneRequest,
    checkpoints=SENTIMENT.checkpoints,
    run=run,
    stream=stream,
)
