"""The backend on a Ray Serve cluster, as a front end reaches it: over HTTP, without torch and without Ray.

A front end that joined the cluster would end with it; over HTTP it goes on serving its pages and reaches the cluster
again when it is back.
"""

import hashlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from typing import Any, TypeVar, cast

import httpx
import numpy as np
from PIL import Image

from models.backend.inputs import InputStore, inputs_of
from models.backend.protocol import Description, Loading, Refusal, unwrap
from models.backend.settings import Settings
from models.backend.shapes import ShapeKey, Shapes
from models.backend.wire import CONTENT_TYPE, Call, Failure, frames, pack
from models.data.digest import digest
from models.data.images import as_rgb
from models.schema import (
    CheckpointUnavailable,
    FineTunedModel,
    InputDropped,
    InputError,
    InputKey,
    ModelShape,
    Request,
    StreamRequest,
)

P = TypeVar("P")
R = TypeVar("R")
Question = TypeVar("Question", bound=Request[Any])

UNREACHABLE = "The server that runs the models cannot be reached. Try again in a minute."
RETRY_SECONDS = (0.1, 0.2, 0.4, 0.8, 1.5, 3.0)
"""Pauses before a call that was lost is repeated; after the last one, it is refused."""
CONNECT_SECONDS, READ_SECONDS = 3.0, 900.0
AT_ONCE = 8
"""Calls that one `run_all` makes at a time."""
SESSION_HEADER = "x-session-id"
"""Calls with the same value go to the same replica."""
KNOWN_RESULTS = 4096
log = logging.getLogger(__name__)


_REASONS: dict[int, str] = {
    httpx.codes.UNAUTHORIZED: "it has another PERCEIVER_RAY_TOKEN",
    httpx.codes.UNSUPPORTED_MEDIA_TYPE: "it runs another version of this app",
}


class LostCallError(RuntimeError):
    """The cluster did not answer, or not to the end: a replica was lost, or the cluster cannot be reached."""


class RayBackend:
    """Sends requests to a cluster. Thread-safe.

    Requests about the same input go to the replica that has encoded it. Large inputs are sent once and later by key; a
    replica that lacks one asks for it. A call whose replica is lost is repeated: all requests may be.
    """

    def __init__(self, settings: Settings, transport: httpx.BaseTransport | None = None):
        self._settings = settings
        self._client = httpx.Client(
            base_url=settings.ray_address,
            headers={"authorization": f"Bearer {settings.token}", "content-type": CONTENT_TYPE},
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=32),
            transport=transport,
            trust_env=False,
        )
        self._inputs = InputStore(settings.input_cache_bytes)
        self._shapes = Shapes(settings.checkpoints, self._computed_shape)
        self._homes = _Homes()

    def close(self) -> None:
        self._client.close()

    def describe(self) -> Description:
        """See `Backend`. Does not need the cluster, so that pages are served without it."""
        return Description(self._settings.weights or "embedded", self._settings.number_bytes, self._shapes)

    def start(self) -> None:
        """See `Backend`: replicas load their models themselves."""

    def loading(self, task: str) -> Iterator[Loading]:
        """See `Backend`."""
        return iter(())

    def run(self, request: Request[R]) -> R:
        """See `Backend`."""
        return unwrap(self.run_all([request]))[0]

    def run_all(self, requests: Sequence[Request[R]]) -> list[R | Refusal]:
        """See `Backend`. Requests about different inputs run at the same time, on the replicas that have them."""
        results: list[Any] = [self._uploaded(request) for request in requests]
        groups: dict[str, list[int]] = {}
        for index, packed in enumerate(results):
            if isinstance(packed, Request):
                groups.setdefault(self._homes.of(packed), []).append(index)

        def run(home: str) -> list[R | Refusal]:
            return self._run_group([results[index] for index in groups[home]], home)

        with ThreadPoolExecutor(max(1, min(AT_ONCE, len(groups)))) as pool:
            for indices, found in zip(groups.values(), pool.map(run, groups), strict=True):
                for index, result in zip(indices, found, strict=True):
                    results[index] = result
        return results

    def stream(self, request: StreamRequest[P, R]) -> Generator[P | R]:
        """See `Backend`. Closing the generator closes the connection, which stops the work."""
        packed = self.upload(request)
        home = self._homes.of(packed)
        for whole in (False, True):
            values = self._call("stream", self._inputs.resolve(packed) if whole else packed, home)
            first = next(values)
            if not isinstance(first, InputDropped):
                break
        for value in _first_and(first, values):
            if isinstance(value, Refusal):
                raise value
            yield value

    def upload(self, request: Question) -> Question:
        """See `Backend`. The input is sent with the first request for it."""
        return self._inputs.upload(request)

    def export(self, model: FineTunedModel) -> Mapping[str, bytes]:
        """See `Backend`."""
        return self._ask("export", model, model.name)

    def _computed_shape(self, key: ShapeKey) -> ModelShape:
        return self._ask("shape", key, "")

    def _ask(self, method: Any, argument: Any, home: str) -> Any:
        """The one value that answers a call. Raises a refusal."""
        (value,) = self._call(method, argument, home)
        if isinstance(value, Refusal):
            raise value
        return value

    def _uploaded(self, request: Question) -> Question | InputError:
        try:
            return self.upload(request)
        except InputError as error:
            return error

    def _run_group(self, packed: list[Any], home: str) -> list[Any]:
        """Results of requests to one replica, which gets the inputs that it lacks with a second call."""
        try:
            results = self._ask("run_all", packed, home)
            lacking = [index for index, result in enumerate(results) if isinstance(result, InputDropped)]
            if lacking:
                whole = [self._inputs.resolve(packed[index]) for index in lacking]
                for index, result in zip(lacking, self._ask("run_all", whole, home), strict=True):
                    results[index] = result
        except (InputError, CheckpointUnavailable) as refusal:
            return [refusal] * len(packed)
        for result in results:
            self._homes.remember(result, home)
        return results

    def _call(self, method: Any, argument: Any, home: str) -> Generator[Any]:
        """The values that answer a call, from the beginning if it has to be repeated, each of them yielded once."""
        content, done, pauses = pack(Call(method, argument)), 0, iter(RETRY_SECONDS)
        while True:
            number, value = 0, None
            try:
                for number, value in enumerate(self._attempt(content, home), 1):
                    if isinstance(value, Failure):
                        raise RuntimeError(f"The cluster failed: {value.message}")
                    if number > done:
                        done = number
                        yield value
                if number < done:  # the repetition had fewer parts; the last one is the result
                    yield value
                return
            except LostCallError as lost:
                log.warning("A call to %s was lost: %s", self._settings.ray_address, lost)
                pause = next(pauses, None)
                if pause is None:
                    raise CheckpointUnavailable(UNREACHABLE) from lost
                time.sleep(pause)

    def _attempt(self, content: bytes, home: str) -> Iterator[Any]:
        try:
            with self._client.stream("POST", "/", content=content, headers={SESSION_HEADER: home}) as response:
                if response.status_code == httpx.codes.OK:
                    yield from frames(response.iter_bytes())
                    return
                problem = f"{response.status_code} {response.read()[:200]!r}"
        except (httpx.TransportError, EOFError) as error:
            raise LostCallError(repr(error)) from error
        if response.is_server_error or response.status_code == httpx.codes.NOT_FOUND:  # until its application is there
            raise LostCallError(problem)
        reason = _REASONS.get(response.status_code, problem)
        log.error("%s refused a call: %s", self._settings.ray_address, reason)
        raise CheckpointUnavailable(UNREACHABLE)


class _Homes:
    """Which requests belong together: those about the same input, also if they send it as an earlier result had it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[str, str] = OrderedDict()

    def of(self, request: Any) -> str:
        """The same for requests about the same input: the first field of every request. A model counts more."""
        request = getattr(request, "request", request)  # of an attribution: what it is about
        model = getattr(request, "model", None)
        content = _content_of(model if isinstance(model, InputKey) else getattr(request, fields(request)[0].name))
        with self._lock:
            return self._known.get(content, content)

    def remember(self, result: Any, home: str) -> None:
        """Images in a result are inputs of later requests about the same input."""
        if isinstance(result, Exception):
            return
        with self._lock:
            for value in inputs_of(result).values():
                if isinstance(value, Image.Image):
                    self._known[_content_of(value)] = home
            while len(self._known) > KNOWN_RESULTS:
                self._known.popitem(last=False)


def _content_of(value: object) -> str:
    match value:
        case InputKey():
            return hashlib.sha256(value.digest.encode()).hexdigest()
        case Image.Image():
            return _content_of(InputKey(digest(np.asarray(as_rgb(value))), ()))
        case np.ndarray():
            return _content_of(InputKey(digest(value), ()))
    return hashlib.sha256(repr(value).encode()).hexdigest()


def _first_and(first: R, rest: Generator[R]) -> Iterator[R]:
    """Both in turn; closes the rest."""
    try:
        yield first
        yield from rest
    finally:
        cast(Generator[R], rest).close()
