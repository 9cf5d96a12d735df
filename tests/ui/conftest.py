"""A real browser in front of the app."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from pages.gradio_ui.pages import PAGES
from tests.serving import address
from tests.ui.visitor import WATCH_SHIFTS, Visit

__all__ = ["address"]

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PHONE = 500
"""Screens narrower than this, in pixels, are touched."""
expect.set_options(timeout=20_000)  # a busy machine is slow, not wrong
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")


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
def visit(screens: dict[bool, BrowserContext], address: str) -> Iterator[Visit]:
    """Opens the app; in the end it fails the test if a page reported an error of its own."""
    pages: list[Page] = []
    errors: list[str] = []

    def opened(
        name: str,
        query: str = "",
        width: int = 1280,
    ) -> Page:
        page = screens[width < PHONE].new_page()
        page.set_viewport_size({"width": width, "height": 800})
        page.add_init_script(WATCH_SHIFTS)
        page.on("pageerror", lambda error: errors.append(str(error)))
        path = "" if name == PAGES[0].name else name
        page.goto(address + path + query)
        pages.append(page)
        return page

    yield opened
    for page in pages:
        page.close()
    assert not errors
