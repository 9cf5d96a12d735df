"""Models that load while the pages are already served."""

import threading
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest

from models.backend.connect import connect
from models.backend.local import LocalBackend
from models.backend.protocol import Loading
from models.backend.settings import Settings
from models.backend.starting import StartingBackend
from models.schema import MaskedBytesRequest
from pages.masked_bytes.screen import MaskedBytesScreen
from pages.screen import Notice
from pages.session import SessionStore
from tests.masked_sentence import GOOD, assert_same
from tests.tiny_models import load_tiny

SETTINGS = Settings(device="cpu")


class Gate:
    """A loader that loads a model each time it is opened. names: of the models that were loaded."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._opened = threading.Semaphore(0)

    def __call__(self, checkpoint: Any, *options: Any) -> Any:
        self._opened.acquire()
        self.names.append(checkpoint.name)
        return load_tiny(checkpoint, *options)

    def open(self, times: int = 1) -> None:
        self._opened.release(times)


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open(100)


@pytest.fixture
def backend(gate: Gate) -> StartingBackend:
    return StartingBackend(SETTINGS, lambda settings: LocalBackend(settings, gate))


def test_it_describes_itself_before_anything_is_loaded(backend):
    local = LocalBackend(SETTINGS, load_tiny).describe()
    description = backend.describe()
    assert (description.default_weights, description.number_bytes) == (local.default_weights, local.number_bytes)
    assert dict(description.shapes) == dict(local.shapes)


def test_a_page_sees_how_far_its_model_is(backend, gate):
    backend.start()
    progress = backend.loading("sentiment")
    found = [next(progress)]
    while found[-1].done < 1:  # the libraries
        found.append(next(progress))
    gate.open()
    found.append(next(progress))
    gate.open()
    assert list(progress) == []
    assert found[-2:] == [Loading(1, 3), Loading(2, 3)]
    assert gate.names == ["masked_bytes", "sentiment"]
    gate.open(100)
    assert len(list(backend.loading("av_autoencoding"))) < 10
    assert list(backend.loading("av_autoencoding")) == []


def test_a_request_waits_for_the_libraries_but_not_for_the_models_of_other_tasks(backend, gate):
    results: list[Any] = []
    request = MaskedBytesRequest(GOOD.text, GOOD.mask, weights="published")
    waiting = threading.Thread(target=lambda: results.append(backend.run(request)), daemon=True)
    waiting.start()
    assert not results
    backend.start()
    gate.open(2)  # one of them may be the first of the models that load in the background
    waiting.join(30)
    assert_same(results[0], LocalBackend(SETTINGS, load_tiny).run(request))


def test_every_request_is_given_the_error_that_ended_the_loading():
    def broken(_: Settings) -> LocalBackend:
        raise RuntimeError("no libraries")

    backend = StartingBackend(SETTINGS, broken)
    backend.start()
    for call in (lambda: backend.run(GOOD), lambda: list(backend.loading("sentiment")), lambda: backend.upload(GOOD)):
        with pytest.raises(RuntimeError, match="no libraries"):
            call()


def test_a_page_says_that_the_model_is_loading_and_then_shows_its_first_result(backend, gate):
    screen = MaskedBytesScreen(backend)
    backend.start()
    updates = screen.open(SessionStore().session("visitor", screen.name), {})
    first = next(islice(updates, 1))
    assert isinstance(first["notice"], Notice)
    assert set(first) == {"notice"}
    gate.open(100)
    last = list(updates)[-1]
    assert last["notice"] == screen.hint(screen.initial)
    assert "result" in last or "filled" in last


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({}, StartingBackend),
        ({"device": "cpu", "weights": "embedded"}, StartingBackend),
        ({"device": "cpu", "space_id": "someone/playground"}, LocalBackend),
        ({"device": "cpu", "weights": "published"}, LocalBackend),
    ],
)
def test_models_are_loaded_before_the_first_visitor_where_that_matters(options, kind, monkeypatch):
    monkeypatch.setattr(LocalBackend, "warm_up", lambda _: ())
    assert type(connect(Settings(**options))) is kind
