"""The frame around all pages: title, navigation, and how a page is opened."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.js import script
from models.backend.protocol import Backend
from pages.gradio_ui.bind import PRIVATE, Binding
from pages.session import SessionStore

NAME = "Perceiver Playground"
LEAD = "Run Perceiver models and see which inputs each output attended to."
HEAD = f"<script>{script('page.js')}</script>"


@dataclass(frozen=True, slots=True)
class PageContext:
    """What a page is built with."""

    app: gr.Blocks
    backend: Backend
    store: SessionStore
    name: str
    title: str

    def opens(self, binding: Binding[Any], **options: Any) -> Any:
        """Shows the page as its address or its visitor wants it, when the browser loads it."""
        visitor = gr.Textbox(visible="hidden", label="Visitor")
        self.app.load(None, None, None, js=f"() => {{ document.title = '{self.title} - {NAME}'; }}", **PRIVATE)
        return binding.open(self.app.load, visitor, **options)


@dataclass(frozen=True, slots=True)
class Page:
    """name: of its task, and its path. build: makes the widgets and binds them."""

    name: str
    title: str
    build: Callable[[PageContext], None]


def create_blocks(backend: Backend, pages: Sequence[Page], store: SessionStore) -> gr.Blocks:
    """Each page is a route with its own address; the first one is at the root."""
    app = gr.Blocks(title=NAME, analytics_enabled=False, delete_cache=(3600, 86400))
    for number, page in enumerate(pages):
        with app if number == 0 else app.route(page.title, page.name):
            gr.Navbar(main_page_name=pages[0].title)
            gr.Markdown(f"# {NAME}\n{LEAD}", elem_classes="title")
            with gr.Column(elem_id=f"{page.name}-page"):
                page.build(PageContext(app, backend, store, page.name, page.title))
            app.unload(_leaver(store))
    return app.queue(max_size=64, default_concurrency_limit=4)


def _leaver(store: SessionStore) -> Callable[..., None]:
    def leave(request: gr.Request) -> None:
        store.disconnect(request.session_hash or "")

    return leave
