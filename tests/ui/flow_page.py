"""The page of optical flow as a visitor finds it, and what they do there again and again."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.image_files import saved
from tests.ui.visitor import Visit, changed

TAB = "?tab=optical_flow"


def part(page: Page, name: str) -> Locator:
    return page.locator(f"#optical_flow-{name}")


def shows_a_check(page: Page) -> None:
    """All of an answer is there: the check comes last."""
    expect(part(page, "check").locator(".comparison").first).to_be_visible(timeout=60_000)


@pytest.fixture
def flow(visit: Visit) -> Page:
    """The page as it opens by its address, with its first example answered."""
    page = visit(TAB)
    shows_a_check(page)
    return page


def changed_by(page: Page, act: Callable[[], object], name: str = "motion") -> str:
    """Does something and waits until a part of the page is another; returns its text."""
    block = f"#optical_flow-{name} .picture-block"
    changed(page, block, act)
    return page.locator(block).inner_text()


def give(page: Page, name: str, file: Path) -> None:
    """Takes away what is in a field, as a visitor must, and gives another file."""
    clear = part(page, name).get_by_label(re.compile("clear|remove", re.I))
    if clear.count():
        clear.first.click()
    part(page, name).locator("input[type=file]").set_input_files(file)
    expect(part(page, name).locator("img").first).to_be_visible()


def picture(folder: Path, name: str, content: bytes | Image.Image) -> Path:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else saved(content, "PNG"))
    return file


def noise(width: int, height: int, shift: int = 0) -> Image.Image:
    """Moves to the right by `shift` pixels."""
    small = np.random.default_rng(0).integers(0, 256, (height // 8 + 2, width // 8 + 20, 3), dtype=np.uint8)
    whole = Image.fromarray(small).resize((width + 128, height), Image.Resampling.BICUBIC)
    return whole.crop((64 - shift, 0, 64 - shift + width, height))
