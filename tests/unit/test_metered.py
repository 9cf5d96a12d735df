"""Metrics and log lines of requests, and what a load balancer asks."""

import json
import logging
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.testclient import TestClient

from models.backend.metered import MeteredBackend
from models.backend.protocol import Loading
from models.logs import JsonFormatter
from models.schema import InputError, MaskedBytesRequest, SentimentRequest
from pages.health import health_routes
from tests.fake_backend import RUN, FakeBackend

SECRET = "what a visitor wrote"


class Result:
    run = RUN


def metered(answer: object) -> tuple[MeteredBackend, CollectorRegistry]:
    registry = CollectorRegistry()
    answers = {MaskedBytesRequest: lambda _: answer, SentimentRequest: lambda _: Result()}
    return MeteredBackend(FakeBackend(answers), registry), registry


def count(registry: CollectorRegistry, task: str, outcome: str) -> float | None:
    return registry.get_sample_value("perceiver_requests_total", {"task": task, "outcome": outcome})


def test_requests_are_counted_by_outcome():
    backend, registry = metered(InputError("no"))
    results = backend.run_all([MaskedBytesRequest(SECRET, ()), SentimentRequest(SECRET), SentimentRequest(SECRET)])
    assert isinstance(results[0], InputError)
    assert count(registry, "sentiment", "ok") == 2
    assert count(registry, "masked_bytes", "refused") == 1
    with pytest.raises(InputError):
        list(backend.stream(MaskedBytesRequest(SECRET, ())))
    assert count(registry, "masked_bytes", "refused") == 2
    assert registry.get_sample_value("perceiver_latents_total", {"task": "sentiment", "cached": "false"}) == 2
    assert registry.get_sample_value("perceiver_request_seconds_count", {"task": "sentiment"}) == 2


def test_failures_and_stopped_streams_are_counted_and_nothing_is_left_running():
    backend, registry = metered(ValueError("broken"))
    with pytest.raises(ValueError, match="broken"):
        backend.run(MaskedBytesRequest(SECRET, ()))
    assert count(registry, "masked_bytes", "failed") == 1
    backend, registry = metered([Result(), Result()])
    parts = backend.stream(MaskedBytesRequest(SECRET, ()))
    next(parts)
    assert registry.get_sample_value("perceiver_requests_running") == 1
    parts.close()
    assert count(registry, "masked_bytes", "stopped") == 1
    assert registry.get_sample_value("perceiver_requests_running") == 0


def test_log_lines_are_json_without_inputs(caplog):
    backend, _ = metered(None)
    with caplog.at_level(logging.INFO, "requests"):
        backend.run(SentimentRequest(SECRET))
    line = json.loads(JsonFormatter().format(caplog.records[0]))
    assert (line["task"], line["outcome"], line["cached"]) == ("sentiment", "ok", False)
    assert SECRET not in str(vars(caplog.records[0]))


class Starting(FakeBackend):
    def __init__(self) -> None:
        super().__init__({})
        self.steps: list[Loading] | Exception = [Loading(0, 2)]

    def loading(self, task: str) -> Iterator[Loading]:
        if isinstance(self.steps, Exception):
            raise self.steps
        return iter(self.steps)


def test_a_front_end_is_ready_once_models_can_run():
    backends: list[Starting] = []
    client = TestClient(Starlette(routes=health_routes(lambda: backends[0] if backends else None)))

    def statuses() -> list[int]:
        return [client.get(path).status_code for path in ("/healthz", "/readyz")]

    assert statuses() == [200, 503]
    backends.append(Starting())
    assert statuses() == [200, 503]
    backends[0].steps = RuntimeError("no such model")
    assert statuses() == [200, 503]
    backends[0].steps = []
    assert statuses() == [200, 200]
