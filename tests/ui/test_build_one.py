"""What visitors do on the page "Build one", in a real browser: build, train, compare, try, and take the code away."""

import math
import re
from collections.abc import Sequence

import pytest
from playwright.sync_api import Locator, Page, expect

from models.data.build_one import write_script
from models.schema import Build, Training
from tests.ui.visitor import Visit, changed

pytestmark = pytest.mark.ui
RESULT = "#build_one-examples figure"
"""What is on the page once its first result is."""
TRAINED = re.compile(r"Step (\d+) of \1\b")
ZERO = [(0.5 + 0.2 * math.cos(turn / 2), 0.5 + 0.33 * math.sin(turn / 2)) for turn in range(14)]
SMALL = "latents=4&channels=32&layers=1"


def part(page: Page, name: str) -> Locator:
    return page.locator(f"#build_one-{name}")


def opened(visit: Visit, query: str) -> Page:
    page = visit("build_one", query)
    expect(page.locator(RESULT).first).to_be_visible(timeout=60_000)
    return page


def train(page: Page) -> None:
    part(page, "submit").click()
    expect(part(page, "stop")).to_be_enabled()
    expect(part(page, "curves").locator(".progress")).to_have_text(TRAINED, timeout=180_000)
    expect(part(page, "stop")).to_be_disabled()


def choose(page: Page, name: str, value: int) -> None:
    number = part(page, name).locator("input[type=number]").first
    number.fill(str(value))
    number.press("Tab")


def draw(page: Page, name: str, points: Sequence[tuple[float, float]]) -> None:
    """One stroke. points: 0 to 1 from the upper left corner."""
    canvas = part(page, name).locator("canvas, svg").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=3)
    page.mouse.up()


def test_trains_digits_and_classifies_a_drawn_one(visit: Visit) -> None:
    page = opened(visit, "?steps=200")
    part(page, "step").click()
    expect(part(page, "curves").locator(".progress")).to_contain_text("Step 1 of 200")
    expect(part(page, "stop")).to_be_disabled()
    part(page, "submit").click()
    expect(part(page, "stop")).to_be_enabled()
    train(page)  # while the first training is under way
    assert part(page, "examples").locator("figure.right").count() >= 6
    part(page, "try-link").locator("a").click()
    expect(part(page, "sketch")).to_be_in_viewport()
    draw(page, "sketch", ZERO)
    expect(part(page, "answer").locator("li b").first).to_have_text("0")
    expect(part(page, "network").locator("[data-stage=inputs] .cell")).to_have_count(64)
    page.wait_for_url(re.compile("steps=200"))


def test_a_pause_keeps_the_model(visit: Visit) -> None:
    page = opened(visit, f"?steps=2000&{SMALL}")
    part(page, "submit").click()
    expect(part(page, "curves").locator(".progress")).not_to_contain_text("Step 0 of", timeout=60_000)
    part(page, "stop").click()
    expect(part(page, "notice")).to_contain_text("Paused after step")
    reached = part(page, "curves").locator(".progress").inner_text()
    page.reload()
    expect(part(page, "curves").locator(".progress")).to_have_text(reached)


def test_compares_two_and_refuses_what_does_not_fit(visit: Visit) -> None:
    letters = "data=reverse&letters=4&preprocessor=text&positions=learned&combine=add&decoder=basic"
    page = opened(visit, f"?{letters}&steps=60&{SMALL}")
    train(page)
    part(page, "keep").click()
    changed(page, "#build_one-drawing", lambda: choose(page, "latents", 1))
    expect(page.locator("#build_one-page")).to_have_class(re.compile("out-of-date"))
    train(page)
    part(page, "keep").click()
    expect(part(page, "comparison").locator("tbody tr")).to_have_count(2)
    expect(part(page, "comparison").locator("thead")).to_contain_text("Latents")
    part(page, "preprocessor").locator("input").click()
    page.get_by_role("option", name="Multimodal").click()
    expect(part(page, "problems").locator("[role=alert]")).to_be_visible()
    expect(part(page, "submit")).to_be_disabled()


def test_learns_points_that_a_visitor_draws(visit: Visit) -> None:
    page = opened(visit, "")
    part(page, "data").get_by_label("Points in the plane").check()
    expect(part(page, "points").locator("svg")).to_be_visible()
    draw(page, "points", [(0.1, y / 20) for y in range(2, 19)])
    part(page, "points").locator("[data-class='1']").click()
    draw(page, "points", [(0.9, y / 20) for y in range(2, 19)])
    part(page, "training-part").locator("button").first.click()
    choose(page, "steps", 60)
    expect(part(page, "submit")).to_be_enabled()
    train(page)
    expect(part(page, "examples").locator(".regions")).to_be_visible()
    page.wait_for_url(re.compile("points="))


def test_the_code_can_be_copied(visit: Visit, screens) -> None:
    screens[False].grant_permissions(["clipboard-read", "clipboard-write"])
    page = opened(visit, "?seed=3")
    part(page, "python").locator("button").first.click()
    part(page, "code").get_by_role("button", name="Copy").click()
    assert page.evaluate("navigator.clipboard.readText()").strip() == write_script(Build(), Training(seed=3)).strip()
