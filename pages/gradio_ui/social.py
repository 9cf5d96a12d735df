"""Title, description and preview image that a shared link shows, in place of Gradio's own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

IMAGE_PATH = "/preview.png"
_TAGS = re.compile(rb'<meta\s+(?:property="og:|name="twitter:)[^>]*>\s*')
_HEAD = b"<head>"


@dataclass(frozen=True, slots=True)
class Preview:
    title: str
    description: str


class SocialTags:
    """ASGI middleware. It replaces the Open Graph and Twitter tags of each page, and serves the preview image.

    previews: by path, such as "/sentiment". image: PNG, 1200x630 pixels.
    """

    def __init__(self, app: ASGIApp, previews: Mapping[str, Preview], image: Path):
        self._app, self._previews, self._image = app, previews, image

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = path_of(scope)
        if path == IMAGE_PATH:
            await FileResponse(self._image)(scope, receive, send)
        elif path in self._previews and scope["method"] == "GET":
            await self._app(scope, receive, _Rewriter(self._previews[path], _address(scope), send))
        else:
            await self._app(scope, receive, send)


class _Rewriter:
    """Passes a response on, with new tags if it is HTML. The page is held back until it is whole."""

    def __init__(self, preview: Preview, address: str, send: Send):
        self._preview, self._address, self._send = preview, address, send
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and "html" in Headers(raw=message["headers"]).get(
            "content-type", ""
        ):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._send_page(self._start)

    async def _send_page(self, start: Message) -> None:
        tags = social_tags(self._preview, self._address).encode()
        body = _TAGS.sub(b"", self._body).replace(_HEAD, _HEAD + tags, 1)
        MutableHeaders(raw=start["headers"])["content-length"] = str(len(body))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def social_tags(preview: Preview, address: str) -> Markup:
    """address: of the app, without the path of a page."""
    tag = Markup('<meta {}="{}" content="{}">')
    image = address + IMAGE_PATH
    tags = [
        tag.format("property", f"og:{name}", value)
        for name, value in (
            ("type", "website"),
            ("title", preview.title),
            ("description", preview.description),
            ("image", image),
        )
    ]
    tags += [tag.format("name", "twitter:card", "summary_large_image"), tag.format("name", "twitter:image", image)]
    return Markup("").join([*tags, tag.format("name", "description", preview.description)])


def path_of(scope: Scope) -> str:
    """Below the root path of the app, without a slash at the end."""
    if scope["type"] != "http":
        return ""
    path = scope["path"].removeprefix(scope.get("root_path", "")).rstrip("/")
    return path or "/"


def _address(scope: Scope) -> str:
    """As the visitor reaches the app: a proxy says which protocol and host that is."""
    request = Request(scope)
    protocol = request.headers.get("x-forwarded-proto", request.url.scheme).split(",")[0].strip()
    host = request.headers.get("x-forwarded-host", request.headers.get("host", "")).split(",")[0].strip()
    return f"{protocol}://{host}{scope.get('root_path', '').rstrip('/')}"
