"""The queue as visitors and programs meet it: places, order, and work that ends when nobody waits for it."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from models.schema import LabelScore, SentimentRequest, SentimentResult
from models.turns import CallerLeftError, Turns, pause
from pages.gradio_ui import queue
from pages.gradio_ui.queue import Places
from pages.sentiment.gradio_page import PAGE
from tests.fake_backend import RUN, FakeBackend
from tests.serving import serving

LIMIT = 60  # seconds until a test gives up


class Computer:
    """Answers after the seconds that a text names, and remembers whose work ended early."""

    def __init__(self) -> None:
        self.turns, self.begun, self.left = Turns(), threading.Event(), threading.Event()
        self.answered: list[str] = []

    def __call__(self, request: SentimentRequest) -> SentimentResult:
        seconds = float(request.text.split()[0])
        try:
            with self.turns.taken():
                self.begun.set()
                until = time.monotonic() + seconds
                while time.monotonic() < until:
                    time.sleep(0.005)
                    pause()
        except CallerLeftError:
            self.left.set()
            raise
        self.answered.append(request.text)
        return SentimentResult(request.text, (LabelScore("positive", 1.0, 1),), (), 1, None, None, RUN)


@pytest.fixture
def computer() -> Computer:
    return Computer()


@pytest.fixture
def visited(computer: Computer) -> Iterator[str]:
    """Address of an app in which the first page of sentiment answers at once."""
    with serving(FakeBackend({SentimentRequest: computer}), [PAGE]) as address:
        yield f"{address}gradio_api/"


class Visitor:
    """A program at one address on the network."""

    def __init__(self, address: str, host: str):
        self._client = httpx.Client(base_url=address, headers={"x-forwarded-for": host}, timeout=LIMIT)
        parameters = self._client.get("info").json()["named_endpoints"]["/sentiment"]["parameters"]
        self._defaults = [each.get("parameter_default") for each in parameters[1:]]

    def post(self, text: str, session: str | None = None, route: str = "call") -> httpx.Response:
        data = {"data": [text, *self._defaults], "session_hash": session}
        return self._client.post(f"{route}/sentiment", json=data)

    def listen(self, posted: httpx.Response) -> Any:
        """Within this block, the events of an answer arrive."""
        return self._client.stream("GET", f"call/sentiment/{posted.json()['event_id']}")

    def ask(self, text: str) -> str:
        with self.listen(self.post(text).raise_for_status()) as answer:
            return answer.read().decode()


def test_one_visitor_does_not_take_the_places_of_others(visited: str) -> None:
    first, second = Visitor(visited, "10.0.0.1"), Visitor(visited, "10.0.0.2")
    codes = [first.post("5 seconds").status_code for _ in range(80)]
    assert codes.count(200) <= Places().address + 8
    assert set(codes) == {200, 503}
    began = time.monotonic()
    assert "event: complete" in second.ask("0 seconds")
    assert time.monotonic() - began < 5


def test_a_refusal_says_how_many_requests_are_under_way(visited: str) -> None:
    visitor = Visitor(visited, "10.0.0.1")
    responses = [visitor.post("2 seconds", "a session") for _ in range(Places().session + 1)]
    assert responses[-1].status_code == 503
    assert str(Places().session) in responses[-1].json()["detail"]
    other = Visitor(visited, "10.0.0.1")
    assert other.post("0 seconds", "another session").status_code == 200


def test_a_short_request_overtakes_a_long_one(visited: str, computer: Computer) -> None:
    first, second = Visitor(visited, "10.0.0.1"), Visitor(visited, "10.0.0.2")
    with first.listen(first.post("8 seconds")):
        assert computer.begun.wait(LIMIT)
        assert "event: complete" in second.ask("0.1 seconds")
        assert computer.answered == ["0.1 seconds"]


def test_work_ends_within_a_second_after_the_stream_is_closed(visited: str, computer: Computer) -> None:
    visitor = Visitor(visited, "10.0.0.1")
    with visitor.listen(visitor.post("50 seconds")):
        assert computer.begun.wait(LIMIT)
    assert computer.left.wait(2)  # one second, on a machine that does other things too


def test_work_that_nobody_listens_for_ends(visited: str, computer: Computer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "SILENT_SECONDS", 0.3)
    assert Visitor(visited, "10.0.0.1").post("50 seconds").status_code == 200
    assert computer.begun.wait(LIMIT)
    assert computer.left.wait(5)


def test_an_answer_waits_for_its_listener(visited: str) -> None:
    visitor = Visitor(visited, "10.0.0.1")
    posted = visitor.post("0 seconds")
    assert "event: complete" in visitor.ask("0 seconds")
    with visitor.listen(posted) as answer:
        assert "event: complete" in answer.read().decode()


def test_requests_cannot_go_round_the_queue(visited: str) -> None:
    assert Visitor(visited, "10.0.0.1").post("0 seconds", route="run").status_code == 404
