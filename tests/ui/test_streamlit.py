"""The Streamlit front end in a browser: clicks and drags in markup, and what they make of the address."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from pages.masked_bytes.screen import EXAMPLES

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "tests/streamlit/server.py", "--server.port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}) as server:
        address = f"http://127.0.0.1:{port}"
        transport = httpx.HTTPTransport(retries=12)  # with growing pauses until it listens
        with httpx.Client(transport=transport) as client:
            client.get(f"{address}/_stcore/health")
        yield address
        server.terminate()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """Masked language modeling; in the end it fails the test if the page reported an error of its own."""
    errors: list[str] = []
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    expect(page.locator("#masked_bytes-filled [data-position]").first).to_be_visible()
    yield page
    page.close()
    assert not errors


def test_a_click_on_a_byte_selects_it_and_is_part_of_the_address(page: Page) -> None:
    byte = page.locator("#masked_bytes-filled [data-position='3']")
    byte.click()
    expect(byte).to_have_class(re.compile("selected"))
    expect(page).to_have_url(re.compile(r"[?&]byte=3"))
    following = page.locator("#masked_bytes-filled [data-position='4']")
    following.focus()
    page.keyboard.press("Enter")
    expect(following).to_have_class(re.compile("selected"))
    expect(following).to_be_focused()


def test_a_drag_masks_and_the_result_is_out_of_date_until_it_runs_again(page: Page) -> None:
    cells = page.locator("#masked_bytes-mask .cell")
    cells.nth(0).hover()
    page.mouse.down()
    cells.nth(1).hover()
    cells.nth(2).hover()
    page.mouse.up()
    result = page.locator("#masked_bytes-filled")
    expect(result).to_have_class(re.compile("outdated"))
    page.keyboard.press("Control+Enter")
    expect(result).not_to_have_class(re.compile("outdated"))
    masked = 3 + sum(stop - start for start, stop in EXAMPLES[0].spans)
    expect(result.locator(".filled")).to_have_count(masked)
    expect(page).to_have_url(re.compile(r"mask=%5B%5B0%2C3%5D"))
    page.get_by_role("button", name=EXAMPLES[1].title).click()
    expect(page).to_have_url(re.compile("text="))
