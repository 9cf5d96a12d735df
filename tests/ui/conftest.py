"""The app in this process, and a real browser in front of it."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from app import create_app, launch_options
from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.perceiver.checkpoints import Checkpoint, load_checkpoint
from models.schema import CheckpointUnavailable
from pages.gradio_ui.pages import PAGES
from tests.ui.visitor import Visit

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PHONE = 500
"""Pixels of width from which on a screen is none to touch."""
expect.set_options(timeout=20_000)  # a busy machine is slow, not wrong
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")


def load_embedded_only(checkpoint: Checkpoint, *options: Any) -> Any:
    """The real loader, on a machine without a network."""
    if checkpoint.weights == "published":
        raise CheckpointUnavailable(f"{checkpoint.name}: it is not on this machine and could not be downloaded.")
    return load_checkpoint(checkpoint, *options)


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[str | None], str]]:
    """The address of the app with all pages, or with the one of a name alone: that opens in half the time."""
    settings = Settings(device="cpu", weights="embedded", port=0)
    backend = LocalBackend(settings, load_embedded_only)
    options = launch_options(settings) | {"server_port": None}
    with ExitStack() as running:

        @cache
        def started(name: str | None) -> str:
            app = create_app(backend, [page for page in PAGES if name in (None, page.name)])
            _, url, _ = app.launch(**options, prevent_thread_lock=True, quiet=True)
            running.callback(app.close)
            return url

        yield started


@pytest.fixture(scope="session")
def address(serve: Callable[[str | None], str]) -> str:
    return serve(None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = next((found for name in CHROMIUMS if (found := shutil.which(name))), None)
    if path is None:
        reason = "no Chromium on this machine"
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def screens(browser: Browser) -> dict[bool, BrowserContext]:
    """Of desks and of phones: each loads Gradio's scripts once and keeps them, which is most of what opening costs."""
    return {phone: browser.new_context(has_touch=phone) for phone in (False, True)}


@pytest.fixture
def visit(screens: dict[bool, BrowserContext], serve: Callable[[str | None], str]) -> Iterator[Visit]:
    """Opens the app; in the end it fails the test if a page reported an error of its own."""
    pages: list[Page] = []
    errors: list[str] = []

    def opened(name: str, query: str = "", width: int = 1280, all_pages: bool = False) -> Page:
        page = screens[width < PHONE].new_page()
        page.set_viewport_size({"width": width, "height": 800})
        page.on("pageerror", lambda error: errors.append(str(error)))
        path = name if all_pages and name != PAGES[0].name else ""
        page.goto(serve(None if all_pages else name) + path + query)
        pages.append(page)
        return page

    yield opened
    for page in pages:
        page.close()
    assert not errors
