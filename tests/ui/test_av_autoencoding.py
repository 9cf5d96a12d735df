"""What a visitor does on the page of audio-video autoencoding, in a real browser."""

import re
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.clip_files import clip_bytes, numbered
from tests.ui.visitor import Visit, changed, downloaded, open_attention, view_of

pytestmark = pytest.mark.ui
RESULT = "#av_autoencoding-network .network"
"""What is on the page once its first result is."""
NAME = "av_autoencoding"
OUT_OF_DATE = re.compile("out-of-date")


def part(page: Page, name: str) -> Locator:
    return page.locator(f"#{NAME}-{name}")


def text_after(page: Page, act: Callable[[], object], name: str = "strip") -> str:
    """Does something and waits until a part of the page changes; returns its text."""
    block = f"#{NAME}-{name} .picture-block"
    changed(page, block, act)
    return page.locator(block).inner_text()


def upload(page: Page, file: Path) -> None:
    """Removes the clip on the page, as a visitor must, and uploads another."""
    part(page, "clip").get_by_label("Clear").first.click()
    part(page, "clip").locator("input[type=file]").set_input_files(file)


def wait_for_result(page: Page) -> None:
    expect(part(page, "network").locator(".network")).to_be_visible(timeout=60_000)
    expect(part(page, "reconstruction").locator("video")).to_have_count(1)
    expect(part(page, "page")).to_have_class(re.compile("answered"))  # its inputs are known


@pytest.fixture
def page(visit: Visit) -> Page:
    """The page as it opens, with its first example."""
    page = visit(NAME)
    wait_for_result(page)
    return page


def test_both_films_play_in_step(page: Page, tmp_path: Path) -> None:
    for name in ("original", "reconstruction"):
        at = f"#{NAME}-{name} video"
        page.wait_for_function("at => document.querySelector(at).readyState > 1", arg=at)
        length, width, height = page.locator(at).evaluate("v => [v.duration, v.videoWidth, v.videoHeight]")
        assert (width, height) == (240, 240)
        assert length == pytest.approx(1.024, abs=0.07)
    part(page, "reconstruction").locator("video").evaluate("v => { v.muted = true; return v.play(); }")
    page.wait_for_function(f"document.querySelector('#{NAME}-original video').currentTime > 0.2")
    with av.open(str(downloaded(page, part(page, "save"), "mp4", tmp_path))) as container:
        assert {stream.codec_context.name for stream in container.streams} == {"h264", "aac"}


def test_masking_marks_the_result_until_it_is_run_again(page: Page) -> None:
    text_after(page, part(page, "examples").locator("img").nth(1).click)
    expect(part(page, "labels")).to_contain_text(re.compile(r"^\s*7"))
    part(page, "mask").get_by_label("video").check()
    expect(part(page, "page")).to_have_class(OUT_OF_DATE)
    text_after(page, part(page, "reconstruct").click, "scores")
    expect(part(page, "page")).not_to_have_class(OUT_OF_DATE)
    page.wait_for_url(re.compile("example=1.*mask="))


def test_a_pixel_a_sound_and_the_label_come_back_with_a_link(page: Page, visit: Visit) -> None:
    open_attention(page)
    for details in ("frame-details", "sound-details"):
        part(page, details).get_by_role("button").first.click()
    places = part(page, "strip").locator("[data-rows]").first
    box = places.bounding_box()
    assert box
    # The third frame of sixteen, three quarters down the reconstruction.
    x, y = box["width"] * 2.6 / 16, box["height"] * 7 / 8
    pixel = text_after(page, lambda: places.click(position={"x": x, "y": y}), "attention")
    assert "rows 33 to 40, columns 25 to 32 of frame 3" in pixel
    expect(part(page, "frame").locator("input[type=number]")).to_have_value("3")
    page.wait_for_url(re.compile("pixel="))
    link = view_of(page)
    sound = part(page, "sound").locator("[data-rows]").first
    box = sound.bounding_box()
    assert box
    text = text_after(page, lambda: sound.click(position={"x": box["width"] / 2, "y": 20}), "attention")
    assert re.search(r"0\.(48|5)\d+ to 0\.5", text)
    text_after(page, part(page, "of-label").click, "attention")
    expect(part(page, "attention").locator(".picture-block")).not_to_have_text(text)
    linked = visit(NAME, link)
    wait_for_result(linked)
    open_attention(linked)
    expect(linked.locator(f"#{NAME}-attention .picture-block")).to_have_text(
        re.compile(r"rows 33 to 40, columns 25 to 32 of frame 3")
    )


def images(page: Page) -> list[str]:
    return sorted(part(page, "comparison").locator("img").evaluate_all("all => all.map((image) => image.src)"))


def test_a_long_clip_is_stopped(visit: Visit, tmp_path: Path) -> None:
    page = visit(NAME, "?resolution=pixels")  # which takes longer
    wait_for_result(page)
    file = tmp_path / "long.mp4"
    file.write_bytes(clip_bytes(frames=[numbered(number % 30) for number in range(700)], preset="ultrafast"))
    before = images(page)
    upload(page, file)
    expect(part(page, "notice")).to_contain_text("Window")
    part(page, "stop").click()
    expect(part(page, "notice")).to_contain_text("Stopped")
    expect(part(page, "stop")).to_be_disabled()
    assert images(page) == before
    expect(part(page, "page")).to_have_class(OUT_OF_DATE)
