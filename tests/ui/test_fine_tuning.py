"""What visitors do on the page of teaching, in a real browser: teach, try, stop, keep, and bring rows of their own."""

import gc
import json
import re
import time
import zipfile
from pathlib import Path

import pytest
import torch
from pages.taught import TaughtModels
from playwright.sync_api import Locator, Page, expect
from transformers import PerceiverForSequenceClassification, PerceiverTokenizer

from tests.ui.visitor import Visit, downloaded

pytestmark = pytest.mark.ui
COLORS = {"warm": ("red", "orange", "yellow"), "cold": ("blue", "cyan", "violet")}


BAD = {
    "no header": (b"good film,praise\nbad film,blame\ngood car,praise\n" * 3, "name its columns"),
    "one label": (b"text,label\n" + b"".join(b"row %d,yes\n" % i for i in range(9)), "same label"),
    "empty": (b"", "empty"),
    "another encoding": ("text,label\nun café,oui\n".encode("latin-1"), "UTF-8"),
    "a spreadsheet": (b"PK\x03\x04" + bytes(200), "spreadsheet"),
}


def part(page: Page, name: str) -> Locator:
    return page.locator(f"#fine_tuning-{name}")


def opened(visit: Visit, asked: str = "", label: str = "urgent") -> Page:
    """asked: a set and settings, as an address has them; label: one of that set."""
    page = visit(f"?tab=fine_tuning{asked}")
    expect(part(page, "labels")).to_contain_text(label)
    return page


@pytest.fixture
def lesson(visit: Visit) -> Page:
    """The page as it opens, with the first of its sets."""
    return opened(visit)


def held() -> int:
    """How many taught models the app, which runs in this process, has in memory."""
    return sum(len(each) for each in gc.get_objects() if isinstance(each, TaughtModels))


def give(page: Page, file: Path) -> None:
    """Takes away the file in the field, as a visitor must, and gives another one."""
    clear = part(page, "file").get_by_label("Clear")
    # While a file is on its way, there is neither.
    expect(part(page, "file").locator("input[type=file], [aria-label=Clear]").first).to_be_attached()
    if clear.count():
        clear.first.click()
    part(page, "file").locator("input[type=file]").set_input_files(file)


def taught(page: Page) -> float:
    """Waits until it is; returns the share of held-out rows that are right."""
    expect(part(page, "notice")).to_contain_text("held-out rows it gets", timeout=300_000)
    found = re.search(r"\((\d+)%\)", part(page, "notice").inner_text())
    assert found
    return int(found[1]) / 100


def test_learns_urgency_and_takes_it_home(visit: Visit, tmp_path: Path) -> None:
    lesson = opened(visit, "&epochs=2")
    expect(part(lesson, "try")).to_be_disabled()
    part(lesson, "save-zip").click()
    expect(lesson.get_by_text("There is nothing to save yet")).to_be_visible()
    lesson.click("#fine_tuning-teach")
    expect(part(lesson, "curves").locator("svg").first).to_be_visible(timeout=60_000)
    assert taught(lesson) > 0.8
    assert part(lesson, "held-out").locator("table").first.locator("tr").count() >= 3
    lesson.fill("#fine_tuning-text textarea", "The pipe has burst and water is running into the cellar, come now")
    lesson.click("#fine_tuning-try")
    expect(part(lesson, "answer")).to_contain_text("%")
    assert part(lesson, "answer").inner_text().startswith("urgent")

    zipfile.ZipFile(downloaded(lesson, part(lesson, "save-zip"), tmp_path)).extractall(tmp_path)
    model = PerceiverForSequenceClassification.from_pretrained(tmp_path / "taught-perceiver").eval()
    ids = PerceiverTokenizer()("Could you water the plants some time next month?", return_tensors="pt").input_ids
    with torch.no_grad():
        best = int(model(inputs=ids).logits[0].argmax())
    lesson.fill("#fine_tuning-text textarea", "Could you water the plants some time next month?")
    lesson.click("#fine_tuning-try")
    expect(part(lesson, "answer").locator("li").first).to_contain_text(model.config.id2label[best])
    assert json.loads((tmp_path / "taught-perceiver.ipynb").read_text())["nbformat"] == 4
    lesson.wait_for_function("location.search.includes('seed=')")  # as nobody had asked for it
    lesson.close()


def test_two_visitors_teach_at_once_and_neither_meets_the_others_labels(visit: Visit, tmp_path: Path) -> None:
    quick = "&epochs=1&batch=16&learns=decoder"
    one, other = opened(visit, quick), opened(visit, quick)
    table = tmp_path / "colors.csv"
    rows = [f"{name} number {i},{label}" for label, names in COLORS.items() for name in names for i in range(4)]
    table.write_text("\n".join(["text,label", *rows]) + "\n")
    give(other, table)
    expect(part(other, "labels")).to_contain_text("warm")
    for page in (one, other):
        page.click("#fine_tuning-teach")
    taught(other)
    taught(one)
    for page, labels in ((one, {"urgent", "can wait"}), (other, {"warm", "cold"})):
        page.fill("#fine_tuning-text textarea", "red number 9")
        page.click("#fine_tuning-try")
        expect(part(page, "answer").locator("li")).to_have_count(2)
        assert set(part(page, "answer").locator("li .name").all_inner_texts()) == labels
    assert held() >= 2
    other.reload()
    expect(part(other, "labels")).to_contain_text("urgent")
    expect(part(other, "try")).to_be_disabled()
    one.close()
    other.close()
    until = time.monotonic() + 20
    while held() and time.monotonic() < until:
        time.sleep(0.2)
    assert held() == 0


def test_stopping_keeps_what_was_learnt(visit: Visit, tmp_path: Path) -> None:
    page = opened(visit, "&set=2&epochs=50&batch=16&learns=decoder", "german")
    page.click("#fine_tuning-teach")
    expect(part(page, "notice")).to_contain_text("epoch 3", timeout=60_000)
    page.click("#fine_tuning-stop")
    expect(part(page, "notice")).to_contain_text("Kept is what it knew after step")
    expect(part(page, "try")).to_be_enabled()
    page.click("#fine_tuning-try")
    expect(part(page, "answer").locator("li")).to_have_count(4)
    with zipfile.ZipFile(downloaded(page, part(page, "save-zip"), tmp_path)) as kept:
        assert "taught-perceiver/config.json" in kept.namelist()
    page.close()


def test_a_table_of_ones_own_its_mistakes_and_tables_that_are_refused(lesson: Page, tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    rows = [f"{i},note {name} {i},{label}" for label, names in COLORS.items() for name in names for i in range(2)]
    table.write_text("\n".join(["id,note,kind", "9,=cmd()|<img src=x>,cold", *rows, "8,,cold"]) + "\n")
    give(lesson, table)
    expect(part(lesson, "rows-notice")).to_contain_text("Row 15 has no text")
    assert part(lesson, "text-column").locator("input").input_value() == "note"
    assert part(lesson, "label-column").locator("input").input_value() == "kind"
    lesson.get_by_text("The rows", exact=True).click()
    assert "=cmd()|<img src=x>" in part(lesson, "preview").inner_text()
    assert part(lesson, "preview").locator("img").count() == 0
    expect(part(lesson, "teach")).to_be_enabled()
    for number, (content, said) in enumerate(BAD.values()):
        refused = tmp_path / f"{number}.csv"
        refused.write_bytes(content)
        give(lesson, refused)
        expect(part(lesson, "rows-notice")).to_contain_text(said)
        expect(part(lesson, "teach")).to_be_disabled()
    big = tmp_path / "big.csv"
    with big.open("wb") as file:
        file.truncate(100 * 2**20)
    give(lesson, big)
    expect(lesson.get_by_text(re.compile("maximum allowed size|too large")).first).to_be_visible(timeout=60_000)
    part(lesson, "sets").get_by_text("Question or statement").click()
    expect(part(lesson, "labels")).to_contain_text("statement")
    expect(part(lesson, "teach")).to_be_enabled()
