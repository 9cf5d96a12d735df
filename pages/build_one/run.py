"""What the page "Build one" keeps of a training, and of several that are compared."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Self

from components.analysis.training_curve import TrainingCurve
from components.render.build_one import ComparedRun
from models.backend.protocol import Backend
from models.data.build_one import check, spec_of
from models.schema import DataSpec, InputError, TrainBuildRequest, TrainBuildResult, TrainingState
from pages.build_one.state import BuildOneState
from pages.screen import Run
from pages.session import Job

SLICES = 8
"""Slices of a training at least: after each the model is evaluated, and another visitor may have a turn."""
SLICE_SECONDS = 1.0
NOT_TRAINED = "There is no trained model yet. Train one first."


@dataclass(frozen=True, slots=True)
class BuildOneRun(Run[BuildOneState]):
    """result: of the last slice, or None before the first."""

    spec: DataSpec
    curve: TrainingCurve
    result: TrainBuildResult | None = None

    @classmethod
    def of(cls, state: BuildOneState) -> Self:
        """A new model. Raises BuildRefused for parts that do not fit."""
        check(state.build, state.training)
        spec = spec_of(state.build)
        return cls(state, spec, TrainingCurve(state.steps, spec.metric))

    @property
    def model(self) -> TrainingState:
        """Raises InputError if nothing is trained."""
        if self.result is None or not self.curve.step:
            raise InputError(NOT_TRAINED)
        return self.result.state

    def is_of(self, state: BuildOneState) -> bool:
        """Whether it is a training of this design."""
        return (self.state.build, self.state.training) == (state.build, state.training)

    def compared(self, name: str) -> ComparedRun:
        return ComparedRun(name, self.curve, self.state.design_in_words())

    def slice(self, backend: Backend, steps: int) -> "Iterator[BuildOneRun]":
        """The run while it trains `steps` more steps or a second; the last one has the result.

        steps: 0 only evaluates.
        """
        state, run = self.state, self
        resume = self.result.state if self.result else None
        request = TrainBuildRequest(state.build, state.training, steps, SLICE_SECONDS, resume)
        with closing(backend.stream(request)) as parts:
            for part in parts:
                if isinstance(part, TrainBuildResult):
                    curve = self.curve.with_losses(part.losses).with_check(part.loss, part.score)
                    yield replace(self, curve=curve, result=part)
                else:
                    run = replace(run, curve=run.curve.with_losses(part.losses))
                    yield run

    def train(self, backend: Backend, job: Job, until: int) -> "Iterator[BuildOneRun]":
        """The run while it trains up to a step, slice by slice, until the job is over."""
        run, most = self, -(-self.state.steps // SLICES)
        while run.curve.step < until and not job.over:
            for run in run.slice(backend, min(most, until - run.curve.step)):  # noqa: B020  (each slice goes on)
                if job.superseded:
                    return
                yield run
