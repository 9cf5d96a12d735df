"""What visitors do on the page "Build one", in a real browser."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.visitor import Visit

pytestmark = pytest.mark.ui
RESULT = "#build_one-examples figure"
"""What is on the page once its first result is."""
TRAINED = re.compile(r"Step (\d+) of \1\b")


def part(page: Page, name: str) -> Locator:
    return page.locator(f"#build_one-{name}")


def train(page: Page) -> None:
    part(page, "submit").click()
    expect(part(page, "curves").locator(".progress")).to_have_text(TRAINED, timeout=180_000)


def test_trains_pauses_and_goes_on(visit: Visit) -> None:
    page = visit("build_one", "?steps=60&latents=4&channels=16&layers=1")
    expect(page.locator(RESULT).first).to_be_visible()
    part(page, "step").click()
    expect(part(page, "curves").locator(".progress")).to_contain_text("Step 1 of 60")
    expect(part(page, "stop")).to_be_disabled()
    train(page)
    page.wait_for_url(re.compile("steps=60"))
