"""The border between two pictures: slid with keys and with a pointer, without a server."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from components.html.images.comparison import warp_check

pytestmark = pytest.mark.ui

FOLDER = Path(__file__).parents[2] / "components"
START = """(script) => {
    window.watched = [];
    const watch = (names, callback) => window.watched.push(callback);
    new Function('element', 'trigger', 'watch', script)(document.querySelector('.picture-block'), () => {}, watch);
}"""


def markup() -> str:
    return warp_check(Image.new("RGB", (320, 240), "#ff0000"), Image.new("RGB", (320, 240), "#0000ff"), 9.0, 1.0)


def opened(browser: Browser, width: int) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 700})
    css = "".join(
        (FOLDER / "html" / "images" / name).read_text(encoding="utf-8") for name in ("images.css", "flow.css")
    )
    page.set_content(f'<style>{css}</style><div class="picture-block">{markup()}</div>')
    page.evaluate(START, (FOLDER / "js" / "compare.js").read_text(encoding="utf-8"))
    return page


def red_columns(page: Page) -> float:
    """How much of the picture's width shows the first frame."""
    shown = Image.open(io.BytesIO(page.locator(".comparison .frame").screenshot())).convert("RGB")
    row = np.asarray(shown).astype(int)[10]
    return float((row[:, 0] > row[:, 2]).mean())


def test_the_border_follows_keys_and_pointer(browser):
    page = opened(browser, 900)
    slide = page.get_by_role("slider")
    assert red_columns(page) == pytest.approx(0.5, abs=0.02)
    slide.press("End")
    assert red_columns(page) == pytest.approx(1.0, abs=0.04)
    box = slide.bounding_box()
    assert box is not None
    slide.click(position={"x": 0.25 * box["width"], "y": 0.9 * box["height"]})
    assert red_columns(page) == pytest.approx(0.25, abs=0.02)
    slide.press("ArrowRight")
    assert float(slide.input_value()) == pytest.approx(25, abs=2)
    page.close()


def test_the_border_stays_where_it_is_when_the_pictures_change(browser):
    page = opened(browser, 900)
    page.get_by_role("slider").press("Home")
    page.evaluate("(html) => { document.querySelector('.picture-block').innerHTML = html }", markup())
    page.evaluate("() => window.watched.forEach((callback) => callback())")
    assert page.get_by_role("slider").input_value() == "0"
    assert red_columns(page) == pytest.approx(0.0, abs=0.04)
    page.close()
