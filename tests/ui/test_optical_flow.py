"""What a visitor does on the page of optical flow, in a real browser."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from models.data.flow_files import read_flow, write_flo, write_kitti
from tests.image_files import saved
from tests.ui.flow_page import TAB, changed_by, flow, give, noise, part, picture, shows_a_check
from tests.ui.visitor import Visit, downloaded, view_of

pytestmark = pytest.mark.ui
__all__ = ["flow"]


def test_opens_with_an_answer_and_what_to_notice_in_the_first_view(flow: Page) -> None:
    for each in (part(flow, "ask"), part(flow, "motion").locator("img").nth(1), part(flow, "notice")):
        expect(each).to_be_in_viewport()
    expect(part(flow, "notice")).to_contain_text("colors of the wheel")
    expect(part(flow, "motion")).to_contain_text("Farnebäck")
    expect(part(flow, "check")).to_contain_text("EPE")
    expect(part(flow, "attention")).to_contain_text("times uniform")


def test_every_example_is_answered_with_its_truth(flow: Page) -> None:
    chips = part(flow, "examples").locator("button:has(img), .gallery-item")
    assert chips.count() >= 6
    changed_by(flow, chips.nth(4).click)
    expect(part(flow, "notice")).to_contain_text("should be zero")
    shows_a_check(flow)
    expect(part(flow, "check")).to_contain_text("EPE")
    assert "example=5" in flow.url


def test_frames_of_ones_own_and_what_is_said_until_both_are_there(flow: Page, tmp_path: Path) -> None:
    give(flow, "first", picture(tmp_path, "a.png", noise(160, 120)))
    expect(part(flow, "notice")).to_contain_text("both frames")
    part(flow, "ask").click()
    expect(part(flow, "notice")).to_contain_text("the first has 160 x 120 pixels, the second 384 x 288")
    expect(part(flow, "motion").locator("img").first).to_be_visible()
    give(flow, "second", picture(tmp_path, "b.png", noise(160, 120, 3)))
    said = changed_by(flow, part(flow, "ask").click)
    assert re.search(r"Perceiver: mean (2\.[5-9]|3\.[0-5]) px, mostly right", said)
    shows_a_check(flow)
    expect(part(flow, "check")).not_to_contain_text("EPE")  # the example's truth is not of these frames
    expect(part(flow, "check")).to_contain_text("less")


def test_a_missing_frame_is_said(flow: Page) -> None:
    part(flow, "second").get_by_label(re.compile("clear|remove", re.I)).first.click()
    part(flow, "ask").click()
    expect(part(flow, "notice")).to_contain_text("The second frame is missing")
    expect(part(flow, "motion").locator("img").first).to_be_visible()


def test_what_cannot_be_read_is_said_and_nothing_is_lost(flow: Page, tmp_path: Path) -> None:
    block = part(flow, "motion").locator(".picture-block")
    before = block.inner_text()
    for name, content, words in (
        ("text.png", b"not a picture", "no picture that can be read"),
        ("empty.png", b"", "empty"),
        ("cut.jpg", saved(noise(200, 100), "JPEG")[:1500], "damaged or cut short"),
        ("large.png", saved(Image.new("1", (4200, 2500)), "PNG"), "at most 10 megapixels"),
    ):
        part(flow, "second").get_by_label(re.compile("clear|remove", re.I)).first.click()
        part(flow, "second").locator("input[type=file]").set_input_files(picture(tmp_path, name, content))
        expect(part(flow, "notice")).to_contain_text("press the button")
        part(flow, "ask").click()
        expect(part(flow, "notice")).to_contain_text(words)
        assert block.inner_text() == before


def test_frames_with_transparency_and_16_bits(flow: Page, tmp_path: Path) -> None:
    gray = np.asarray(noise(90, 70).convert("L")).astype(np.uint16) * 257
    clear = noise(90, 70, 2)
    clear.putalpha(Image.new("L", clear.size, 255))
    give(flow, "first", picture(tmp_path, "a.png", Image.fromarray(gray)))
    give(flow, "second", picture(tmp_path, "b.png", clear))
    assert "mostly right" in changed_by(flow, part(flow, "ask").click)


def test_another_method_beside_and_none(flow: Page) -> None:
    def choose(name: str) -> None:
        part(flow, "method").locator("input").click()
        flow.get_by_role("option", name=name).click()

    assert "DIS (OpenCV): mean" in changed_by(flow, lambda: choose("DIS"))
    expect(part(flow, "check")).to_contain_text("DIS (OpenCV): EPE")
    said = changed_by(flow, lambda: choose("none"))
    assert "DIS" not in said
    assert "Farnebäck" not in said
    expect(part(flow, "check").locator(".comparison")).to_have_count(1)
    assert "method=&" in flow.url


def test_a_click_asks_about_a_pixel_and_the_address_brings_it_back(flow: Page, visit: Visit) -> None:
    places = part(flow, "motion").locator("[data-rows]").nth(1)
    box = places.bounding_box()
    assert box
    said = changed_by(flow, lambda: places.click(position={"x": box["width"] / 4, "y": box["height"] / 2}))
    assert re.search(r"Pixel at the cross: .*(px (right|left|up|down)|hardly moves)", said)
    expect(part(flow, "attention")).to_contain_text(re.compile(r"Cross: row 14\d, column (9[5-9]|10\d)"))
    flow.wait_for_url(re.compile("pixel="))
    linked = visit(view_of(flow), all_pages=True)
    shows_a_check(linked)
    before, again = (part(each, "attention").locator(".picture-block").inner_text() for each in (flow, linked))
    assert again == before


def test_keys_choose_a_pixel_as_well(flow: Page) -> None:
    places = part(flow, "motion").locator("[data-rows]").nth(1)

    def by_keys() -> None:
        places.focus()
        flow.keyboard.press("ArrowUp")
        flow.keyboard.press("Enter")

    changed_by(flow, by_keys, "attention")


def test_roll_out_sizes_and_scale(flow: Page) -> None:
    said = changed_by(flow, part(flow, "look").get_by_text("rollout").click, "attention")
    assert "rollout" in said.lower()
    assert "output query 50 %" in said

    def largest() -> None:
        part(flow, "step").locator("input").click()
        flow.get_by_role("option", name="384 x 288").click()

    assert re.search(r"384 × 288\s+.*mapped above", changed_by(flow, largest, "attention"))
    said = changed_by(flow, part(flow, "scale").get_by_text("log10").click, "attention")
    assert "log10 of times uniform" in said
    flow.wait_for_url(re.compile("look=rollout.*scale=log.*step=3"))


def test_the_border_slides(flow: Page) -> None:
    slide = part(flow, "check").locator(".slide").first
    slide.focus()
    for _ in range(5):
        flow.keyboard.press("ArrowRight")
    moved = float(slide.input_value())
    assert moved > 50
    # What is seen of the first frame: its part of the picture is cut off at the border.
    border = "e => Number(getComputedStyle(e.querySelector('.comparison .left')).getPropertyValue('--border'))"
    assert part(flow, "check").evaluate(border) == moved
    left, line = (part(flow, "check").locator(f".comparison {name}").first for name in (".left", ".border"))
    frame, at = left.bounding_box(), line.bounding_box()
    assert frame
    assert at
    assert at["x"] + 1 - frame["x"] == pytest.approx(11 + (frame["width"] - 22) * moved / 100, abs=1.5)


def test_a_truth_of_ones_own(flow: Page, tmp_path: Path) -> None:
    """What is given as the truth counts: a wrong one, twice as large as what moves, makes a large error."""
    flow.locator("#optical_flow-truth-section button").first.click()
    truth = np.full((288, 384, 2), 50, np.float32)
    write_flo(tmp_path / "mine.flo", truth)
    part(flow, "truth").get_by_label(re.compile("clear|remove", re.I)).first.click()
    part(flow, "truth").locator("input[type=file]").set_input_files(tmp_path / "mine.flo")
    expect(part(flow, "check")).to_contain_text(re.compile(r"EPE (6|7)\d"))
    (tmp_path / "small.flo").write_bytes(b"PIEH" + (2).to_bytes(4, "little") + (1).to_bytes(4, "little") + bytes(16))
    part(flow, "truth").get_by_label(re.compile("clear|remove", re.I)).first.click()
    part(flow, "truth").locator("input[type=file]").set_input_files(tmp_path / "small.flo")
    expect(part(flow, "notice")).to_contain_text(re.compile("The true motion is not used.*2 x 1"))
    expect(part(flow, "check")).not_to_contain_text("EPE")


def test_a_truth_as_of_kitti_and_none(flow: Page, tmp_path: Path) -> None:
    write_kitti(tmp_path / "mine.png", np.full((288, 384, 2), (30, 40), np.float32))
    flow.locator("#optical_flow-truth-section button").first.click()
    part(flow, "truth").get_by_label(re.compile("clear|remove", re.I)).first.click()
    expect(part(flow, "check")).not_to_contain_text("EPE")
    part(flow, "truth").locator("input[type=file]").set_input_files(tmp_path / "mine.png")
    expect(part(flow, "check")).to_contain_text(re.compile(r"EPE (4|5)\d"))


def test_figures_and_flow_are_saved(flow: Page, tmp_path: Path) -> None:
    names = ("save-png", "save-svg", "save-npz", "save-flo", "attention-save-png", "attention-save-npz")
    kinds = {name: downloaded(flow, part(flow, name), tmp_path) for name in names}
    for name in ("save-png", "attention-save-png"):
        assert Image.open(kinds[name]).size == (1600, 1000)
    saved_flow = read_flow(kinds["save-flo"], (288, 384))
    with np.load(kinds["save-npz"]) as arrays:
        np.testing.assert_array_equal(arrays["perceiver_flow"], saved_flow)
        assert arrays["farneback_flow"].shape == (288, 384, 2)
    with np.load(kinds["attention-save-npz"]) as arrays:
        assert arrays["values"].shape == (16, 16)
        assert arrays["second"].shape == (288, 384, 3)
    assert "<svg" in kinds["save-svg"].read_text(encoding="utf-8")


def test_the_published_model_that_is_not_to_be_had(flow: Page) -> None:
    part(flow, "weights").get_by_text("published").click()
    expect(part(flow, "notice")).to_contain_text("deepmind/optical-flow-perceiver: 41")
    part(flow, "ask").click()
    expect(part(flow, "notice")).to_contain_text("could not be downloaded")
    expect(part(flow, "motion").locator("img").first).to_be_visible()


def test_on_a_narrow_screen_a_pixel_is_chosen_by_touch(visit: Visit) -> None:
    page = visit(TAB, 380)
    shows_a_check(page)
    changed_by(page, part(page, "motion").locator("[data-rows]").nth(1).tap, "attention")
