"""How the service starts: which weights it chooses and warms up, what it knows without them, and ZeroGPU."""

import pickle
from dataclasses import replace
from typing import Any

import pytest
import torch

from models import service as service_module
from models.schema import CheckpointUnavailable, InputError, MaskedBytesRequest, Probe
from models.service import ModelService
from models.settings import Settings
from models.tasks import TASKS
from tests.masked_sentence import GOOD, assert_same
from tests.tiny_models import READS, Counting, load_tiny, unavailable

# ZeroGPU


class FakeSpaces:
    """Does what `spaces.GPU` does on ZeroGPU as far as callers see it.

    Arguments and results travel as pickles; of an error only the name of its class does.
    """

    def __init__(self) -> None:
        self.durations: list[int] = []
        self.calls: list[tuple[Any, ...]] = []

    def GPU(self, duration: int):  # noqa: N802  (its name there)
        self.durations.append(duration)

        def decorate(fn):
            def in_another_process(*args: Any) -> Any:
                self.calls.append(args)
                try:
                    result = fn(*pickle.loads(pickle.dumps(args)))
                except Exception as error:
                    raise RuntimeError(type(error).__name__) from None
                return pickle.loads(pickle.dumps(result))

            return in_another_process

        return decorate


def test_runs_through_zero_gpu(monkeypatch, service):
    fake = FakeSpaces()
    monkeypatch.setattr(service_module, "spaces", fake)
    on_space = ModelService(Settings(device="cpu", gpu_seconds=33), load_tiny)
    request = replace(GOOD, probe=Probe(4))
    result = on_space.run(request)
    assert fake.durations == [33]
    assert fake.calls == [(request,)]
    assert_same(result, service.run(request))
    assert len(fake.calls) == 1  # a service made without it does not go through it


def test_refusals_come_back_in_words_from_zero_gpu(monkeypatch):
    monkeypatch.setattr(service_module, "spaces", FakeSpaces())
    with pytest.raises(InputError, match="Nothing is hidden"):
        ModelService(Settings(device="cpu"), load_tiny).run(replace(GOOD, mask=()))
    with pytest.raises(CheckpointUnavailable, match="not there"):
        ModelService(Settings(device="cpu"), unavailable).run(GOOD)


def test_no_gpu_time_for_what_no_task_takes(monkeypatch):
    fake = FakeSpaces()
    monkeypatch.setattr(service_module, "spaces", fake)
    with pytest.raises(TypeError):
        ModelService(Settings(device="cpu"), load_tiny).run(7)
    assert fake.calls == []


# Weights


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"device": "cpu"}, "embedded"),
        ({"device": "cpu", "space_id": "someone/playground"}, "embedded"),
        ({"zero_gpu": True}, "embedded"),
        ({"zero_gpu": True, "space_id": "someone/playground"}, "published"),
        ({"zero_gpu": True, "space_id": "someone/playground", "weights": "embedded"}, "embedded"),
        ({"device": "cpu", "weights": "published"}, "published"),
    ],
)
def test_default_weights(options, expected):
    assert ModelService(Settings(**options), load_tiny).default_weights == expected


@pytest.mark.parametrize("weights", ["embedded", "published"])
def test_warm_up_loads_the_default_and_the_embedded_model_of_every_task(weights):
    counting = Counting()
    service = ModelService(Settings(device="cpu", weights=weights), counting)
    assert service.warm_up() == ()
    expected = [task.checkpoints[each].name for each in dict.fromkeys((weights, "embedded")) for task in TASKS]
    assert counting.loads == expected
    service.run(replace(GOOD, weights=weights))
    service.run(replace(GOOD, weights="embedded"))
    assert counting.loads == expected


def test_the_embedded_model_is_the_default_where_the_published_one_is_not_to_be_had():
    def embedded_only(checkpoint: Any, *options: Any) -> Any:
        return (load_tiny if checkpoint.weights == "embedded" else unavailable)(checkpoint, *options)

    service = ModelService(Settings(device="cpu", weights="published"), embedded_only)
    assert service.default_weights == "published"
    assert service.warm_up() == tuple(f"{task.checkpoints['published'].name} is not there" for task in TASKS)
    assert service.default_weights == "embedded"


def test_warm_up_tells_what_is_not_there():
    service = ModelService(Settings(device="cpu"), unavailable)
    assert service.warm_up() == tuple(f"{task.checkpoints['embedded'].name} is not there" for task in TASKS)


def test_warm_up_does_not_hide_bugs():
    def broken(*_: Any) -> Any:
        raise KeyError("a bug")

    with pytest.raises(KeyError, match="a bug"):
        ModelService(Settings(device="cpu"), broken).warm_up()


@pytest.mark.parametrize("weights", ["embedded", "published"])
@pytest.mark.parametrize("task", [task.name for task in TASKS])
def test_shape_needs_no_weights(task, weights):
    service = ModelService(Settings(device="cpu"), unavailable)
    shape = service.shape(task, weights)
    checkpoint = next(t for t in TASKS if t.name == task).checkpoints[weights]
    assert shape.name == checkpoint.name
    with torch.device("meta"):
        model = checkpoint.model(service_module.config_of(checkpoint))
    perceiver = model.perceiver
    assert shape.parameters == model.num_parameters()
    assert (shape.latents, shape.latent_channels) == tuple(perceiver.embeddings.latents.shape)
    assert shape.input_channels == perceiver.input_preprocessor.num_channels
    assert shape.layers == len(perceiver.encoder.self_attends)
    assert shape.cross_heads == perceiver.encoder.cross_attention.attention.self.num_heads
    assert shape.self_heads == perceiver.encoder.self_attends[0].attention.self.num_heads


def test_text_models_leave_two_places_for_their_own_tokens(service):
    assert service.shape("masked_bytes", "published").longest_text == 2046
    assert service.run(MaskedBytesRequest("x" * 40, ((0, 1),))).bytes_read == READS
