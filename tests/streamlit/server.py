"""The Streamlit front end over a backend without models: `streamlit run tests/streamlit/server.py`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st

from pages.streamlit_ui.pages import PAGES
from pages.streamlit_ui.shell import App, serve
from tests.streamlit.conftest import EveryTask
from tests.streamlit.visitor import SCRIPT


@asynccontextmanager
async def lifespan(server: st.App) -> AsyncIterator[None]:
    serve(App(EveryTask(), PAGES))
    yield


app = st.App(str(SCRIPT), lifespan=lifespan)
