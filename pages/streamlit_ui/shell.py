"""The frame around all pages: title, navigation, and how a page is opened."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Generic
from urllib.parse import parse_qsl
from uuid import uuid4

import streamlit as st

from components.html import STYLE_SHEETS
from models.backend.protocol import Backend
from pages.guide import GUIDE, guide_of
from pages.links import page_of
from pages.prose import read_prose
from pages.screen import AnyScreen
from pages.session import SessionStore
from pages.streamlit_ui.markup import show_markup
from pages.streamlit_ui.page import PageUi, Sc
from pages.view import Convert, View

STYLE = "\n".join(file.read_text(encoding="utf-8") for file in (Path(__file__).with_name("theme.css"), *STYLE_SHEETS))


@dataclass(frozen=True, slots=True)
class Page(Generic[Sc]):
    """build: draws a screen. uploads, fields, convert: see `View`. lane: of opening the page.

    after_open: names of actions that follow the opening.
    """

    screen: type[Sc]
    build: Callable[[PageUi[Sc]], None]
    uploads: Sequence[str] = ()
    fields: Sequence[str] = ()
    convert: Mapping[str, Convert] = field(default_factory=dict)
    after_open: Sequence[str] = ()
    lane: str = "gpu"

    @property
    def name(self) -> str:
        """Name of its task, and its path."""
        return self.screen.name

    @property
    def title(self) -> str:
        return read_prose(self.name)["title"]


class App:
    """All pages over one backend. One for all visitors."""

    def __init__(self, backend: Backend, pages: Sequence[Page[Any]], store: SessionStore | None = None):
        self.pages, self.store = pages, SessionStore() if store is None else store
        self._screens: dict[str, AnyScreen] = {page.name: page.screen(backend) for page in pages}

    def show(self) -> None:
        """The page that the visitor is on. For the script that Streamlit runs."""
        name = read_prose("")["title"]
        pages = {
            page.name: st.Page(partial(self._show_page, page), title=page.title, url_path=page.name, default=not number)
            for number, page in enumerate(self.pages)
        }
        current = st.navigation([*pages.values()], position="top")
        if (wanted := page_of(st.query_params) if current.url_path == "" else None) in pages:
            others = {name: value for name, value in st.query_params.items() if name != "page"}
            st.switch_page(pages[wanted], query_params=others)
        st.set_page_config(f"{current.title} - {name}", layout="wide")
        st.html(f"<style>{STYLE}</style>")
        show_markup("hidden-parts", behavior="hidden_parts.js")
        current.run()

    def _show_page(self, page: Page[Any]) -> None:
        screen, view = self._screens[page.name], self._view(page)

        @st.fragment
        def draw() -> None:
            """Again after each click on the page, without the frame around it."""
            view.changed.clear()
            ui = PageUi(screen, view)
            with st.container(key="title"):
                st.title(page.title, anchor=False)
                ui.prose("lead")
            page.build(ui)
            show_markup(f"{page.name}-guide", guide_of(st.query_params.get(GUIDE), page.name), "guide.js")
            ui.share()
            _show_link(view)
            ui.follow()

        draw()

    def _view(self, page: Page[Any]) -> View:
        """The page as this visitor left it, or as its address describes it."""
        visitor = st.session_state.setdefault("visitor", uuid4().hex)
        _connect(self.store, visitor)
        views: dict[str, View] = st.session_state.setdefault("views", {})
        if page.name not in views:
            screen, session = self._screens[page.name], self.store.session(visitor, page.name)
            view = views[page.name] = View(screen, session, page.uploads, page.fields, page.convert)
            view.open(st.query_params.to_dict(), page.lane, [getattr(screen, name) for name in page.after_open])
        return views[page.name]


_served: list[App] = []


def serve(app: App) -> None:
    """Makes an app the one of this process."""
    _served[:] = [app]


def served_app() -> App:
    return _served[0]


def _show_link(view: View) -> None:
    """The address becomes that of the view; what is no part of a view stays."""
    fields = view.screen.state.model_fields
    others = {name: value for name, value in st.query_params.items() if name not in fields}
    params = others | dict(parse_qsl(view.link, keep_blank_values=True))
    if params != st.query_params.to_dict():
        st.query_params.from_dict(params)


def _leave(connection: tuple[SessionStore, str]) -> None:
    store, visitor = connection
    store.disconnect(visitor)


@st.cache_resource(scope="session", on_release=_leave, show_spinner=False)
def _connect(_store: SessionStore, visitor: str) -> tuple[SessionStore, str]:
    """Streamlit drops it when the browser disconnects, and asks for another when it comes back."""
    _store.connect(visitor, visitor)
    return _store, visitor
