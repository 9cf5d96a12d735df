"""The frame around all pages: title, navigation, and how a page is opened."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, Self, cast
from unittest.mock import patch

import gradio as gr
from gradio import queueing, routes
from gradio.routes import App

from components.js import script
from models.backend.protocol import Backend
from pages.gradio_ui.api import api_function
from pages.gradio_ui.bind import GPU, PRIVATE, Options, Value
from pages.gradio_ui.page import PageUi, Sc
from pages.gradio_ui.queue import FairQueue, Places
from pages.gradio_ui.session_state import CAPACITY, SmallStates
from pages.prose import read_prose
from pages.session import SessionStore

HEAD = f"""<script>{script("hidden_parts.js")}{script("page.js")}</script>
<style>
html:not(.mounted) .gradio-container {{ visibility: hidden; }}
html:not(.mounted) body::before {{ content: "Loading …"; position: fixed; inset: 40vh 0 auto; text-align: center; }}
</style>"""
"""While Gradio builds the page, its parts would move."""
STOP_SECONDS = 5.0
"""How long running requests may go on when the server stops."""
SHARE = """<div class="share">
<button type="button" data-label="Copy link" data-done="Copied" onclick="perceiver.copyLink(this)"
  aria-label="Copy link to this view"></button><input hidden readonly aria-label="Link to this view"></div>"""


@dataclass(frozen=True, slots=True)
class Page(Generic[Sc]):
    """build: makes the widgets of a screen and binds them. lane: place in the queue of calls from programs."""

    screen: type[Sc]
    build: Callable[[PageUi[Sc]], None]
    lane: Options = field(default_factory=lambda: GPU)

    @property
    def name(self) -> str:
        """Name of its task, and its path."""
        return self.screen.name

    @property
    def endpoint(self) -> str:
        """Name in the API."""
        return self.screen.endpoint or self.name

    @property
    def title(self) -> str:
        return read_prose(self.name)["title"]

    @property
    def lead(self) -> str:
        return read_prose(self.name)["lead"]


def create_blocks(backend: Backend, pages: Sequence[Page[Any]], store: SessionStore, places: Places) -> "PagesBlocks":
    """Each page is a route with its own address; the first one is at the root."""
    name, lead = read_prose("")["title"], read_prose("")["lead"]
    app = PagesBlocks(places, title=name, analytics_enabled=False, delete_cache=(3600, 86400))
    for number, page in enumerate(pages):
        with app if number == 0 else app.route(page.title, page.name):
            gr.Navbar(main_page_name=pages[0].title)
            with gr.Row(elem_classes="header"):
                gr.Markdown(f"# {name}\n{lead}", elem_classes="title")
                gr.HTML(SHARE, elem_classes="share-line", apply_default_css=False)
            screen = page.screen(backend)
            with gr.Column(elem_id=f"{page.name}-page"):
                ui = PageUi(screen, app, store)
                ui.prose("lead", "lead")
                page.build(ui)
            shown = f"() => window.perceiver.mounted({json.dumps(f'{page.title} - {name}')})"
            app.load(None, None, None, js=shown, **PRIVATE)
            for call in screen.calls:
                gr.api(api_function(screen, call), api_name=call.name, **page.lane)
            app.unload(_leaver(store))
    return app.queue(api_open=False, default_concurrency_limit=4)


class PagesBlocks(gr.Blocks):
    """Blocks that make their server and its configuration only when they are launched, and keep little of a session."""

    def __init__(self, places: Places, **options: Value):
        self._places = places  # before Gradio makes the first queue
        super().__init__(**options)

    def __exit__(self, *error: Value) -> None:
        with patch.object(App, "create_app"), patch.object(self, "get_config_file", dict):
            super().__exit__(*error)

    def queue(self, *args: Value, **options: Value) -> Self:
        with patch.object(App, "create_app"), patch.object(queueing, "Queue", partial(FairQueue, self._places)):
            return super().queue(*args, **options)

    def launch(self, *args: Value, **options: Value) -> Value:
        with patch.object(routes, "StateHolder", SmallStates):
            # _frontend: whether Gradio gives up if the first page takes more than 3 s, as on a busy machine.
            return super().launch(*args, state_session_capacity=CAPACITY, **{"_frontend": False} | options)

    def stop(self) -> None:
        """Closes the server once requests that are running have ended, or their time is up."""
        cast(FairQueue, self._queue).finish(STOP_SECONDS)
        self.close(verbose=False)


def _leaver(store: SessionStore) -> Callable[..., None]:
    def leave(request: gr.Request) -> None:
        store.disconnect(request.session_hash or "")

    return leave
