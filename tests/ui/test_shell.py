"""What all pages share: navigation, titles, what comes back on return, names of controls, narrow screens."""

import pytest
from playwright.sync_api import Page, expect

from pages.gradio_ui.pages import PAGES
from tests.ui.visitor import Visit

pytestmark = pytest.mark.ui
ANSWERED = {
    "masked_bytes": "#masked_bytes-figure svg",
    "sentiment": "#sentiment-figure svg",
    "fine_tuning": "#fine_tuning-labels li",
    "text_generation": "#text_generation-figure svg",
    "image_classification": "#image_classification-prediction-conv img",
    "optical_flow": "#optical_flow-check .comparison",
    "av_autoencoding": "#av_autoencoding-attention .read",
}
"""What is on a page once its first result is."""
NAMELESS = """() => [...document.querySelectorAll('input, textarea, select, button, [role=listbox]')]
  .filter(e => e.getClientRects().length)
  .filter(e => !(e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.textContent.trim()
    || e.title || e.matches('.gallery-item') || e.closest('label')
     || (e.id && document.querySelector(`label[for="${e.id}"]`))))
  .map(e => e.outerHTML.slice(0, 120))"""
MUTE = "all => all.filter(s => !s.getAttribute('aria-label')).map(s => s.outerHTML.slice(0, 120))"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_fits_a_phone_and_names_its_parts(visit: Visit, page) -> None:
    opened = visit(page.name, "?__theme=dark", width=380, all_pages=True)
    opened.wait_for_selector(ANSWERED[page.name], timeout=60_000)
    expect(opened).to_have_title(f"{page.title} - Perceiver Playground")
    assert opened.evaluate("document.documentElement.scrollWidth") <= 380
    assert opened.evaluate(NAMELESS) == []
    assert opened.locator("svg[role=img]:not([aria-hidden])").evaluate_all(MUTE) == []


def test_back_and_forward_lead_through_pages_as_they_were_left(visit: Visit) -> None:
    page = visit("masked_bytes", all_pages=True)
    page.wait_for_selector(ANSWERED["masked_bytes"])
    page.fill("#masked_bytes-text textarea", "A [MASK]at sat on the mat.")
    page.click("#masked_bytes-fill")
    expect(page.locator("#masked_bytes-filled .filled")).to_have_count(1)
    page.locator("nav a", has_text="Sentiment").first.click()
    page.wait_for_selector(ANSWERED["sentiment"])
    assert _path(page) == "/sentiment"
    page.go_back()
    expect(page.locator("#masked_bytes-filled .filled")).to_have_count(1)
    assert page.input_value("#masked_bytes-text textarea") == "A [MASK]at sat on the mat."
    page.go_forward()
    page.wait_for_selector(ANSWERED["sentiment"])
    page.locator("nav a", has_text=PAGES[0].title).first.click()
    expect(page.locator("#masked_bytes-filled .filled")).to_have_count(1)


def test_a_query_names_a_page_where_the_path_cannot(screens, serve) -> None:
    """The page that is left at once may fail while it goes, which nobody sees."""
    page = screens[False].new_page()
    page.goto(f"{serve(None)}?page=sentiment&text=What+a+warm+film")
    page.wait_for_selector(ANSWERED["sentiment"])
    assert _path(page) == "/sentiment"
    expect(page.locator("#sentiment-text textarea")).to_have_value("What a warm film")
    page.close()


def _path(page: Page) -> str:
    return page.evaluate("location.pathname")
