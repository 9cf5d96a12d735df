"""Training of a Perceiver that a visitor put together, and questions to it."""

import math
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any, cast

import numpy as np
import torch
from threadpoolctl import ThreadpoolController

from models.data.build_one import check, fingerprint, parts, shapes, spec_of
from models.perceiver.build_one import BuildTrainer, build_model, load_weights, model_inputs, predictions, run_model
from models.perceiver.engine import Encoded, Wanted, encode
from models.perceiver.provenance import encoder_rows
from models.schema import (
    AskBuildRequest,
    AskBuildResult,
    AttentionMap,
    InputError,
    Probe,
    RunInfo,
    TrainBuildProgress,
    TrainBuildRequest,
    TrainBuildResult,
)
from models.schema.build_one import SLICE_SECONDS, STEPS
from models.tasks.cost import Cost
from models.tasks.task import Loaded, Runtime, Task
from models.tasks.tracing import attention_map, trace
from models.turns import pause

PART_SECONDS = 0.2
"""Seconds of updates between two parts of a stream."""
SHOWN_OUTPUTS = 24
"""Most outputs of `Stages`; of a model with more, only the one of the request."""


def train(request: TrainBuildRequest, runtime: Runtime) -> TrainBuildResult:
    """The result of `stream_training`."""
    *_, last = stream_training(request, runtime)
    return cast(TrainBuildResult, last)


def stream_training(request: TrainBuildRequest, runtime: Runtime) -> Generator[TrainBuildProgress | TrainBuildResult]:
    """Yields the losses a few times a second, then the model. Raises BuildRefused for parts that do not fit."""
    _check(request)
    with _one_thread():
        trainer = BuildTrainer(request.build, request.training, request.resume)
    goal = min(trainer.step + request.steps, request.training.steps)
    began, losses = time.perf_counter(), []
    while trainer.step < goal and time.perf_counter() - began < request.seconds:
        recent = _updates(trainer, goal, began + request.seconds)
        losses += recent
        yield TrainBuildProgress(trainer.step, tuple(recent))
    with _one_thread():
        evaluation = trainer.evaluate()
        yield TrainBuildResult(
            state=trainer.state(),
            losses=tuple(losses),
            loss=evaluation.loss,
            score=evaluation.score,
            examples=evaluation.examples,
            attention=evaluation.attention,
            finished=trainer.step == request.training.steps,
            run=_info(request.training.seed),
            regions=trainer.regions(),
        )


def _updates(trainer: BuildTrainer, goal: int, ends: float) -> list[float]:
    """Losses of the updates of one part. Raises InputError if one is not finite."""
    losses, began = [], time.perf_counter()
    with _one_thread():
        while trainer.step < goal and time.perf_counter() < min(ends, began + PART_SECONDS):
            losses.append(trainer.update())
            pause()
            if not math.isfinite(losses[-1]):
                raise InputError(
                    f"The loss is not finite after step {trainer.step}. Use a learning rate below "
                    f"{trainer.training.learning_rate:g}."
                )
    return losses


@cache
def _thread_pools() -> ThreadpoolController:
    return ThreadpoolController()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Small products are as fast in one thread as in two, and leave the other core to other visitors.

    The limit is that of the calling thread only.
    """
    with _thread_pools().limit(limits=1, user_api="openmp"):
        yield


def _check(request: TrainBuildRequest) -> None:
    check(request.build, request.training)
    least, most = SLICE_SECONDS
    if not 0 <= request.steps <= STEPS[1] or not least <= request.seconds <= most:
        raise InputError(f"A slice takes 0 to {STEPS[1]:,} steps and {least:g} to {most:g} seconds.")
    if request.resume and request.resume.fingerprint != fingerprint(request.build, request.training):
        raise InputError("The settings have changed since the training began. Reset it.")


def _info(seed: int | None) -> RunInfo:
    return RunInfo("build_one", "embedded", "cpu", "float32", 0.0, encoder_cached=False, seed=seed)


def ask(request: AskBuildRequest, runtime: Runtime) -> AskBuildResult:
    """Raises InputError for inputs that do not have the shapes of the data set."""
    check(request.build)
    inputs = _inputs(request)
    model = build_model(request.build)
    load_weights(model, request.state)
    (prediction,) = predictions(run_model(model, request.build, inputs), inputs)
    attention = (
        None if request.probe is None else _trace(request, request.probe, Loaded(model, cast(Any, None)), inputs)
    )
    return AskBuildResult(prediction, dict(shapes(request.build).grids), attention, _info(None))


def _inputs(request: AskBuildRequest) -> dict[Any, np.ndarray]:
    """A batch of one example."""
    spec, found = spec_of(request.build), {}
    for name, shape in spec.inputs.items():
        kind = np.int64 if name == "letters" else np.float32
        values = np.asarray(request.inputs.get(name, np.zeros(shape)), dtype=kind)
        if values.shape != shape or not np.isfinite(values).all():
            raise InputError(f"The {name} input must have finite values of shape {shape}, not {values.shape}.")
        if name == "letters" and not ((values >= 0) & (values < len(spec.letters))).all():
            raise InputError(f"The letters must be {spec.letters[0]} to {spec.letters[-1]}.")
        found[name] = values[None]
    return found


def _trace(request: AskBuildRequest, probe: Probe, loaded: Loaded, inputs: dict[Any, np.ndarray]) -> AttentionMap:
    encoded = encode(loaded.model, model_inputs(request.build, inputs), keep_mixing=True)
    if request.build.decoder == "projection":
        return _mean_over_latents(loaded, encoded, probe)
    found = shapes(request.build)
    if not 0 <= request.output < found.outputs:
        raise InputError(f"There is no output {request.output}. The model has outputs 0 to {found.outputs - 1}.")
    every = torch.arange(found.outputs) if found.outputs <= SHOWN_OUTPUTS else None
    if parts(request.build).queried:
        return trace(loaded, encoded, probe, _of_modality(found.grids, request.output), f"output {request.output}")
    return trace(loaded, encoded, probe, torch.tensor([request.output]), f"output {request.output}", every)


def _mean_over_latents(loaded: Loaded, encoded: Encoded, probe: Probe) -> AttentionMap:
    """The projection decoder has no attention: it takes the mean of all latents."""
    latents = [probe.latent] if probe.latent is not None else slice(None)
    rows = encoder_rows(loaded.model, encoded, torch.arange(encoded.latents.shape[1])[latents], probe.head)
    return attention_map(
        rows.mean(dim=0), replace(probe, method="encoder"), "Encoder cross-attention, mean over latents"
    )


def _of_modality(grids: Mapping[Any, tuple[int, ...]], output: int) -> Wanted:
    """The output as the only one of its modality; those of the label, which cannot be left out, come last."""
    wanted: dict[str, torch.Tensor | None] = {}
    for name, grid in grids.items():
        count = math.prod(grid)
        wanted[name] = torch.arange(count)[output : output + 1] if output >= 0 else torch.arange(0)
        output -= count
    return wanted | {"label": None}


BUILD_ONE = Task(
    name="build_one",
    request=TrainBuildRequest,
    checkpoints=(),
    run=train,
    cost=lambda request: Cost(request.seconds),
    stream=stream_training,
)
ASK_BUILD = Task(name="ask_build", request=AskBuildRequest, checkpoints=(), run=ask, cost=lambda request: Cost(0.1))
