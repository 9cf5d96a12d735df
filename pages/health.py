"""What a load balancer asks: whether the process answers, and whether the models can."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from models.backend.protocol import Backend


def health_routes(backend: Callable[[], Backend | None]) -> list[Route]:
    """/healthz: 200. /readyz: 200, or 503 until a request can run.

    backend: the one of the front end; None while there is none.
    """

    def alive(request: Request) -> PlainTextResponse:
        return PlainTextResponse("ok")

    def ready(request: Request) -> PlainTextResponse:
        if _can_run(backend()):
            return PlainTextResponse("ready")
        return PlainTextResponse("loading", status_code=503)

    return [Route("/healthz", alive), Route("/readyz", ready)]


def _can_run(backend: Backend | None) -> bool:
    try:
        return backend is not None and next(backend.loading(""), None) is None
    except Exception:  # of the loading, which every request shows
        return False
