"""What visitors do on the page of fine-tuning, in a real browser: train, test, stop, save, and upload a dataset."""

import json
import re
import zipfile
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Locator, Page, expect
from transformers import PerceiverForSequenceClassification, PerceiverTokenizer

from tests.ui.visitor import Visit, downloaded

pytestmark = pytest.mark.ui
RESULT = "#fine_tuning-labels li"
"""What is on the page once its first result is."""
COLORS = {"warm": ("red", "orange", "yellow"), "cold": ("blue", "cyan", "violet")}
NEW_TEXT = "Could you water the plants some time next month?"
QUICK = "?epochs=1&batch_size=16&frozen=true"


def part(page: Page, name: str) -> Locator:
    return page.locator(f"#fine_tuning-{name}")


def opened(visit: Visit, query: str = "", labels: int = 2) -> Page:
    page = visit("fine_tuning", query)
    expect(part(page, "labels").locator("li")).to_have_count(labels)
    return page


def upload(page: Page, file: Path) -> None:
    part(page, "example").locator("label").last.click()
    part(page, "file").locator("input[type=file]").set_input_files(file)


def train(page: Page) -> None:
    part(page, "submit").click()
    expect(part(page, "test")).to_be_enabled(timeout=300_000)


def classify(page: Page, text: str) -> Locator:
    """The labels, the most probable one first."""
    part(page, "text").locator("textarea").fill(text)
    part(page, "test").click()
    expect(part(page, "test-strip")).to_contain_text(text.split()[0])
    return part(page, "test-labels").locator("li .name")


def test_trains_tests_and_saves(visit: Visit, tmp_path: Path) -> None:
    page = opened(visit, QUICK)
    expect(part(page, "test")).to_be_disabled()
    train(page)
    expect(part(page, "curves").locator("svg").first).to_be_visible()
    zipfile.ZipFile(downloaded(page, part(page, "save"), "zip", tmp_path)).extractall(tmp_path)
    model = PerceiverForSequenceClassification.from_pretrained(tmp_path / "fine-tuned-perceiver").eval()
    ids = PerceiverTokenizer()(NEW_TEXT, return_tensors="pt").input_ids
    with torch.no_grad():
        best = int(model(inputs=ids).logits[0].argmax())
    expect(classify(page, NEW_TEXT).first).to_have_text(model.config.id2label[best])
    assert json.loads((tmp_path / "fine-tuned-perceiver.ipynb").read_text())["nbformat"] == 4
    page.wait_for_url(re.compile("epochs=1"))
    part(page, "example").locator("label").nth(1).click()
    expect(page.locator("#fine_tuning-page")).to_have_class(re.compile("out-of-date"))


def test_a_stop_keeps_the_model_also_for_a_return(visit: Visit) -> None:
    page = opened(visit, "?example=1&epochs=50&batch_size=16&frozen=true", labels=4)
    part(page, "submit").click()
    expect(part(page, "notice")).to_contain_text(re.compile("epoch [2-9]"), timeout=60_000)
    part(page, "stop").click()
    expect(part(page, "test")).to_be_enabled()
    expect(part(page, "stop")).to_be_disabled()
    expect(classify(page, "Guten Tag")).to_have_count(4)
    page.reload()
    expect(part(page, "test-labels").locator("li")).to_have_count(4)
    expect(part(page, "curves").locator("svg").first).to_be_visible()
    expect(part(page, "test")).to_be_enabled()


def test_an_uploaded_table_its_problems_and_a_refused_one(visit: Visit, tmp_path: Path) -> None:
    page = opened(visit)
    table = tmp_path / "mine.csv"
    rows = [f"{i},note {name} {i},{label}" for label, names in COLORS.items() for name in names for i in range(2)]
    table.write_text("\n".join(["id,note,kind", "9,=cmd()|<img src=x>,cold", *rows, "8,,cold"]) + "\n")
    upload(page, table)
    expect(part(page, "text_column").locator("input")).to_have_value("note")
    expect(part(page, "label_column").locator("input")).to_have_value("kind")
    expect(part(page, "dataset-notice").locator("[role=alert]")).to_be_visible()
    part(page, "rows").locator("button").first.click()
    expect(part(page, "preview")).to_contain_text("=cmd()|<img src=x>")
    assert part(page, "preview").locator("img").count() == 0
    expect(part(page, "submit")).to_be_enabled()
    part(page, "file").get_by_label("Clear").first.click()
    expect(part(page, "submit")).to_be_disabled()
    table.write_bytes(b"text,label\n\x81,a\n")  # in no encoding
    part(page, "file").locator("input[type=file]").set_input_files(table)
    expect(part(page, "dataset-notice")).to_contain_text("UTF-8")
    expect(part(page, "submit")).to_be_disabled()
    part(page, "example").locator("label").nth(2).click()
    expect(part(page, "submit")).to_be_enabled()
