"""The page of video and sound as a visitor finds it, and what they do there again and again."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.visitor import Visit, changed

TAB = "?tab=av_autoencoding"


def part(page: Page, name: str) -> Locator:
    return page.locator(f"#av_autoencoding-{name}")


def shows_an_answer(page: Page) -> None:
    expect(part(page, "attention").locator(".read")).to_be_visible(timeout=60_000)
    expect(part(page, "rebuilt").locator("video")).to_have_count(1)


@pytest.fixture
def clips(visit: Visit) -> Page:
    """The page as it opens by its address, with its first example answered."""
    page = visit(TAB)
    shows_an_answer(page)
    return page


def changed_by(page: Page, act: Callable[[], object], name: str = "strip") -> str:
    """Does something and waits until a part of the page is another; returns its text."""
    block = f"#av_autoencoding-{name} .picture-block"
    changed(page, block, act)
    return page.locator(block).inner_text()


def give(page: Page, file: Path) -> None:
    """Takes away the clip in the field, as a visitor must, and gives another one."""
    clear = part(page, "clip").get_by_label("Clear")
    if clear.count():
        clear.first.click()
    part(page, "clip").locator("input[type=file]").set_input_files(file)


def play(page: Page, name: str) -> tuple[float, float]:
    """Plays one of the films until it is 0.3 seconds in, and pauses it; returns where both are then, in seconds."""
    video = part(page, name).locator("video")
    video.evaluate("v => { v.muted = true; return v.play(); }")
    at = f"#av_autoencoding-{name} video"
    page.wait_for_function(
        "at => { const v = document.querySelector(at); return v.currentTime > 0.3 && (v.pause(), true); }", arg=at
    )
    page.wait_for_timeout(200)
    seconds = [part(page, each).locator("video").evaluate("v => v.currentTime") for each in ("original", "rebuilt")]
    return seconds[0], seconds[1]
