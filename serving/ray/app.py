"""The Ray Serve application: replicas that run requests of front ends. `serve run serving.ray.app:app` starts it."""

import hmac
import logging
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import ray
from ray import serve
from ray.exceptions import RayError
from ray.serve.config import DeploymentActorConfig
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import Response, StreamingResponse

from models.backend.inputs import Input, inputs_of
from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.backend.wire import CONTENT_TYPE, END, Call, Failure, frame, unpack
from models.perceiver.checkpoints import load_checkpoint
from models.schema import CheckpointUnavailable, FineTunedModel, InputError, InputKey
from serving.ray.shared import SharedInputs

SHARED, SHARED_BYTES, STORE_SECONDS = "inputs", 2 * 2**30, 10.0
log = logging.getLogger("ray.serve")


@serve.deployment(
    max_ongoing_requests=32,
    max_queued_requests=256,
    ray_actor_options={"num_cpus": 1},
    # Requests about the same input go to the same replica, which has its latents; if that one is busy, to its neighbor.
    request_router_config={
        "request_router_class": "ray.serve.experimental.consistent_hash_router:ConsistentHashRouter"
    },
    deployment_actors=[
        DeploymentActorConfig(
            name=SHARED,
            actor_class=SharedInputs,
            init_kwargs={"capacity": SHARED_BYTES},
            actor_options={"num_cpus": 0, "max_concurrency": 4},
        )
    ],
    health_check_period_s=5,
    graceful_shutdown_timeout_s=20,
)
class Models:
    """A `LocalBackend` that answers calls of `models.backend.wire`.

    settings: of this replica; None: from its environment. loader: see `LocalBackend`.
    """

    def __init__(self, settings: Settings | None = None, loader: Callable[..., Any] = load_checkpoint):
        self._backend = LocalBackend(settings, loader)
        self._token = self._backend.settings.token.encode()
        for problem in self._backend.warm_up():
            log.warning(problem)

    async def __call__(self, http: HttpRequest) -> Response:
        sent = http.headers.get("authorization", "").removeprefix("Bearer ").strip().encode()
        if not hmac.compare_digest(sent, self._token):
            return Response(status_code=401)
        if http.headers.get("content-type") != CONTENT_TYPE:
            return Response(status_code=415)
        call = unpack(await http.body())
        return StreamingResponse(_framed(_Parts(self._answer(call))), media_type=CONTENT_TYPE)

    def _answer(self, call: Call) -> Generator[Any]:
        """The values that answer a call, errors included."""
        try:
            yield from self._values(call)
        except (InputError, CheckpointUnavailable) as refusal:
            yield refusal
        except Exception as error:
            log.exception("A call of %s failed", call.method)
            yield Failure(repr(error))

    def _values(self, call: Call) -> Iterator[Any]:
        match call:
            case Call("run_all", requests):
                yield self._shared(self._backend.run_all(self._held(requests)))
            case Call("stream", request):
                with closing(self._backend.stream(*self._held([request]))) as parts:
                    for part in parts:
                        yield self._shared([part])[0]
            case Call("export", model):
                yield self._backend.export(model)
            case Call("shape", key):
                yield self._backend.describe().shapes[key]

    def _held(self, requests: Sequence[Any]) -> list[Any]:
        """The requests with keys of their large inputs. Shares new ones with the other replicas, and gets missing ones.

        An input that no replica has stays missing: the backend answers `InputDropped`, and the front end sends it.
        """
        held = [self._backend.upload(request) for request in requests]
        missing = set()
        for request, uploaded in zip(requests, held, strict=True):
            for value, key in zip(inputs_of(request).values(), inputs_of(uploaded).values(), strict=True):
                if key is not value:
                    self._share(key, value)
                elif isinstance(key, InputKey) and not self._backend.inputs.holds(key):
                    missing.add(key)
        self._fetch(list(missing))
        return held

    def _shared(self, results: list[Any]) -> list[Any]:
        """The same results. Later requests send the keys of fine-tuned models in them."""
        for result in results:
            if isinstance(model := getattr(result, "model", None), FineTunedModel):
                self._share(self._backend.inputs.hold(model), model)
        return results

    def _share(self, key: InputKey, value: Input) -> None:
        with _without_store():
            serve.get_deployment_actor(SHARED).hold.remote(key, value)

    def _fetch(self, keys: list[InputKey]) -> None:
        with _without_store():
            if keys:
                found = ray.get(serve.get_deployment_actor(SHARED).find.remote(keys), timeout=STORE_SECONDS)
                for value in ray.get([each for each in found if each], timeout=STORE_SECONDS):
                    self._backend.inputs.hold(value)


@contextmanager
def _without_store() -> Iterator[None]:
    """The store only spares front ends from sending an input again: requests run without it."""
    try:
        yield
    except (RayError, ValueError):
        log.warning("Inputs cannot be shared between replicas", exc_info=True)


class _Parts:
    """A generator that threads run in turn, and that can be closed while one of them does."""

    def __init__(self, parts: Generator[Any]):
        self._parts, self._lock = parts, threading.Lock()

    def next(self) -> Any:
        with self._lock:
            return next(self._parts, END)

    def close(self) -> None:
        with self._lock:
            self._parts.close()


async def _framed(parts: _Parts) -> AsyncIterator[bytes]:
    """Each part as a frame. Once the front end hangs up, the work stops."""
    try:
        while (part := await run_in_threadpool(parts.next)) is not END:
            yield frame(part)
        yield END
    finally:
        # In a thread: when this is cancelled, the part that is being computed ends first.
        threading.Thread(target=parts.close, daemon=True).start()


app = Models.bind()
