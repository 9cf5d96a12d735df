"""The page of masked language modeling: what only a browser can show."""

import re
from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Download, Page, Route, expect

from tests.ui.visitor import Visit, choose_file, outdated, view_of

pytestmark = pytest.mark.ui
RESULT = "#masked_bytes-candidates td"
"""What is on the page once its first result is."""
NAME = "masked_bytes"
SENTENCE = "This is an incomplete sentence where some words are missing."
FILLED = f"#{NAME}-filled"


@pytest.fixture
def page(visit: Visit) -> Page:
    """As a link opens it, with a filled text."""
    page = visit(NAME, f"?{urlencode({'text': SENTENCE, 'mask': '[[51,60]]'})}")
    page.wait_for_selector(RESULT)
    return page


def write(page: Page, text: str) -> None:
    page.fill(f"#{NAME}-text textarea", text)
    start = text.replace("[MASK]", "MASK").split("\t")[0][:12]
    page.wait_for_function(  # the strip follows once the server has segmented the text
        "start => document.querySelector('.mask-cells').textContent.replaceAll('\\u00a0', ' ').startsWith(start)",
        arg=start,
    )


def drag(page: Page, first: int, last: int) -> None:
    """From one cell of the strip to another, with the mouse button held."""
    cells = page.locator(".mask-cells .cell")
    start, stop = cells.nth(first).bounding_box(), cells.nth(last).bounding_box()
    assert start
    assert stop
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(stop["x"] + stop["width"] / 2, stop["y"] + stop["height"] / 2, steps=8)
    page.mouse.up()


def masked(page: Page) -> str:
    """The text of the masked cells of the strip."""
    return "".join(page.locator(".mask-cells .hidden-cell").all_text_contents()).replace("\u00a0", " ")


def filled_text(page: Page) -> str:
    shown = page.locator(f"{FILLED} .byte").evaluate_all("all => all.map(b => b.firstChild.textContent).join('')")
    return shown.replace("␣", " ").replace("↵", "\n")


def expect_traced(page: Page, pattern: str) -> None:
    """Waits until the caption of the filled text names this attention."""
    expect(page.locator(FILLED)).to_contain_text(re.compile(pattern))


def test_drag_fill_and_click(page: Page) -> None:
    assert masked(page) == " missing."
    expect_traced(page, "byte 52")
    write(page, "The old man went down to the sea in the morning.")
    drag(page, 12, 15)
    assert masked(page) == "went"
    page.click(f"#{NAME}-fill")
    expect(page.locator(f"{FILLED} .filled")).to_have_count(4)
    text = filled_text(page)
    assert (text[:12], text[16:]) == ("The old man ", " down to the sea in the morning.")
    assert page.locator(".candidates tbody tr").count() == 5
    page.locator(f"{FILLED} [data-position='3']").click()
    expect_traced(page, "byte 3,")
    expect(page.locator(f"{FILLED} .selected")).to_have_attribute("data-position", "3")
    page.locator(".candidates td[data-position='13']").first.click()
    expect_traced(page, "byte 13,")


def test_keyboard_and_units_of_the_strip(page: Page) -> None:
    write(page, "a café — 漢 here")
    page.click(".mask-clear")
    page.click("[data-unit=words]")
    page.locator(".mask-cells .cell").nth(1).click()
    assert masked(page) == " café"
    page.click("[data-unit=bytes]")
    assert page.locator(".mask-cells .cell").all_text_contents()[5:7] == ["C3", "A9"]
    page.click(".mask-clear")
    page.locator(".mask-cells .cell").nth(13).click()
    page.click("[data-unit=characters]")
    expect(page.locator(".mask-cells .partly-hidden")).to_have_text("漢")
    page.click(".mask-clear")
    page.locator(".mask-cells .cell").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    assert masked(page) == "a "
    for cluster in ("🇩🇪", "👍🏽", "각"):  # a flag, a skin tone, Hangul jamo: one cell each
        write(page, f"a{cluster}b")
        expect(page.locator(".mask-cells .cell")).to_have_text(["a", cluster, "b"])


def test_masks_while_the_server_follows_an_edit(page: Page) -> None:
    held: list[Route] = []
    page.route("**/queue/join*", lambda route: held.append(route))
    page.locator(f"#{NAME}-text textarea").press("Home")
    page.keyboard.type("Oh! ")
    drag(page, 0, 3)
    assert masked(page) == "This missing."
    for route in held:
        route.continue_()
    page.unroute("**/queue/join*")
    expect(page.locator(".mask-cells .cell")).to_have_count(64)
    assert masked(page) == "This missing."
    assert page.input_value(f"#{NAME}-text textarea") == f"Oh! {SENTENCE}"


def test_other_inputs_mark_the_result_and_a_refusal_keeps_it(page: Page) -> None:
    answer = filled_text(page)
    assert not outdated(page, NAME)
    page.click(".mask-clear")
    expect(page.locator(f"#{NAME}-outdated")).to_be_visible()
    assert outdated(page, NAME)
    page.click(f"#{NAME}-fill")
    expect(page.locator(f"#{NAME}-notice [role=alert]")).to_be_visible()
    assert filled_text(page) == answer
    assert outdated(page, NAME)
    drag(page, 51, 59)
    expect(page.locator(f"#{NAME}-outdated")).to_be_hidden()


def test_each_of_three_quick_clicks_saves_a_file(page: Page, tmp_path: Path) -> None:
    page.locator(f"#{NAME}-method label", has_text="Rollout").click()
    expect_traced(page, "rollout")
    downloads: list[Download] = []
    page.on("download", lambda download: downloads.append(download))
    for kind in ("png", "svg", "npz"):
        choose_file(page.locator(f"#{NAME}-save"), kind)
    while len(downloads) < 3:
        page.wait_for_event("download")
    files = {}
    for download in downloads:
        file = tmp_path / download.suggested_filename
        download.save_as(file)
        files[file.suffix] = file
    with Image.open(files[".png"]) as image:
        assert image.size[0] == 1600
    assert ElementTree.parse(files[".svg"]).getroot().tag.endswith("svg")
    with np.load(files[".npz"]) as arrays:
        assert list(arrays["units"][:3]) == ["CLS", "T", "h"]
        total = arrays["values"].sum() + arrays["latent_share"] + arrays["query_share"]
    np.testing.assert_allclose(total, 1, atol=1e-5)


def test_the_link_restores_the_view(page: Page, visit: Visit) -> None:
    write(page, "She opened the window and looked out.")
    page.click(".mask-clear")
    drag(page, 4, 9)
    page.click(f"#{NAME}-fill")
    expect(page.locator(f"{FILLED} .filled")).to_have_count(6)
    page.locator(f"#{NAME}-method label", has_text="Rollout").click()
    page.locator(f"{FILLED} [data-position='7']").click()
    expect_traced(page, "rollout.*byte 7,")
    page.wait_for_url(re.compile("method=rollout.*byte=7"))
    other = visit(NAME, view_of(page))
    expect(other.locator(f"{FILLED} .filled")).to_have_count(6)
    assert masked(other) == "opened"
    assert filled_text(other) == filled_text(page)
    expect(other.locator(FILLED)).to_have_text(page.locator(FILLED).inner_text(), use_inner_text=True)
    assert not outdated(other, NAME)
