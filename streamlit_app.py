"""Perceiver Playground in Streamlit. `streamlit run streamlit_app.py` serves it."""

import os

# Before the hub client is imported: it is not to report anything.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st

from models.backend.protocol import Backend
from models.backend.settings import Settings, SettingsError
from pages.streamlit_ui.pages import PAGES
from pages.streamlit_ui.shell import App, serve


def load_backend() -> Backend:
    from models.backend.local import LocalBackend  # with torch, which the pages do without

    try:
        backend = LocalBackend(Settings.from_env())
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    for problem in backend.warm_up():
        logging.warning(problem)
    return backend


@asynccontextmanager
async def lifespan(server: st.App) -> AsyncIterator[None]:
    """The models are loaded when the server starts, once for all visitors."""
    serve(App(load_backend(), PAGES))
    gc.freeze()  # Streamlit collects garbage after each run: over all of torch that takes half a second
    yield


# The script is in a folder of its own: next to this file, Streamlit would take the modules of `pages/` for its pages.
app = st.App("pages/streamlit_ui/script.py", lifespan=lifespan)
