"""Refuses HTTP requests before Gradio reads them: bodies that are too long, and uploads from other websites."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.gradio_ui.social import path_of

UPLOAD, OPENAPI = "/gradio_api/upload", ("/gradio_api/openapi.json", "/openapi.json")


class RequestChecks:
    """ASGI middleware. most_bytes: of a body. openapi: whether to describe the API there."""

    def __init__(self, app: ASGIApp, most_bytes: int, openapi: bool):
        self._app, self._most_bytes, self._openapi = app, most_bytes, openapi

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if refusal := self._refusal(path_of(scope), Headers(scope=scope)):
            await PlainTextResponse(refusal.detail, refusal.status_code)(scope, receive, send)
        else:
            await self._app(scope, self._counted(receive), send)

    def _refusal(self, path: str, headers: Headers) -> HTTPException | None:
        if path in OPENAPI and not self._openapi:
            return HTTPException(404)
        if path == UPLOAD and _is_foreign(headers):
            return HTTPException(403, "Files can only be uploaded from the app's own pages.")
        length = headers.get("content-length", "0")
        return self._too_long() if not length.isdecimal() or int(length) > self._most_bytes else None

    def _counted(self, receive: Receive) -> Receive:
        """Raises HTTPException if a body whose length was not announced is too long."""
        left = self._most_bytes

        async def counted() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise self._too_long()
            return message

        return counted

    def _too_long(self) -> HTTPException:
        return HTTPException(413, f"The request is too long. The limit is {self._most_bytes:,} bytes.")


def _is_foreign(headers: Headers) -> bool:
    """Whether a page of another website sends this request; programs name none."""
    origin = headers.get("origin")
    hosts = {headers.get(name) for name in ("host", "x-forwarded-host")}
    return origin is not None and urlsplit(origin).netloc not in hosts
