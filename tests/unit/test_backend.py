"""The backend protocol: every task through it, as plain data."""

import json
import pickle
from dataclasses import fields, is_dataclass, replace
from importlib import import_module
from typing import Any

import pytest
from transformers import PerceiverForSequenceClassification, PerceiverTokenizer

from models.backend.local import LocalBackend
from models.backend.protocol import Backend
from models.backend.settings import Settings
from models.backend.shapes import RECORD
from models.perceiver.checkpoints import labels_of
from models.schema import (
    FineTuneRequest,
    InputError,
    ModelShape,
    StreamRequest,
)
from models.tasks import TASKS
from models.turns import Caller, CallerLeftError, called_by
from tests.fake_backend import SHAPE
from tests.fine_tuning_rows import LABELS, ROWS
from tests.plain import plain
from tests.tiny_models import load_tiny, unavailable
from tools.model_shapes import entries

BY_TASK: dict[str, Any] = {task.name: import_module(f"tests.screens.test_{task.name}").REQUEST for task in TASKS}
STREAMS = {name: request for name, request in BY_TASK.items() if isinstance(request, StreamRequest)}


@pytest.fixture(scope="module")
def backend() -> Backend:
    return LocalBackend(Settings(device="cpu"), load_tiny)


def travel(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


@pytest.mark.parametrize("name", BY_TASK)
def test_requests_and_results_pickle(backend, name):
    request = BY_TASK[name]
    assert plain(travel(request)) == plain(request)
    result = backend.run(travel(request))
    assert plain(travel(result)) == plain(result)
    modules = {type(part).__module__.split(".")[0] for part in leaves(result)}
    assert modules <= {"builtins", "numpy", "PIL"}


class Leaving(Caller):
    """A caller who is gone when a request looks for the fifth time."""

    looks = 0

    @property
    def left(self) -> bool:
        self.looks += 1
        return self.looks > 4

    @left.setter
    def left(self, value: bool) -> None: ...


@pytest.mark.parametrize("name", BY_TASK)
def test_every_task_ends_once_its_caller_has_left(name):
    backend = LocalBackend(Settings(device="cpu"), load_tiny)  # nothing is cached
    with called_by(Leaving()), pytest.raises(CallerLeftError):
        backend.run(BY_TASK[name])


@pytest.mark.parametrize("name", STREAMS)
def test_every_stream_ends_once_its_caller_has_left(name):
    backend = LocalBackend(Settings(device="cpu"), load_tiny)
    with called_by(Leaving()), pytest.raises(CallerLeftError):
        list(backend.stream(STREAMS[name]))


def leaves(value: Any) -> list[Any]:
    if is_dataclass(value):
        return [leaf for each in fields(value) for leaf in leaves(getattr(value, each.name))]
    if isinstance(value, tuple | list):
        return [leaf for each in value for leaf in leaves(each)]
    return [value]


@pytest.mark.parametrize("name", STREAMS)
def test_parts_pickle_and_the_result_is_last(service, name, monkeypatch):
    monkeypatch.setattr("models.tasks.masked_bytes.PROGRESS_SECONDS", 0)
    monkeypatch.setattr("models.tasks.occlusion.WORDS_AT_ONCE", 1)
    parts = list(service.stream(STREAMS[name]))
    assert len(parts) > 1
    assert [plain(travel(part)) for part in parts] == [plain(part) for part in parts]
    assert type(parts[-1]) is type(service.run(STREAMS[name]))


def test_refusals_are_values_in_run_all(backend):
    good = BY_TASK["masked_bytes"]
    bad = replace(good, mask=())
    first, second = backend.run_all([bad, good])
    assert isinstance(first, InputError)
    assert plain(travel(first).args) == plain(first.args)
    assert second.filled
    with pytest.raises(InputError):
        backend.run(bad)


# What a backend tells about itself


def test_description_needs_no_weights():
    backend: Backend = LocalBackend(Settings(device="cpu", dtype="bfloat16", weights="published"), unavailable)
    description = backend.describe()
    assert (description.default_weights, description.number_bytes) == ("published", 2)
    expected = {(task.name, each.weights, each.variant) for task in TASKS for each in task.checkpoints}
    assert set(description.shapes) == expected
    assert description.shape("image_classification", "embedded", "conv").labels[8] == "ship"
    for task, variant in (("image_classification", "cubic"), ("image_classification", ""), ("masked_byte", "")):
        with pytest.raises(InputError):
            description.shape(task, "published", variant)


def test_recorded_shapes_are_those_of_the_models():
    """Written by `python -m tools.model_shapes`."""
    assert json.loads(json.dumps(entries())) == json.loads(RECORD.read_text(encoding="utf-8"))


def test_shapes_of_replacements_are_computed_once_and_only_when_read(monkeypatch, tmp_path):
    computed = []

    def shape(checkpoint: Any, _: Any) -> ModelShape:
        computed.append(checkpoint.name)
        return SHAPE

    monkeypatch.setattr("models.backend.local.model_shape", shape)
    backend = LocalBackend(Settings(device="cpu", checkpoints={"deepmind/language-perceiver": tmp_path}), unavailable)
    assert len(backend.describe().shapes) > 10
    assert backend.describe().shape("masked_bytes", "embedded").name == "masked_bytes"
    assert computed == []
    for _ in range(2):
        assert backend.describe().shape("masked_bytes", "published") == SHAPE
    assert computed == ["deepmind/language-perceiver"]


def test_description_pickles_as_plain_data(backend):
    received = travel(backend.describe())
    assert type(received.shapes) is dict
    assert received.shapes == dict(backend.describe().shapes)


def test_export_is_a_folder_that_transformers_loads(backend, tmp_path):
    model = backend.run(FineTuneRequest(ROWS, epochs=1)).model
    assert model is not None
    for name, content in backend.export(model).items():
        (tmp_path / name).write_bytes(content)
    loaded = PerceiverForSequenceClassification.from_pretrained(tmp_path, local_files_only=True)
    assert labels_of(loaded.config) == LABELS
    state = loaded.state_dict()
    assert all((state[name].numpy() == array).all() for name, array in model.changed.items())
    tokenizer = PerceiverTokenizer.from_pretrained(tmp_path, local_files_only=True)
    assert tokenizer("a")["input_ids"] == PerceiverTokenizer()("a")["input_ids"]
    with pytest.raises(ValueError, match="does not fit"):
        backend.export(replace(model, labels=("one",)))
