"""What a visitor does on the page of optical flow, in a real browser."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from models.data.media.writing import write_clip
from tests.ui.visitor import Visit, changed, open_attention, view_of

pytestmark = pytest.mark.ui
RESULT = "#optical_flow-network .network"
"""What is on the page once its first result is."""
NAME = "optical_flow"


def part(page: Page, name: str) -> Locator:
    return page.locator(f"#{NAME}-{name}")


def is_checked(page: Page) -> None:
    """Opens the checks and waits for them: they are the last part of a result."""
    if not part(page, "check").count():
        part(page, "checks").get_by_role("button").first.click()
    expect(part(page, "check").locator(".comparison").first).to_be_visible(timeout=60_000)


@pytest.fixture
def flow(visit: Visit) -> Page:
    """The page as it opens, with the flow of its first example."""
    page = visit(NAME)
    is_checked(page)
    return page


def changed_by(page: Page, act: Callable[[], object], name: str = "motion") -> str:
    """Does something and waits until a part of the page is another; returns its text."""
    block = f"#{NAME}-{name} .picture-block"
    changed(page, block, act)
    return page.locator(block).inner_text()


def upload(page: Page, name: str, image: Image.Image, folder: Path) -> None:
    """Removes what is in a field, as a visitor must, and uploads another image."""
    image.save(folder / f"{name}.png")
    part(page, name).get_by_label(re.compile("clear|remove", re.I)).first.click()
    part(page, name).locator("input[type=file]").set_input_files(folder / f"{name}.png")
    expect(part(page, name).locator("img").first).to_be_visible()


def noise(width: int, height: int, shift: int = 0) -> Image.Image:
    """Moves to the right by `shift` pixels."""
    small = np.random.default_rng(0).integers(0, 256, (height // 8 + 2, width // 8 + 20, 3), dtype=np.uint8)
    whole = Image.fromarray(small).resize((width + 128, height), Image.Resampling.BICUBIC)
    return whole.crop((64 - shift, 0, 64 - shift + width, height))


def mean_motion(text: str) -> float:
    """Pixels, as the caption of the Perceiver's flow states them."""
    found = re.search(r"Perceiver: mean motion ([\d.]+) px", text)
    assert found
    return float(found[1])


def test_uploaded_frames_are_out_of_date_until_they_are_run(flow: Page, tmp_path: Path) -> None:
    upload(flow, "first", noise(160, 120), tmp_path)
    upload(flow, "second", noise(160, 120, 3), tmp_path)
    expect(flow.locator(".out-of-date")).to_have_count(1)
    assert mean_motion(changed_by(flow, part(flow, "submit").click)) == pytest.approx(3, abs=0.5)
    expect(flow.locator(".out-of-date")).to_have_count(0)
    is_checked(flow)
    expect(part(flow, "check")).not_to_contain_text("EPE")  # the ground truth of the example is of other frames
    part(flow, "second").get_by_label(re.compile("clear|remove", re.I)).first.click()
    part(flow, "submit").click()
    expect(part(flow, "notice").get_by_role("alert")).to_contain_text("second frame")


def test_a_click_traces_a_pixel_and_its_link_restores_the_view(flow: Page, visit: Visit) -> None:
    open_attention(flow)
    places = part(flow, "motion").locator("[data-rows]").nth(1)
    box = places.bounding_box()
    assert box
    changed_by(flow, lambda: places.click(position={"x": box["width"] / 4, "y": box["height"] / 2}), "attention")
    expect(part(flow, "attention")).to_contain_text(re.compile(r"row 14\d, column (9[5-9]|10\d)"))
    changed_by(flow, part(flow, "method").get_by_text("Rollout").click, "attention")
    flow.wait_for_url(re.compile("method=rollout.*pixel="))
    linked = visit(NAME, view_of(flow))
    is_checked(linked)
    open_attention(linked)
    before, again = (part(each, "attention").locator(".picture-block").inner_text() for each in (flow, linked))
    assert again == before


def test_pairs_and_film_of_a_clip(flow: Page, tmp_path: Path) -> None:
    """Six frames that move 2 pixels each."""
    write_clip(tmp_path / "moving.mp4", (np.asarray(noise(96, 64, 2 * at)) for at in range(6)), 5)
    flow.get_by_role("tab", name="Clip").click()
    upload_clip = part(flow, "clip").locator("input[type=file]").set_input_files
    assert mean_motion(changed_by(flow, lambda: upload_clip(tmp_path / "moving.mp4"))) == pytest.approx(2, abs=0.5)
    expect(flow.locator(".out-of-date")).to_have_count(0)
    distance = part(flow, "distance").locator("input[type=range]")
    distance.focus()
    assert mean_motion(changed_by(flow, lambda: flow.keyboard.press("ArrowRight"))) == pytest.approx(4, abs=0.8)
    part(flow, "make-film").click()
    video = part(flow, "film").locator("video")
    expect(video).to_be_visible(timeout=60_000)
    flow.wait_for_function(f"() => document.querySelector('#{NAME}-film video').readyState > 1")
    length, width, height = video.evaluate("v => [v.duration, v.videoWidth, v.videoHeight]")
    assert (width, height) == (2 * 96, 64)
    assert length == pytest.approx(4 / 5, abs=0.05)
    expect(part(flow, "stop")).to_be_disabled()
