"""What a visitor does on the page of video and sound, in a real browser."""

import re
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from models.data.media.reading import open_clip
from models.data.media.sound import read_sound
from tests.clip_files import clip_bytes, numbered, tone, with_packet_lost
from tests.ui.av_page import changed_by, clips, give, part, play, shows_an_answer
from tests.ui.visitor import Visit, downloaded, view_of

pytestmark = pytest.mark.ui
__all__ = ["clips"]
EXAMPLES = "button:has(img), .gallery-item"


def test_opens_with_an_answer_and_what_to_notice_in_the_first_view(clips: Page) -> None:
    for each in (part(clips, "ask"), part(clips, "rebuilt").locator("video"), part(clips, "notice")):
        expect(each).to_be_in_viewport()
    expect(part(clips, "labels")).to_contain_text(re.compile(r"^\s*3"))
    for score in ("PSNR", "SSIM", "SNR"):
        expect(part(clips, "scores")).to_contain_text(score)
    expect(part(clips, "attention")).to_contain_text("picture")


def test_a_page_answers_when_its_tab_is_first_chosen_and_then_stays_as_it_is(visit: Visit) -> None:
    page = visit(all_pages=True)
    assert part(page, "attention").locator(".read").count() == 0
    page.get_by_role("tab", name="Video and sound").click()
    shows_an_answer(page)
    changed_by(page, part(page, "examples").locator(EXAMPLES).nth(1).click)
    page.wait_for_url(re.compile("example=2"))
    said = part(page, "labels").inner_text()
    page.get_by_role("tab", name="Masked bytes").click()
    page.wait_for_url(re.compile("tab=masked_bytes"))
    page.get_by_role("tab", name="Video and sound").click()
    page.wait_for_url(re.compile("example=2"))
    page.wait_for_timeout(1000)
    assert part(page, "labels").inner_text() == said


def test_both_films_play_in_step_with_their_sound(clips: Page, tmp_path: Path) -> None:
    for name in ("original", "rebuilt"):
        at = f"#av_autoencoding-{name} video"
        clips.wait_for_function("at => document.querySelector(at).readyState > 1", arg=at)
        length, width, height = clips.locator(at).evaluate("v => [v.duration, v.videoWidth, v.videoHeight]")
        assert (width, height) == (240, 240)
        assert length == pytest.approx(1.024, abs=0.07)
    original, rebuilt = play(clips, "rebuilt")
    assert rebuilt > 0.2
    assert abs(original - rebuilt) < 0.1
    file = downloaded(clips, part(clips, "save-mp4"), tmp_path)
    with av.open(str(file)) as container:
        assert {stream.codec_context.name for stream in container.streams} == {"h264", "aac"}
    clip = open_clip(file)
    assert clip.duration == pytest.approx(1.024, abs=0.07)
    assert np.abs(read_sound(clip, 8_000)).max() > 0.02


def test_what_is_saved(clips: Page, tmp_path: Path) -> None:
    assert Image.open(downloaded(clips, part(clips, "save-png"), tmp_path)).width >= 1200
    with av.open(str(downloaded(clips, part(clips, "save-wav"), tmp_path))) as container:
        stream = container.streams.audio[0]
        assert (stream.sample_rate, stream.channels) == (8_000, 1)
    with np.load(downloaded(clips, part(clips, "attention-save-npz"), tmp_path)) as arrays:
        assert sum(np.size(arrays[name]) for name in arrays) > 288


def test_an_example_and_one_of_its_parts_hidden(clips: Page) -> None:
    changed_by(clips, part(clips, "examples").locator(EXAMPLES).nth(1).click)
    expect(part(clips, "labels")).to_contain_text(re.compile(r"^\s*7"))
    assert "example=2" in clips.url
    part(clips, "hidden").get_by_label("picture").check()
    changed_by(clips, part(clips, "ask").click)
    psnr = re.search(r"PSNR\s+([\d.]+) dB", part(clips, "scores").inner_text())
    assert psnr
    assert float(psnr[1]) < 15
    assert "hidden=image" in clips.url


def test_a_label_is_told_and_believed(clips: Page) -> None:
    part(clips, "label").get_by_role("combobox").click()
    clips.get_by_role("option", name="8", exact=True).click()
    changed_by(clips, part(clips, "ask").click, "labels")
    expect(part(clips, "labels")).to_contain_text(re.compile(r"^\s*8"))


def test_between_the_pixels_and_between_the_frames(clips: Page) -> None:
    part(clips, "finer").get_by_text("between the pixels").click()
    changed_by(clips, part(clips, "ask").click)
    expect(part(clips, "strip").locator("[data-rows]")).to_have_attribute("data-rows", str(2 * 96))
    part(clips, "finer").get_by_text("between the frames").click()
    changed_by(clips, part(clips, "ask").click)
    expect(part(clips, "at").locator("input[type=number]")).to_have_attribute("max", "32")


def test_a_pixel_a_moment_and_the_label_are_traced(clips: Page, visit: Visit) -> None:
    places = part(clips, "strip").locator("[data-rows]").first
    box = places.bounding_box()
    assert box
    # The third frame of sixteen, three quarters down the rebuilt one.
    at = {"x": box["width"] * 2.6 / 16, "y": box["height"] * 7 / 8}
    said = changed_by(clips, lambda: places.click(position=at), "attention")
    assert "frame 3" in said
    assert "rows 33 to 40, columns 25 to 32" in said
    expect(part(clips, "frame")).to_contain_text("Frame 3")
    clips.wait_for_url(re.compile("output="))
    view = view_of(clips)
    sound = part(clips, "sound").locator("[data-rows]").first
    box = sound.bounding_box()
    assert box
    of_sound = changed_by(clips, lambda: sound.click(position={"x": box["width"] / 2, "y": 20}), "attention")
    assert re.search(r"the sound from 0\.(48|5)\d+ to 0\.5", of_sound)
    changed_by(clips, part(clips, "of-label").click, "attention")
    expect(part(clips, "attention")).to_contain_text("the class")
    changed_by(clips, lambda: part(clips, "look").get_by_text("encoder").click(), "attention")
    linked = visit(view, all_pages=True)
    shows_an_answer(linked)
    assert part(linked, "attention").locator(".picture-block").inner_text() == said


def test_frames_one_by_one(clips: Page) -> None:
    frame = part(clips, "at").locator("input[type=range]")

    def to_the_end() -> None:
        frame.focus()
        clips.keyboard.press("End")

    changed_by(clips, to_the_end, "frame")
    expect(part(clips, "frame")).to_contain_text("Frame 16")


def test_a_clip_of_several_windows_without_sound(clips: Page, tmp_path: Path) -> None:
    """Three seconds, odd sizes, another rate."""
    file = tmp_path / "long.webm"
    frames = [numbered(number % 30, (66, 50)) for number in range(75)]
    file.write_bytes(clip_bytes("webm", "libvpx", frames))
    changed_by(clips, lambda: give(clips, file))
    expect(part(clips, "notice")).to_contain_text("3.0 seconds of 66 x 50 pixels")
    expect(part(clips, "notice")).to_contain_text("no sound in it")
    expect(part(clips, "labels")).to_contain_text("Window by window")
    expect(part(clips, "at").locator("input[type=number]")).to_have_attribute("max", "47")
    clips.wait_for_function("() => document.querySelector('#av_autoencoding-rebuilt video').readyState > 0")
    assert part(clips, "rebuilt").locator("video").evaluate("v => v.duration") == pytest.approx(3.0, abs=0.1)


def test_ten_seconds_of_720p(clips: Page, tmp_path: Path) -> None:
    small = np.random.default_rng(0).integers(0, 256, (9, 40, 3), np.uint8)
    wide = np.asarray(Image.fromarray(small).resize((5120, 720), Image.Resampling.BICUBIC))
    frames = (wide[:, 12 * at : 12 * at + 1280] for at in range(250))
    file = tmp_path / "large.mp4"
    file.write_bytes(clip_bytes(frames=frames, sound=tone(440, 10, 44_100), sound_rate=44_100, preset="ultrafast"))
    changed_by(clips, lambda: give(clips, file))
    expect(part(clips, "notice")).to_contain_text("10.0 seconds of 1280 x 720 pixels")
    clips.wait_for_function("() => document.querySelector('#av_autoencoding-rebuilt video').readyState > 1")
    assert part(clips, "rebuilt").locator("video").evaluate("v => v.duration") == pytest.approx(10, abs=0.1)
    original, rebuilt = play(clips, "original")
    assert original > 0.2
    assert abs(original - rebuilt) < 0.1


def damaged(kind: str) -> bytes:
    whole = clip_bytes(frames=[numbered(number) for number in range(25)], sound=tone(440, 1, 48_000))
    match kind:
        case "text.mp4":
            return b"not a clip"
        case "cut.mp4":
            return whole[:900]
        case "sound.mp4":
            return clip_bytes(codec=None, sound=tone(440, 1, 48_000))
        case "track.mp4":
            return with_packet_lost(whole, "audio", 5)
        case "long.mp4":
            return clip_bytes(frames=[numbered(0)] * 2, stamps=[0, 34_000])
        case "one.mp4":
            return clip_bytes(frames=[numbered(0)])
        case "empty.gif":
            return b""
        case "still.webp":
            file = BytesIO()
            Image.new("RGB", (7680, 4320)).save(file, "WEBP", quality=1)
            return file.getvalue()
    raise AssertionError(kind)


BAD = {
    "text.mp4": "no clip that can be read",
    "cut.mp4": "damaged or cut short",
    "sound.mp4": "no picture in it",
    "track.mp4": "The sound of this clip is damaged",
    "long.mp4": "at most 30 seconds",
    "empty.gif": "empty",
    "one.mp4": "one still picture",
    "still.webp": "one still picture",  # of 8K
}


def test_what_cannot_be_read_is_said_and_nothing_is_lost(clips: Page, tmp_path: Path) -> None:
    before = part(clips, "attention").locator(".picture-block").inner_text()
    for name, words in BAD.items():
        (tmp_path / name).write_bytes(damaged(name))
        give(clips, tmp_path / name)
        expect(part(clips, "notice").locator(".alert")).to_contain_text(words)
        assert part(clips, "attention").locator(".picture-block").inner_text() == before
        expect(part(clips, "rebuilt").locator("video")).to_be_visible()


def test_no_clip(clips: Page) -> None:
    part(clips, "clip").get_by_label("Clear").first.click()
    part(clips, "ask").click()
    expect(part(clips, "notice").locator(".alert")).to_contain_text("No clip")


def test_a_long_clip_is_stopped(clips: Page, tmp_path: Path) -> None:
    file = tmp_path / "long.mp4"
    file.write_bytes(clip_bytes(frames=[numbered(number % 30) for number in range(700)], preset="ultrafast"))
    before = part(clips, "attention").locator(".picture-block").inner_text()
    give(clips, file)
    expect(part(clips, "notice")).to_contain_text("Window")
    part(clips, "stop").click()
    expect(part(clips, "notice")).to_contain_text("Stopped")
    clips.wait_for_timeout(1500)
    expect(part(clips, "notice")).to_contain_text("Stopped")
    assert part(clips, "attention").locator(".picture-block").inner_text() == before


def test_the_published_model_that_is_not_to_be_had(clips: Page) -> None:
    part(clips, "weights").get_by_text("published").click()
    expect(part(clips, "notice")).to_contain_text("deepmind/multimodal-perceiver: 19.9 M")
    expect(part(clips, "label").get_by_role("combobox")).to_be_disabled()
    part(clips, "ask").click()
    expect(part(clips, "notice")).to_contain_text("could not be downloaded")
    expect(part(clips, "rebuilt").locator("video")).to_be_visible()
