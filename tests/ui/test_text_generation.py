"""The page of text generation in a real browser: generate, watch, stop, continue, and click a token."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.visitor import Visit, changed, view_of

pytestmark = pytest.mark.ui
RESULT = "#text_generation-attention .border-mark"
"""What is on the page once its first result is."""
NAME = "text_generation"
PROMPT = "The old man looked at the sea and"
CELLS = "[data-position]"
ATTENTION = f"#{NAME}-attention .strip-block"


def part(page: Page, name: str) -> Locator:
    return page.locator(f"#{NAME}-{name}")


def link(tokens: int) -> str:
    return f"?prompt={PROMPT.replace(' ', '+')}&max_new_tokens={tokens}"


def traced(page: Page) -> str:
    return page.locator(ATTENTION).inner_text()


def text(page: Page) -> str:
    return "".join(part(page, "text").locator(CELLS).all_inner_texts())


def wait_for_end(page: Page) -> None:
    expect(part(page, "continue")).to_be_enabled(timeout=60_000)
    expect(part(page, "stop")).to_be_disabled()
    expect(page.locator(ATTENTION)).to_be_visible()


@pytest.fixture
def page(visit: Visit) -> Page:
    """As a link opens it, with its text."""
    page = visit(NAME, link(40))
    wait_for_end(page)
    return page


def generate(page: Page) -> str:
    """Presses the button and waits for the text."""
    changed(page, f"#{NAME}-text .strip-block", part(page, "generate").click)
    wait_for_end(page)
    return text(page)


def set_number(page: Page, name: str, value: int) -> None:
    number = part(page, name).locator("input[type=number]")
    number.fill(str(value))
    number.press("Tab")
    expect(part(page, name).locator("input[type=range]")).to_have_value(str(value))


def test_a_click_on_a_token_shows_its_alternatives_and_attention(page: Page) -> None:
    cells = part(page, "text").locator(CELLS)
    expect(cells).to_have_count(40)
    before = traced(page)
    changed(page, ATTENTION, cells.nth(25).click)
    assert traced(page) != before
    expect(cells.nth(25)).to_have_attribute("aria-current", "true")
    expect(part(page, "alternatives").locator("li.chosen")).to_have_count(1)
    expect(part(page, "attention").locator(".border-mark")).to_be_visible()
    page.wait_for_function("location.search.includes('token=25')")


def test_a_link_gives_the_same_text_and_attention(page: Page, visit: Visit) -> None:
    first = text(page)
    part(page, "prompt").locator("textarea").fill(PROMPT + " ")
    expect(page.locator(f"#{NAME}-page")).to_have_class(re.compile("out-of-date"))
    assert generate(page) != first
    expect(page.locator(f"#{NAME}-page")).not_to_have_class(re.compile("out-of-date"))
    part(page, "prompt").locator("textarea").fill(PROMPT)
    assert generate(page) == first
    page.wait_for_function("location.search.includes('sea+and&')")
    again = visit(NAME, view_of(page))
    wait_for_end(again)
    assert (text(again), traced(again)) == (first, traced(page))


def test_a_text_gives_way_to_another_or_is_stopped_and_continued(visit: Visit) -> None:
    page = visit(NAME, link(2_000))
    expect(part(page, "progress-notice")).to_contain_text(re.compile(r"\d+ tokens/s …"), timeout=60_000)
    page.locator(f"#{NAME}-settings button").first.click()
    set_number(page, "max_new_tokens", 7)
    part(page, "generate").click()
    expect(part(page, "text").locator(CELLS)).to_have_count(7, timeout=60_000)
    wait_for_end(page)

    set_number(page, "max_new_tokens", 500)
    part(page, "continue").click()
    expect(part(page, "progress-notice")).to_contain_text(re.compile(r"\d+ tokens/s …"), timeout=60_000)
    part(page, "stop").click()
    wait_for_end(page)
    kept, count = text(page), part(page, "text").locator(CELLS).count()
    assert 7 < count < 507
    set_number(page, "max_new_tokens", 5)
    part(page, "continue").click()
    expect(part(page, "text").locator(CELLS)).to_have_count(count + 5, timeout=60_000)
    assert text(page).startswith(kept)
    page.wait_for_function(f"location.search.includes('max_new_tokens={count + 5}&')")


def test_an_example_is_compared_and_its_layout_follows_the_latents(page: Page) -> None:
    part(page, "compare").locator("input").check()
    part(page, "examples").get_by_text("Quotation marks from the prefix").click()
    expect(part(page, "example-notice").locator(".notice")).to_be_visible()
    expect(part(page, "comparison").locator(".result-strip")).to_have_count(2, timeout=60_000)
    wait_for_end(page)
    latents = part(page, "layout").locator("i.latents")
    expect(latents).to_have_attribute("style", "flex-grow:64")
    set_number(page, "num_latents", 100)
    expect(latents).to_have_attribute("style", "flex-grow:100")
