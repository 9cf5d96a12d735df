"""What a visitor does on the page of sentiment, in a real browser."""

import csv
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.ui.visitor import Visit, changed, downloaded, view_of

pytestmark = pytest.mark.ui
PRAISE = "a wonderful and moving film, beautifully acted."
BLAME = "a dull, stupid and boring film that fails at everything it tries."


def part(page: Page, name: str) -> Locator:
    return page.locator(f"#sentiment-{name}")


@pytest.fixture
def texts(visit: Visit) -> Page:
    """The page as it opens by its address, with its first example answered."""
    page = visit("?tab=sentiment")
    expect(part(page, "figure").locator("svg")).to_be_visible(timeout=60_000)
    return page


BLOCKS = {"labels": ".picture-block", "occlusion": ".picture-block", "strip": ".strip-block", "figure": "svg"}
"""Of each part what is its answer, and not Gradio's word on how long it takes."""


def changed_by(page: Page, act: Callable[[], object], name: str = "labels") -> str:
    """Does something and waits until a part of the page is another; returns its text."""
    changed(page, f"#sentiment-{name} {BLOCKS[name]}", act)
    return shown(page, name)


def shown(page: Page, name: str) -> str:
    return (part(page, name).locator(BLOCKS[name]).first.text_content() or "").strip()


def ask(page: Page, text: str) -> str:
    page.fill("#sentiment-text textarea", text)
    return changed_by(page, lambda: page.click("#sentiment-ask"))


def choose(page: Page, name: str, choice: str) -> None:
    part(page, name).locator("label", has_text=choice).first.click()


def figure(page: Page) -> str:
    return part(page, "figure").locator("svg").get_attribute("aria-label") or ""


def test_praise_and_blame_are_told_apart_and_words_left_out(texts: Page) -> None:
    assert ask(texts, BLAME).startswith("negative")
    assert ask(texts, PRAISE).startswith("positive")
    expect(part(texts, "run-line")).to_contain_text("sentiment")
    expect(part(texts, "occlusion")).to_contain_text("Spearman")
    assert part(texts, "occlusion").locator("tbody th").all_inner_texts() == PRAISE.split()
    texts.get_by_label("Also leave out each word").uncheck()
    assert "No word was left out" in changed_by(texts, lambda: texts.click("#sentiment-ask"), "occlusion")


def test_attention_is_shown_in_other_units_by_other_ways_and_in_the_address(texts: Page, visit: Visit) -> None:
    ask(texts, PRAISE)
    cells = part(texts, "strip").locator(".byte")
    assert [cell.strip() for cell in cells.all_inner_texts()] == PRAISE.split()
    changed_by(texts, lambda: choose(texts, "unit", "bytes"), "strip")
    assert cells.count() == len(PRAISE)
    changed_by(texts, lambda: choose(texts, "method", "rollout"), "figure")
    assert "rollout" in figure(texts).lower()
    texts.wait_for_function("location.search.includes('rollout')")
    linked = visit(view_of(texts), all_pages=True)
    expect(part(linked, "figure").locator("svg")).to_be_visible(timeout=60_000)
    assert "rollout" in figure(linked).lower()
    assert shown(linked, "labels") == shown(texts, "labels")
    assert linked.input_value("#sentiment-text textarea") == PRAISE


def test_a_long_review_is_read_in_windows_that_vote_and_mistakes_are_said(texts: Page) -> None:
    words = part(texts, "occlude").locator("input")
    words.uncheck()  # of a long text that takes its time, and what is asked next has to wait
    said = changed_by(texts, lambda: texts.get_by_text("A long review that changes its mind").click())
    assert "Window by window" in said
    length = len(texts.input_value("#sentiment-text textarea").encode())
    assert length > 1000
    rows = part(texts, "labels").locator("table tr")
    assert rows.count() > length // 254

    before = shown(texts, "labels")
    for text, said in (("   ", "no text yet"), ("x" * 16_385, "16,385 bytes")):
        texts.fill("#sentiment-text textarea", text)
        texts.click("#sentiment-ask")
        expect(part(texts, "notice")).to_contain_text(said)
        assert shown(texts, "labels") == before
        assert texts.input_value("#sentiment-text textarea") == text
    words.check()
    ask(texts, "word " * 401)  # classified, but not without each of them in turn
    expect(part(texts, "notice")).to_contain_text("401 words")


def saves_its_figures(texts: Page, tmp_path: Path) -> None:
    for name in ("save", "occlusion-save"):
        with Image.open(downloaded(texts, part(texts, f"{name}-png"), tmp_path)) as image:
            assert image.size == (1600, 1000)
        ElementTree.parse(downloaded(texts, part(texts, f"{name}-svg"), tmp_path))
    with np.load(downloaded(texts, part(texts, "save-npz"), tmp_path)) as arrays:
        assert arrays["values"].sum() == pytest.approx(1, abs=1e-4)


def test_figures_are_saved_and_a_table_is_classified_and_a_bad_one_refused(texts: Page, tmp_path: Path) -> None:
    saves_its_figures(texts, tmp_path)
    table = tmp_path / "reviews.csv"
    table.write_text(
        f'name,review\nanna,"{PRAISE}"\nben,"{BLAME}"\ncarl,=1+1 <b>wonderful</b>\ndora,\n', encoding="utf-8"
    )
    texts.get_by_text("Several texts at once").click()
    part(texts, "file").locator("input[type=file]").set_input_files(table)
    expect(part(texts, "column").locator("input")).to_have_value("review")
    texts.click("#sentiment-ask-all")
    expect(part(texts, "all-notice")).to_contain_text("3 texts classified")
    expect(part(texts, "all-notice")).to_contain_text("Row 5")
    assert "<b>" in part(texts, "table").inner_text()
    with downloaded(texts, part(texts, "table-save-csv"), tmp_path).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["row"], row["label"]) for row in rows[:2]] == [("2", "positive"), ("3", "negative")]
    assert rows[2]["text"] == "'=1+1 <b>wonderful</b>"
    assert all(0.5 <= float(row["probability"]) <= 1 for row in rows)
    part(texts, "file").get_by_label("Clear").first.click()
    table.write_bytes("texte\nun café\n".encode("latin-1"))
    part(texts, "file").locator("input[type=file]").set_input_files(table)
    expect(part(texts, "all-notice")).to_contain_text("UTF-8")
    expect(part(texts, "ask-all")).to_be_disabled()
