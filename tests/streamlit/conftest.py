"""The Streamlit front end over a backend without models."""

from collections.abc import Callable, Generator
from importlib import import_module
from typing import Any

import pytest

from models.schema import (
    AskBuildRequest,
    AttributionRequest,
    AvAutoencodingRequest,
    SentimentRequest,
    TrainBuildRequest,
)
from models.tasks import TASKS
from pages.session import SessionStore
from pages.streamlit_ui.pages import PAGES
from pages.streamlit_ui.shell import App, serve
from tests.fake_backend import FakeBackend
from tests.screens import (
    test_attributions,
    test_av_autoencoding,
    test_build_one,
    test_fine_tuning,
    test_sentiment,
)


class EveryTask(test_av_autoencoding.Backend):
    """Answers the requests of every task as the tests of its screen have it. refusals: by type of request."""

    def __init__(self) -> None:
        super().__init__()
        self.refusals: dict[type, Exception] = {}
        tests = (import_module(f"tests.screens.test_{task.name}") for task in TASKS)
        self.answers: dict[type, Callable[[Any], Any]] = {type(each.REQUEST): each.answer for each in tests}
        self.answers[AttributionRequest] = test_attributions.answer
        self.answers |= {TrainBuildRequest: test_build_one.answer, AskBuildRequest: test_build_one.ask}
        self.answers[SentimentRequest] = lambda request: (
            test_fine_tuning.classify(request) if request.model else test_sentiment.answer(request)
        )

    def run(self, request: Any) -> Any:
        self.requests.append(request)
        answer = self.refusals.get(type(request)) or self.answers[type(request)](request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def upload(self, request: Any) -> Any:
        return super().upload(request) if isinstance(request, AvAutoencodingRequest) else request

    def stream(self, request: Any) -> Generator[Any]:
        of_clips = isinstance(request, AvAutoencodingRequest)
        yield from super().stream(request) if of_clips else FakeBackend.stream(self, request)


@pytest.fixture
def backend() -> EveryTask:
    return EveryTask()


@pytest.fixture
def store(backend: EveryTask) -> SessionStore:
    """That of the app, which is served from now on."""
    store = SessionStore()
    serve(App(backend, PAGES, store))
    return store


@pytest.fixture(autouse=True)
def _served(store: SessionStore) -> None:
    """Every test has an app of its own."""
