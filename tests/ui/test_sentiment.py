"""What a visitor does on the page of sentiment, in a real browser."""

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.visitor import Visit, changed, downloaded, open_attention, view_of

pytestmark = pytest.mark.ui
RESULT = "#sentiment-strip .byte"
"""What is on the page once its first result is."""
PRAISE = "a wonderful and moving film, beautifully acted."
CRITICISM = "a dull, stupid and boring film that fails at everything it tries."


def part(page: Page, name: str) -> Locator:
    return page.locator(f"#sentiment-{name}")


@pytest.fixture
def page(visit: Visit) -> Page:
    """The page as it opens, with the result of its first example."""
    page = visit("sentiment")
    expect(part(page, "occlusion").locator("tbody")).to_be_visible(timeout=60_000)
    return page


def classify(page: Page, text: str) -> str:
    """The best label."""
    page.fill("#sentiment-text textarea", text)
    changed(page, "#sentiment-labels .picture-block", lambda: page.click("#sentiment-classify"))
    return part(page, "labels").locator("li .name").first.inner_text()


def choose(page: Page, name: str, choice: str) -> None:
    part(page, name).locator("label", has_text=choice).first.click()


def words(page: Page) -> Locator:
    return part(page, "occlusion").locator("tbody th")


def test_classifies_and_leaves_out_words(page: Page) -> None:
    assert classify(page, CRITICISM) == "negative"
    assert classify(page, PRAISE) == "positive"
    expect(words(page)).to_have_text(PRAISE.split())
    part(page, "occlude").locator("input").uncheck()
    expect(page.locator("#sentiment-page")).to_have_class(re.compile("out-of-date"))
    page.click("#sentiment-classify")
    expect(part(page, "occlusion").locator(".notice")).to_be_visible()
    expect(page.locator("#sentiment-page")).not_to_have_class(re.compile("out-of-date"))


def test_a_link_restores_units_method_and_text(page: Page, visit: Visit) -> None:
    classify(page, PRAISE)
    cells = part(page, "strip").locator(".byte")
    assert [cell.strip() for cell in cells.all_inner_texts()] == PRAISE.split()
    open_attention(page)
    choose(page, "unit", "byte")
    expect(cells).to_have_count(len(PRAISE))
    choose(page, "method", "Rollout")
    page.wait_for_url(re.compile("unit=bytes"))
    page.wait_for_url(re.compile("method=rollout"))
    linked = visit("sentiment", view_of(page))
    expect(part(linked, "strip").locator(".byte")).to_have_count(len(PRAISE), timeout=60_000)
    expect(words(linked)).to_have_text(PRAISE.split())
    assert linked.input_value("#sentiment-text textarea") == PRAISE
    expect(part(linked, "strip")).to_have_text(part(page, "strip").inner_text(), use_inner_text=True)


def test_a_table_is_classified_and_saved(page: Page, tmp_path: Path) -> None:
    table = tmp_path / "reviews.csv"
    table.write_text(f'name,review\nanna,"{PRAISE}"\nben,"{CRITICISM}"\ncarl,=1+1 <b>wonderful</b>\n', encoding="utf-8")
    part(page, "table").locator("button").first.click()
    page.set_input_files("#sentiment_table-file input[type=file]", table)
    expect(page.locator("#sentiment_table-column input")).to_have_value("review")
    page.click("#sentiment_table-submit")
    expect(page.locator("#sentiment_table-table tbody tr")).to_have_count(3)
    assert "<b>" in page.locator("#sentiment_table-table").inner_text()
    expect(page.locator("#sentiment_table-stop")).to_be_disabled()
    saved = downloaded(page, page.locator("#sentiment_table-save"), "csv", tmp_path)
    with saved.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["row"], row["label"]) for row in rows[:2]] == [("2", "positive"), ("3", "negative")]
    page.fill("#sentiment-text textarea", "another text")
    expect(page.locator("#sentiment-page")).to_have_class(re.compile("out-of-date"))
    assert page.locator("#sentiment_table-table").evaluate("each => getComputedStyle(each).opacity") == "1"
