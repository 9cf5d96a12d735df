"""Sends event streams in a form that all clients read."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LINE_ENDS = {"\x85".encode(): b"\\u0085", "\u2028".encode(): b"\\u2028", "\u2029".encode(): b"\\u2029"}
"""Characters that JSON may contain, but at which `str.splitlines`, and so httpx, ends a line."""


class EventStreams:
    """ASGI middleware. A stream that Gradio refuses after it has begun ends there."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        streaming = False

        async def send_escaped(message: Message) -> None:
            nonlocal streaming
            if message["type"] == "http.response.start":
                kind = Headers(raw=message["headers"]).get("content-type", "")
                streaming = kind.startswith("text/event-stream")
            elif streaming:
                message = {**message, "body": _escaped(message["body"])}
            await send(message)

        try:
            await self._app(scope, receive, send_escaped)
        except RuntimeError as error:
            if not (streaming and isinstance(error.__cause__, HTTPException)):
                raise
            await send({"type": "http.response.body"})


def _escaped(events: bytes) -> bytes:
    for character, escape in LINE_ENDS.items():
        events = events.replace(character, escape)
    return events
