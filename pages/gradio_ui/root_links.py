"""Redirects links to the root that belong to another page."""

from collections.abc import Collection
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from pages.gradio_ui.social import path_of
from pages.links import page_of


class RootLinks:
    """ASGI middleware. pages: names of those that are not at the root."""

    def __init__(self, app: ASGIApp, pages: Collection[str]):
        self._app, self._pages = app, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if path_of(scope) == "/":
            query = Request(scope).query_params
            if (page := page_of(query)) in self._pages:
                others = urlencode([(name, value) for name, value in query.multi_items() if name != "page"])
                await RedirectResponse(f"./{page}?{others}")(scope, receive, send)
                return
        await self._app(scope, receive, send)
