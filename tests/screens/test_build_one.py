"""The actions of the page "Build one", with a backend that trains nothing."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from models.data.build_one import shapes, spec_of
from models.schema import (
    Build,
    LatentAttention,
    Prediction,
    TrainBuildProgress,
    TrainBuildRequest,
    TrainBuildResult,
    Training,
    TrainingState,
)
from pages.build_one.screen import BuildOneScreen
from pages.screen import Update, updates
from pages.session import Session
from tests.fake_backend import RUN, FakeBackend

REQUEST = TrainBuildRequest(Build(latents=4, channels=16, layers=1), Training(steps=4, batch_size=8), steps=2)
"""For tests over all tasks."""


def answer(request: TrainBuildRequest) -> Iterator[TrainBuildProgress | TrainBuildResult]:
    """A loss that falls with each step, and a score that rises."""
    spec, found = spec_of(request.build), shapes(request.build)
    begun = request.resume.step if request.resume else 0
    step = min(begun + request.steps, request.training.steps)
    losses = tuple(2.0 / (number + 1) for number in range(begun, step))
    for at, loss in enumerate(losses):
        yield TrainBuildProgress(begun + at + 1, (loss,))
    inputs: dict[Any, np.ndarray] = {
        name: np.ones(shape, np.int64 if name == "letters" else np.float32) for name, shape in spec.inputs.items()
    }
    outputs: dict[Any, np.ndarray] = {
        name: np.ones(shape[:1], np.int64) if name == "letters" else np.full(shape, 1 / shape[-1], np.float32)
        for name, shape in spec.outputs.items()
    }
    targets = {name: np.array(1) if name == "label" else values for name, values in outputs.items()}
    attention = np.full((min(8, request.build.latents), found.inputs), 1 / found.inputs, np.float32)
    yield TrainBuildResult(
        TrainingState(step, b"weights", b"moments", "a build"),
        losses,
        1.0,
        step / request.training.steps,
        (Prediction(inputs, outputs, targets),) * 2,
        LatentAttention(attention, found.grids),
        step == request.training.steps,
        RUN,
    )


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend({TrainBuildRequest: answer})


@pytest.fixture
def screen(backend: FakeBackend) -> BuildOneScreen:
    return BuildOneScreen(backend)


def last(parts: Any) -> Update:
    """All parts of the page in the end."""
    shown: Update = {}
    for update in updates(parts):
        shown |= update
    return shown


def test_opens_with_a_model_that_has_learned_nothing(
    screen: BuildOneScreen, backend: FakeBackend, session: Session
) -> None:
    shown = last(screen.open(session, {}))
    (request,) = backend.requests
    assert (request.build, request.steps) == (Build(), 0)
    assert shown["submit"].properties["interactive"]
    assert shown["link"] == ""
    assert session.get().curve.step == 0
