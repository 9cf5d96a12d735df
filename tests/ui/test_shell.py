"""What all pages share: navigation, titles, what comes back on return, accessibility, length and narrow screens."""

from importlib import import_module
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from pages.gradio_ui.pages import PAGES
from tests.ui.visitor import Visit, layout_shift

pytestmark = pytest.mark.ui
RESULTS: dict[str, str] = {page.name: import_module(f"tests.ui.test_{page.name}").RESULT for page in PAGES}
LONGEST = 2200
"""Pixels of a page at 1280 pixels of width, before anything is expanded."""
MOST_SHIFT = 0.1
"""Cumulative layout shift that counts as good."""
SMALLEST_TARGET = 24
"""Pixels of each side of a control (WCAG 2.2, 2.5.8); characters and links within a text are exempt."""
SMALL_TARGETS = """least => [...document.querySelectorAll('main :is(button, a[href], [role=button], [role=tab])')]
  .filter(each => each.getClientRects().length && !each.closest('p, .result-strip, .mask-cells'))
  .map(each => [each.getBoundingClientRect(), each.outerHTML.slice(0, 120)])
  .filter(([box]) => box.width < least || box.height < least).map(([box, html]) => html)"""
OURS: Any = {"exclude": [["footer"]]}
"""Everything but Gradio's own footer."""


def opened(visit: Visit, name: str, theme: str, width: int) -> Page:
    """The page with its first result."""
    page = visit(name, f"?__theme={theme}", width=width)
    page.wait_for_selector(RESULTS[name], timeout=60_000)
    return page


def violations(page: Page) -> list[tuple[str, list[str]]]:
    """What axe-core finds, of any level: the rule and the elements."""
    found = Axe().run(page, OURS).response["violations"]
    return [(each["id"], [node["html"][:160] for node in each["nodes"]]) for each in found]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_accessible_short_and_stands_still(visit: Visit, page) -> None:
    shown = opened(visit, page.name, "light", 1280)
    expect(shown).to_have_title(f"{page.title} - Perceiver Playground")
    assert violations(shown) == []
    assert shown.evaluate("document.documentElement.scrollHeight") <= LONGEST
    assert layout_shift(shown) < MOST_SHIFT


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_fits_a_phone_in_the_dark(visit: Visit, page) -> None:
    shown = opened(visit, page.name, "dark", 390)
    assert violations(shown) == []
    assert shown.evaluate("document.documentElement.scrollWidth") <= 390
    assert shown.evaluate(SMALL_TARGETS, SMALLEST_TARGET) == []
    result, settings = shown.locator(".result:visible").first, shown.locator(".settings:visible").first
    if settings.count():
        assert top(result) < top(settings)
    assert layout_shift(shown) < MOST_SHIFT


def top(part: Locator) -> float:
    box = part.bounding_box()
    assert box
    return box["y"]


def test_back_and_forward_lead_through_pages_as_they_were_left(visit: Visit) -> None:
    page = visit("masked_bytes")
    page.wait_for_selector(RESULTS["masked_bytes"])
    page.fill("#masked_bytes-text textarea", "A [MASK]at sat on the mat.")
    page.click("#masked_bytes-fill")
    expect(page.locator("#masked_bytes-filled .filled")).to_have_count(1)
    page.locator("nav a", has_text="Sentiment").first.click()
    page.wait_for_selector(RESULTS["sentiment"])
    assert _path(page) == "/sentiment"
    page.go_back()
    expect(page.locator("#masked_bytes-filled .filled")).to_have_count(1)
    assert page.input_value("#masked_bytes-text textarea") == "A [MASK]at sat on the mat."
    page.go_forward()
    page.wait_for_selector(RESULTS["sentiment"])
    page.locator("nav a", has_text="Masked language modeling").first.click()
    expect(page.locator("#masked_bytes-filled .filled")).to_have_count(1)


def test_a_query_names_a_page_where_the_path_cannot(visit: Visit) -> None:
    page = visit("overview", "?page=sentiment&text=What+a+warm+film")
    page.wait_for_selector(RESULTS["sentiment"])
    assert _path(page) == "/sentiment"
    expect(page.locator("#sentiment-text textarea")).to_have_value("What a warm film")


def _path(page: Page) -> str:
    return page.evaluate("location.pathname")


def test_a_view_is_shared_and_embedded(visit: Visit, screens) -> None:
    screens[False].grant_permissions(["clipboard-read", "clipboard-write"])
    page = opened(visit, "sentiment", "light", 1280)
    page.fill("#sentiment-text textarea", "What a dull film")
    page.locator("#sentiment-text textarea").press("Control+Enter")
    page.wait_for_url("**text=What+a+dull+film*")
    page.locator(".share button").click()
    expect(page.locator(".share button")).to_have_attribute("data-copied", "")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == page.url
    query = link[link.index("?") :]
    embedded = visit("sentiment", f"{query}&embed=1&hide=attention")
    expect(embedded.locator("#sentiment-labels li").first).to_be_visible()
    for part in ("nav.fillable", ".title", ".examples", ".attention", "footer"):
        expect(embedded.locator(part).first).to_be_hidden()
    expect(embedded.locator("#sentiment-text textarea")).to_have_value("What a dull film")
    embedded.locator("#sentiment-classify").click()
    embedded.wait_for_url("**embed=1*")
