"""The overview in a browser: sliders and presets move the charts, and doors open pages."""

from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from components.analysis.cost import Sizes, costs, growth
from components.words.numbers import multiple, operations
from models.backend.shapes import recorded
from pages.overview.presets import PRESETS
from pages.overview.screen import OverviewState
from tests.fake_backend import FakeBackend
from tests.ui.visitor import Visit

pytestmark = pytest.mark.ui
RESULT = "#overview-memory .main-svg"
MARKERS = ".scatterlayer .points path"
FIRST = Sizes(**dict(OverviewState()))


def shows(page: Page, sizes: Sizes) -> None:
    """The sentence and the table say what the arithmetic does."""
    summary = page.locator("#overview-summary")
    expect(summary).to_contain_text(f"({sizes.inputs:,} →")
    for times in growth(sizes, 8).values():
        expect(summary).to_contain_text(f"{multiple(times)} times")
    for row, cost in enumerate(costs(sizes).values()):
        expect(page.locator("#overview-numbers tbody tr").nth(row)).to_contain_text(operations(cost.operations))


def heights(page: Page) -> list[float]:
    """Of the points in the first chart, from the top of the page down."""
    boxes = [each.bounding_box() for each in page.locator("#overview-operations").locator(MARKERS).all()]
    return [box["y"] for box in boxes if box]


def test_keys_on_a_slider_change_sentence_table_and_charts(visit: Visit) -> None:
    page = visit("overview")
    expect(page.locator(MARKERS)).to_have_count(6)
    shows(page, FIRST)
    transformer, perceiver, _ = heights(page)[:3]
    assert transformer < perceiver  # higher up
    inputs = page.get_by_role("slider", name="Inputs M")
    inputs.press("Home")
    expect(inputs).to_have_attribute("aria-valuetext", "16")
    shows(page, replace(FIRST, inputs=16))
    page.wait_for_url("**inputs=16")
    expect(page.locator(MARKERS)).to_have_count(6)
    transformer, perceiver, _ = heights(page)[:3]
    assert transformer > perceiver
    layers = page.get_by_role("slider", name="Layers L")
    layers.press("ArrowLeft")
    page.wait_for_url("**layers=4*")
    value = int((layers.get_attribute("aria-valuetext") or "").replace(",", ""))
    assert value < FIRST.layers
    shows(page, replace(FIRST, inputs=16, layers=value))


def test_a_preset_sets_the_sliders(visit: Visit) -> None:
    page = visit("overview")
    page.wait_for_selector(RESULT)
    preset = PRESETS[3]
    page.get_by_role("button", name=preset.title).click()
    sizes = preset.sizes(FakeBackend({}, recorded()).describe())
    shows(page, sizes)
    expect(page.get_by_role("slider", name="Outputs O")).to_have_attribute("aria-valuetext", f"{sizes.outputs:,}")
    expect(page.locator("#overview-notice")).to_contain_text(preset.notice)
    again = visit("overview", page.url[page.url.index("?") :])
    shows(again, sizes)


def test_a_door_opens_its_page(visit: Visit) -> None:
    page = visit("overview")
    page.get_by_role("link", name="Sentiment Is a text").click()
    expect(page.locator("#sentiment-labels li").first).to_be_visible()


def test_an_old_link_to_the_root_opens_masked_language_modeling(visit: Visit) -> None:
    page = visit("overview", "?text=a+cat&mask=[[2,5]]")
    expect(page.locator("#masked_bytes-text textarea")).to_have_value("a cat")
    expect(page.locator("#masked_bytes-filled .filled")).to_have_count(3)


def test_a_link_opens_the_comparison_of_explanations(visit: Visit) -> None:
    page = visit("overview")
    expect(page.locator("#overview-explanations")).to_be_hidden()
    page.locator("a[href='#explanations']").click()
    expect(page.locator("#overview-explanations tbody tr").first).to_be_in_viewport()
