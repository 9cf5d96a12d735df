"""Counts what a backend does, for Prometheus, and logs each request without what the visitor entered."""

import logging
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from models.backend.protocol import Backend, Description, Loading, Refusal, unwrap
from models.schema import FineTunedModel, Request, StreamRequest
from models.turns import CallerLeftError

P = TypeVar("P")
R = TypeVar("R")
Question = TypeVar("Question", bound=Request[Any])
Outcome = Literal["ok", "refused", "failed", "stopped"]
BUCKETS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300)
log = logging.getLogger("requests")


@dataclass(slots=True)
class _Request:
    outcome: Outcome = "failed"
    cached: bool | None = None

    def end(self, result: object) -> None:
        self.outcome = "refused" if isinstance(result, Refusal) else "ok"
        self.cached = getattr(getattr(result, "run", None), "encoder_cached", None)


class MeteredBackend:
    """A backend around another one. registry: of the metrics; that of Prometheus's client also has the memory."""

    def __init__(self, backend: Backend, registry: CollectorRegistry = REGISTRY):
        self._backend = backend
        self._requests = Counter("perceiver_requests", "Requests by outcome.", ("task", "outcome"), registry=registry)
        self._seconds = Histogram(
            "perceiver_request_seconds", "Duration of requests.", ("task",), buckets=BUCKETS, registry=registry
        )
        self._latents = Counter("perceiver_latents", "Results by cache hit.", ("task", "cached"), registry=registry)
        self._running = Gauge("perceiver_requests_running", "Requests under way or waiting.", registry=registry)

    def describe(self) -> Description:
        return self._backend.describe()

    def start(self) -> None:
        self._backend.start()

    def loading(self, task: str) -> Iterator[Loading]:
        return self._backend.loading(task)

    def upload(self, request: Question) -> Question:
        return self._backend.upload(request)

    def export(self, model: FineTunedModel) -> Mapping[str, bytes]:
        return self._backend.export(model)

    def run(self, request: Request[R]) -> R:
        return unwrap(self.run_all([request]))[0]

    def run_all(self, requests: Sequence[Request[R]]) -> list[R | Refusal]:
        """Each request counts with its share of the time."""
        with self._measured(requests) as measured:
            results = self._backend.run_all(requests)
            for each, result in zip(measured, results, strict=True):
                each.end(result)
            return results

    def stream(self, request: StreamRequest[P, R]) -> Generator[P | R]:
        with self._measured([request]) as (measured,), closing(self._backend.stream(request)) as parts:
            part = None
            try:
                for part in parts:
                    yield part
                measured.end(part)
            except Refusal.__args__:
                measured.outcome = "refused"
                raise

    @contextmanager
    def _measured(self, requests: Sequence[Request[Any]]) -> Iterator[list[_Request]]:
        measured, began = [_Request() for _ in requests], time.perf_counter()
        self._running.inc(len(requests))
        try:
            yield measured
        except (CallerLeftError, GeneratorExit):
            for each in measured:
                each.outcome = "stopped"
            raise
        finally:
            self._running.dec(len(requests))
            seconds = (time.perf_counter() - began) / max(1, len(requests))
            for request, each in zip(requests, measured, strict=True):
                self._record(type(request).__module__.rpartition(".")[2], each, seconds)

    def _record(self, task: str, request: _Request, seconds: float) -> None:
        self._requests.labels(task, request.outcome).inc()
        self._seconds.labels(task).observe(seconds)
        if request.cached is not None:
            self._latents.labels(task, str(request.cached).lower()).inc()
        facts = {"task": task, "outcome": request.outcome, "seconds": round(seconds, 4), "cached": request.cached}
        log.info("%(task)s %(outcome)s in %(seconds)s s", facts, extra={"facts": facts})
