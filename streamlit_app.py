"""Perceiver Playground in Streamlit. `streamlit run streamlit_app.py` serves it."""

import os

# Before the hub client is imported: it is not to report anything.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

from models.backend.start_checks import check_start

check_start(serves=False)  # before the imports that take seconds; Streamlit checks its port itself

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st

from models.backend.connect import connect
from models.backend.protocol import Backend
from models.backend.settings import Settings, SettingsError
from models.logs import configure_logging
from pages.health import health_routes
from pages.streamlit_ui.pages import PAGES
from pages.streamlit_ui.shell import App, serve


@asynccontextmanager
async def lifespan(server: st.App) -> AsyncIterator[None]:
    """One backend for all visitors; it is made when the server starts."""
    try:
        settings = Settings.from_env()
        configure_logging(settings.log_format)
        backend = connect(settings)
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    serve(App(backend, PAGES))
    backends.append(backend)
    backend.start()
    yield


# The script is in a folder of its own: next to this file, Streamlit would take the modules of `pages/` for its pages.
backends: list[Backend] = []
app = st.App(
    "pages/streamlit_ui/script.py",
    lifespan=lifespan,
    routes=health_routes(lambda: backends[0] if backends else None),
)
