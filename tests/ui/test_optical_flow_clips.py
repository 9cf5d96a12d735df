"""What a visitor does with a clip on the page of optical flow, in a real browser."""

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from models.data.media.writing import write_clip
from tests.ui.flow_page import changed_by, flow, give, noise, part, picture

pytestmark = pytest.mark.ui
__all__ = ["flow"]


def on_the_clip_tab(page: Page) -> None:
    page.get_by_role("tab", name="A clip").click()


def give_clip(page: Page, file: Path) -> None:
    part(page, "clip-file").locator("input[type=file]").set_input_files(file)


def test_two_frames_of_a_clip_are_chosen(flow: Page, tmp_path: Path) -> None:
    """Ten frames that move 2 pixels each: one apart, and three."""
    write_clip(tmp_path / "moving.mp4", (np.asarray(noise(160, 120, 2 * at)) for at in range(10)), 10)
    on_the_clip_tab(flow)
    said = changed_by(flow, lambda: give_clip(flow, tmp_path / "moving.mp4"))
    assert re.search(r"Perceiver: mean (1\.[6-9]|2\.[0-4]) px, mostly right", said)
    expect(part(flow, "clip-told")).to_contain_text("10 frames of 160 x 120 pixels, 1.0 seconds")
    apart = part(flow, "apart").locator("input[type=range]")

    def further() -> None:
        apart.focus()
        flow.keyboard.press("ArrowRight")
        flow.keyboard.press("ArrowRight")

    changed_by(flow, further)
    expect(part(flow, "motion")).to_contain_text(re.compile(r"Perceiver: mean (5\.[4-9]|6\.[0-5]) px, mostly right"))
    expect(part(flow, "clip-told")).to_contain_text("Frames 1 and 4 of 10")
    pair = part(flow, "pair").locator("input[type=range]")

    def to_the_end() -> None:
        pair.focus()
        flow.keyboard.press("End")

    changed_by(flow, to_the_end)
    expect(part(flow, "clip-told")).to_contain_text("Frames 7 and 10 of 10")
    expect(pair).to_have_value("7")
    flow.get_by_role("tab", name="Two frames").click()
    expect(part(flow, "second").locator("img").first).to_be_visible()


def test_the_flow_of_a_clip_is_played_beside_it(flow: Page, tmp_path: Path) -> None:
    frames = [np.asarray(noise(96, 64, 2 * at)) for at in range(6)]
    write_clip(tmp_path / "moving.mp4", frames, 5)
    on_the_clip_tab(flow)
    changed_by(flow, lambda: give_clip(flow, tmp_path / "moving.mp4"))
    part(flow, "film-ask").click()
    video = part(flow, "film").locator("video")
    expect(video).to_be_visible()
    expect(part(flow, "clip-told")).to_contain_text("Done: 5 pairs")
    flow.wait_for_function("() => document.querySelector('#optical_flow-film video').readyState > 1")
    length, width, height = video.evaluate("v => [v.duration, v.videoWidth, v.videoHeight]")
    assert (width, height) == (2 * 96, 64)
    assert length == pytest.approx(1, abs=0.05)
    expect(part(flow, "film-legend").locator("img.wheel")).to_be_visible()
    expect(part(flow, "film-stop")).to_be_disabled()


def test_a_film_is_stopped(flow: Page) -> None:
    on_the_clip_tab(flow)
    changed_by(flow, part(flow, "drawn").click)
    part(flow, "film-ask").click()
    expect(part(flow, "clip-told")).to_contain_text("of 24")
    part(flow, "film-stop").click()
    expect(part(flow, "clip-told")).to_contain_text("Stopped")
    expect(part(flow, "film-ask")).to_be_enabled()
    flow.wait_for_timeout(1500)
    expect(part(flow, "clip-told")).to_contain_text("Stopped")
    expect(part(flow, "film").locator("video")).to_have_count(0)
    changed_by(flow, part(flow, "examples").locator("button:has(img), .gallery-item").nth(1).click)


def test_clips_that_cannot_be_followed(flow: Page, tmp_path: Path) -> None:
    before = part(flow, "motion").locator(".picture-block").inner_text()
    on_the_clip_tab(flow)
    write_clip(tmp_path / "one.mp4", [np.asarray(noise(96, 64))], 5)
    write_clip(tmp_path / "whole.mp4", [np.asarray(noise(96, 64))] * 20, 5)
    (tmp_path / "cut.mp4").write_bytes((tmp_path / "whole.mp4").read_bytes()[:700])
    (tmp_path / "text.mp4").write_text("not a clip")
    for name, words in {
        "one": "only one frame",
        "text": "no clip that can be read",
        "cut": "cut short|damaged",
    }.items():
        clear = part(flow, "clip-file").get_by_label("Clear")
        if clear.count():
            clear.first.click()
        give_clip(flow, tmp_path / f"{name}.mp4")
        expect(part(flow, "clip-told").locator(".alert")).to_contain_text(re.compile(words))
        assert part(flow, "motion").locator(".picture-block").inner_text() == before
        expect(part(flow, "film-ask")).to_be_disabled()


def test_a_broken_clip_leaves_ones_own_frames_alone(flow: Page, tmp_path: Path) -> None:
    on_the_clip_tab(flow)
    changed_by(flow, part(flow, "drawn").click)
    flow.get_by_role("tab", name="Two frames").click()
    for name, shift in (("first", 0), ("second", 3)):
        give(flow, name, picture(tmp_path, f"{name}.png", noise(160, 120, shift)))
    said = changed_by(flow, part(flow, "ask").click)
    on_the_clip_tab(flow)
    (tmp_path / "text.mp4").write_text("not a clip")
    give_clip(flow, tmp_path / "text.mp4")
    expect(part(flow, "clip-told").locator(".alert")).to_contain_text("no clip that can be read")
    assert part(flow, "motion").locator(".picture-block").inner_text() == said
    flow.get_by_role("tab", name="Two frames").click()
    part(flow, "ask").click()
    expect(part(flow, "notice").locator(".alert")).to_have_count(0)
    assert part(flow, "motion").locator(".picture-block").inner_text() == said


def test_a_clip_of_4k_is_read_smaller_and_that_is_said(flow: Page, tmp_path: Path) -> None:
    frames = (np.asarray(noise(480, 270, at).resize((3840, 2160))) for at in range(2))
    write_clip(tmp_path / "large.mp4", frames, 25)
    on_the_clip_tab(flow)
    said = changed_by(flow, lambda: give_clip(flow, tmp_path / "large.mp4"))
    assert re.search(r"Perceiver: mean (1\.[7-9]|2\.[0-3]) px, mostly right", said)
    expect(part(flow, "clip-told")).to_contain_text("2 frames of 3840 x 2160 pixels")
    expect(part(flow, "clip-told")).to_contain_text("read at 960 x 540")
