"""What a visitor does on the page of writing, in a real browser: begin a text, watch, stop, go on, and trace."""

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.visitor import Visit, changed, downloaded, view_of

pytestmark = pytest.mark.ui
TAB = "?tab=text_generation"
BEGIN = "The old man looked at the sea and"
CELLS = "[data-position]"
FIGURE = "#text_generation-figure svg"


def part(page: Page, name: str) -> Locator:
    return page.locator(f"#text_generation-{name}")


def traced(page: Page) -> str:
    return part(page, "figure").locator("svg").get_attribute("aria-label") or ""


def settings(tokens: int, more: str = "") -> str:
    return f"{TAB}&text={BEGIN.replace(' ', '+')}&tokens={tokens}{more}"


@pytest.fixture
def writing(visit: Visit) -> Page:
    """The page as an address opens it, its text written."""
    page = visit(settings(40))
    expect(part(page, "figure").locator("svg")).to_be_visible(timeout=60_000)
    return page


def write(page: Page) -> str:
    """Presses the button and waits for the end; the text that was written."""
    changed(page, "#text_generation-text .strip-block", lambda: page.click("#text_generation-write"))
    expect(part(page, "figure").locator("svg")).to_be_visible(timeout=60_000)
    expect(part(page, "stop")).to_be_disabled()
    return written(page)


def written(page: Page) -> str:
    return "".join(part(page, "text").locator(CELLS).all_inner_texts())


def test_a_text_is_written_and_each_token_shows_what_it_read(writing: Page) -> None:
    assert part(writing, "text").locator(CELLS).count() == 40
    expect(part(writing, "text")).to_contain_text(BEGIN)
    expect(part(writing, "notice")).to_contain_text("40 tokens")
    before = traced(writing)
    changed(writing, FIGURE, part(writing, "text").locator(CELLS).nth(25).click)
    assert traced(writing) != before
    expect(part(writing, "text").locator(CELLS).nth(25)).to_have_attribute("aria-current", "true")
    expect(part(writing, "alternatives").locator("li").first).to_be_visible()
    seen = part(writing, "read").inner_text()
    assert "The" in seen
    assert "sea" in seen
    writing.wait_for_function("location.search.includes('token=25')")


def test_the_same_seed_writes_the_same_and_the_address_brings_it_back(writing: Page, visit: Visit) -> None:
    first = written(writing)
    writing.fill("#text_generation-prompt textarea", BEGIN + " ")
    other = write(writing)
    assert other != first
    writing.fill("#text_generation-prompt textarea", BEGIN)
    assert write(writing) == first
    writing.wait_for_function("location.search.includes('sea+and&')")
    again = visit(view_of(writing), all_pages=True)
    expect(part(again, "figure").locator("svg")).to_be_visible(timeout=60_000)
    assert written(again) == first
    assert traced(again) == traced(writing)


def in_the_midst(visit: Visit) -> Page:
    """A page that writes a long text, its settings open."""
    page = visit(settings(2_000))
    page.get_by_text("How it writes").click()
    expect(part(page, "notice")).to_contain_text(re.compile(r"[1-9]\d* tokens, \d+ a second"), timeout=60_000)
    return page


def set_tokens(page: Page, count: int) -> None:
    number = part(page, "tokens").locator("input[type=number]")
    number.fill(str(count))
    number.press("Tab")
    expect(part(page, "tokens").locator("input[type=range]")).to_have_value(str(count))


def test_stops_keeps_what_is_there_and_writes_on(visit: Visit) -> None:
    page = in_the_midst(visit)
    set_tokens(page, 7)
    page.click("#text_generation-write")  # the text under way gives way
    expect(part(page, "notice")).to_contain_text("As many tokens as you asked for. 7 tokens", timeout=60_000)
    expect(part(page, "text").locator(CELLS)).to_have_count(7)

    page = in_the_midst(visit)
    page.click("#text_generation-stop")
    expect(part(page, "notice")).to_contain_text("Stopped.", timeout=60_000)
    expect(part(page, "figure").locator("svg")).to_be_visible()
    count = part(page, "text").locator(CELLS).count()
    assert 1 < count < 2_000
    kept = written(page)
    set_tokens(page, 7)
    page.click("#text_generation-more")
    expect(part(page, "text").locator(CELLS)).to_have_count(count + 7, timeout=60_000)
    assert written(page).startswith(kept)
    expect(part(page, "text").locator(CELLS).nth(count)).to_have_attribute("aria-current", "true")
    page.wait_for_function(f"location.search.includes('tokens={count + 7}&')")


def test_a_refused_text_leaves_what_is_there(visit: Visit) -> None:
    page = visit(settings(12))
    expect(part(page, "figure").locator("svg")).to_be_visible(timeout=60_000)
    kept, seen = written(page), traced(page)
    for text, said in (("", "begin"), ("x" * 1_100, "1,024")):
        page.fill("#text_generation-prompt textarea", text)
        page.click("#text_generation-write")
        expect(part(page, "notice").locator(".alert")).to_contain_text(re.compile(said, re.I))
        expect(part(page, "stop")).to_be_disabled()
        assert (written(page), traced(page)) == (kept, seen)
    expect(part(page, "more")).to_be_enabled()
    page.click("#text_generation-more")
    expect(part(page, "text").locator(CELLS)).to_have_count(24, timeout=60_000)


def test_an_example_is_written_and_compared_with_little_prefix(writing: Page) -> None:
    part(writing, "compare").locator("input").check()
    writing.get_by_text("The number of a room").click()
    expect(part(writing, "example")).to_contain_text("no digit here but 7")
    expect(part(writing, "compared").locator(".result-strip")).to_have_count(2, timeout=60_000)
    expect(part(writing, "compared")).to_contain_text("32 bytes of prefix")
    expect(part(writing, "stop")).to_be_disabled(timeout=60_000)
    expect(part(writing, "border")).to_contain_text("border before byte 689")
    part(writing, "latents").locator("input[type=number]").fill("100")
    part(writing, "latents").locator("input[type=number]").press("Enter")
    expect(part(writing, "border")).to_contain_text("border before byte 653")


def test_figures_are_saved(writing: Page, tmp_path: Path) -> None:
    with np.load(downloaded(writing, part(writing, "save-npz"), tmp_path)) as read:
        assert read["values"].shape == (len(BEGIN),)
        assert read["values"].sum() == pytest.approx(1, abs=1e-4)
