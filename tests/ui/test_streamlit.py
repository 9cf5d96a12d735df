"""The Streamlit front end in a browser: clicks, drags, links, saved files and narrow screens."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from app import create_app, launch_options
from models.backend.settings import Settings
from pages.lessons.screen import LESSONS
from pages.masked_bytes.screen import EXAMPLES
from tests.streamlit.conftest import EveryTask
from tests.streamlit.test_pages import KNOWN, NAMES
from tests.ui.test_lessons import HEADING, check_print, complete
from tests.ui.visitor import Visit, view_of

pytestmark = pytest.mark.ui
ROOT = Path(__file__).parents[2]
SHOWN = {name: KNOWN[name].PART for name in NAMES} | {"fine_tuning": "labels"}
"""By page: what shows its first result."""
PHONE = 390
TOO_WIDE = """width => {
  const scrolls = (each) => each && !each.matches('.stMain')
    && (getComputedStyle(each).overflowX !== 'visible' || scrolls(each.parentElement));
  return [...document.querySelectorAll('.stMain *')]
    .filter(each => each.getClientRects().length && each.getBoundingClientRect().right > width + 1)
    .filter(each => !scrolls(each.parentElement)).map(each => each.outerHTML.slice(0, 120));
}"""
"""JavaScript: elements that reach beyond the screen, outside of parts that scroll by themselves."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Of the Streamlit front end, with a slash at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "tests/streamlit/server.py", "--server.port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}) as server:
        address = f"http://127.0.0.1:{port}/"
        transport = httpx.HTTPTransport(retries=12)  # with growing pauses until it listens
        try:
            with httpx.Client(transport=transport, timeout=60) as client:
                client.get(f"{address}_stcore/health")
            yield address
        finally:
            server.terminate()


def opened(visit: Visit, name: str = "masked_bytes", query: str = "", width: int = 1280) -> Page:
    """The page with its first result."""
    page = visit(name, query, width)
    expect(page.locator(f"#{name}-{SHOWN[name]} *").first).to_be_visible()
    return page


def test_a_click_on_a_byte_selects_it_and_is_part_of_the_address(visit: Visit) -> None:
    page = opened(visit)
    byte = page.locator("#masked_bytes-filled [data-position='3']")
    byte.click()
    expect(byte).to_have_class(re.compile("selected"))
    expect(page).to_have_url(re.compile(r"[?&]byte=3"))
    following = page.locator("#masked_bytes-filled [data-position='4']")
    following.focus()
    page.keyboard.press("Enter")
    expect(following).to_have_class(re.compile("selected"))
    expect(following).to_be_focused()


def test_a_drag_masks_and_the_result_is_out_of_date_until_it_runs_again(visit: Visit) -> None:
    page = opened(visit)
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


@pytest.mark.parametrize(
    ("name", "image", "selected"),
    [
        ("optical_flow", "#optical_flow-motion", "pixel"),
        ("image_classification", "#image_classification-prediction-conv", "point"),
    ],
)
def test_a_click_on_an_image_selects_the_place(visit: Visit, name: str, image: str, selected: str) -> None:
    page = opened(visit, name)
    places = page.locator(f"{image} [data-rows]").first
    rows, columns = (int(places.get_attribute(f"data-{side}") or 0) for side in ("rows", "columns"))
    box = places.bounding_box()
    assert box
    places.click(position={"x": box["width"] * 0.3, "y": box["height"] * 0.6})
    expect(page).to_have_url(re.compile(rf"[?&]{selected}="))
    row, column = json.loads(httpx.URL(page.url).params[selected])
    if selected == "point":  # shares of the sides
        row, column = row * rows, column * columns
    assert (int(row), int(column)) == pytest.approx((0.6 * rows, 0.3 * columns), abs=2)


def test_a_link_of_gradio_opens_the_same_view(visit: Visit, screens: dict[bool, BrowserContext]) -> None:
    gradio = create_app(EveryTask())
    options = launch_options(Settings()) | {"server_port": None}
    _, url, _ = gradio.launch(**options, prevent_thread_lock=True, quiet=True)
    with screens[False].new_page() as page:
        page.goto(f"{url}?text=a+cat&mask=[[2,5]]&decoding=parallel")
        page.locator("#masked_bytes-filled [data-position='3']").click()
        page.wait_for_url("**byte=3*")
        query = view_of(page)
    gradio.close()
    page = opened(visit, query=query)
    expect(page.locator("#masked_bytes-filled [data-position='3']")).to_have_class(re.compile("selected"))
    expect(page.get_by_label("Text", exact=True)).to_have_value("a cat")
    expect(page.get_by_label("all at once")).to_be_checked()
    expect(page.locator("#masked_bytes-mask .hidden-cell")).to_have_count(3)
    assert httpx.QueryParams(view_of(page)[1:]) == httpx.QueryParams(query[1:])


def test_saved_files_hold_the_result(visit: Visit, tmp_path: Path) -> None:
    page = opened(visit)
    page.get_by_role("button", name="Save attention").click()
    for kind in ("PNG", "NPZ"):
        with page.expect_download() as download:
            page.get_by_role("button", name=f"({kind})").click()
        download.value.save_as(tmp_path / f"saved.{kind.lower()}")
    with Image.open(tmp_path / "saved.png") as image:
        assert image.width > 500
    with np.load(tmp_path / "saved.npz") as arrays:
        assert json.loads(str(arrays["settings"]))["text"] == EXAMPLES[0].text


def test_pages_fit_a_phone_with_results_before_settings(visit: Visit) -> None:
    for name in ("masked_bytes", "image_classification", "av_autoencoding"):  # text, images and films
        shown = opened(visit, name, width=PHONE)
        assert shown.evaluate("document.querySelector('.stMain').scrollWidth") <= PHONE
        assert shown.evaluate(TOO_WIDE, PHONE) == []
        result, settings = shown.locator(f"#{name}-{SHOWN[name]}"), shown.locator(".st-key-settings")
        if settings.count():
            assert (result.bounding_box() or {})["y"] < (settings.bounding_box() or {})["y"]
        shown.close()


def test_two_tabs_do_not_see_each_other(visit: Visit) -> None:
    one, other = opened(visit), opened(visit)
    one.get_by_label("Text", exact=True).fill("a secret")
    one.keyboard.press("Control+Enter")
    expect(one).to_have_url(re.compile("text=a\\+secret"))
    other.locator("#masked_bytes-filled [data-position='3']").click()
    expect(other).to_have_url(re.compile("byte=3"))
    expect(other.get_by_label("Text", exact=True)).to_have_value(EXAMPLES[0].text)
    assert "secret" not in other.content()
    assert "byte=3" not in one.url


def test_a_link_hides_parts(visit: Visit) -> None:
    page = opened(visit, "sentiment", "?embed=1&hide=attention&text=good")
    for part in (".stAppHeader", ".st-key-title", ".st-key-example-list", ".stExpander", ".st-key-attention-Attention"):
        expect(page.locator(part).first).to_be_hidden()
    expect(page.locator(".st-key-settings")).to_be_visible()
    page.get_by_label("Text", exact=True).fill("bad")
    page.keyboard.press("Control+Enter")
    expect(page).to_have_url(re.compile("text=bad"))
    query = httpx.URL(page.url).params
    assert (query["embed"], query["hide"]) == ("1", "attention")


def test_a_lesson_is_done_by_keyboard_and_printed(visit: Visit) -> None:
    page = visit("lessons", "?lesson=2")
    complete(page, LESSONS[1])
    page.locator("[data-way=back]").click()
    expect(page.locator(HEADING)).to_have_text(LESSONS[1].steps[-1].title)
    check_print(page, LESSONS[1])
