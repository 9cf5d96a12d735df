"""What a visitor does with a clip: two videos in step, a click on a strip of frames or on a sound; without a server."""

import base64

import pytest
from playwright.sync_api import Browser, Page, expect

from components.analysis.clip import pixel_in_strip, strip_frames
from components.html import STYLE_SHEETS
from components.js import script
from components.render import av_autoencoding as render
from tests.clip_files import clip_bytes, numbered
from tests.made_up_clip import rebuilt_clip

pytestmark = pytest.mark.ui

START = """(script) => {
    window.chosen = [];
    const trigger = (name, data) => window.chosen.push(data);
    new Function('element', 'trigger', 'watch', script)(document.querySelector('.picture-block'), trigger, () => {});
}"""
VIDEOS = "[...document.querySelectorAll('video')]"


# Two videos in step


def video() -> str:
    """Three seconds, 25 frames each."""
    clip = clip_bytes("webm", "libvpx", [numbered(at % 30) for at in range(75)])
    return f'<video muted src="data:video/webm;base64,{base64.b64encode(clip).decode()}"></video>'


@pytest.fixture
def films(browser: Browser):
    page = browser.new_page()
    page.set_content(f'<div class="in-step"><p>{video()}</p><p>{video()}</p></div>')
    for _ in range(2):  # installed twice, it acts once
        page.evaluate(f"() => {{ {script('in_step.js')} }}")
    page.wait_for_function(f"{VIDEOS}.every((each) => each.readyState === 4)")
    yield page
    page.close()


def do(page: Page, number: int, action: str) -> None:
    page.evaluate(f"{VIDEOS}[{number}].{action}")


def both(page: Page, condition: str) -> None:
    page.wait_for_function(f"{VIDEOS}.every((video) => {condition})", timeout=20_000)


def apart(page: Page) -> float:
    first, second = page.evaluate(f"{VIDEOS}.map((each) => each.currentTime)")
    return abs(first - second)


@pytest.mark.parametrize("leader", [0, 1])
def test_one_video_plays_pauses_and_speeds_up_with_the_other(films, leader):
    do(films, leader, "playbackRate = 0.5")
    both(films, "video.playbackRate === 0.5")
    do(films, leader, "play()")
    both(films, "!video.paused && video.currentTime > 0.2")
    assert apart(films) < 0.3
    do(films, 1 - leader, "pause()")
    both(films, "video.paused && !video.seeking")
    assert apart(films) < 0.05


@pytest.mark.parametrize("leader", [0, 1])
def test_the_last_of_many_seeks_is_where_both_are(films, leader):
    for time in (2.0, 0.4, 1.2, 2.6, 0.8):  # as a thumb is dragged
        do(films, leader, f"currentTime = {time}")
    both(films, "!video.seeking && Math.abs(video.currentTime - 0.8) < 0.03")
    do(films, 1 - leader, "currentTime = 1.6")
    both(films, "!video.seeking && Math.abs(video.currentTime - 1.6) < 0.03")
    films.wait_for_timeout(200)
    both(films, "!video.seeking && Math.abs(video.currentTime - 1.6) < 0.03")


def test_only_one_of_both_is_heard(films):
    do(films, 0, "muted = false")
    do(films, 1, "muted = false")
    films.wait_for_function(f"{VIDEOS}.map((each) => each.muted).join() === 'true,false'")
    do(films, 0, "muted = false")
    films.wait_for_function(f"{VIDEOS}.map((each) => each.muted).join() === 'false,true'")
    films.wait_for_timeout(100)
    assert films.evaluate(f"{VIDEOS}.map((each) => each.muted)") == [False, True]


def test_a_video_that_drifts_is_fetched_back_and_a_new_one_joins(films):
    do(films, 0, "muted = false")
    do(films, 0, "currentTime = 1")
    both(films, "!video.seeking && video.currentTime === 1")
    films.evaluate("() => { const old = document.querySelectorAll('video')[1]; old.replaceWith(old.cloneNode()); }")
    both(films, "video.readyState === 4 && !video.seeking && Math.abs(video.currentTime - 1) < 0.03")
    do(films, 0, "play()")
    both(films, "!video.paused")
    do(films, 0, "playbackRate = 0.25")
    both(films, "video.playbackRate === 0.25 && video.currentTime > 1.1")
    assert apart(films) < 0.3


def test_other_videos_are_left_alone(films):
    films.evaluate("(html) => document.body.insertAdjacentHTML('beforeend', html)", f"<div>{video()}</div>")
    films.wait_for_function(f"{VIDEOS}[2].readyState === 4")
    do(films, 2, "currentTime = 1")
    films.wait_for_function(f"{VIDEOS}[2].currentTime === 1 && !{VIDEOS}[2].seeking")
    do(films, 0, "currentTime = 2")
    films.wait_for_function(f"{VIDEOS}[1].currentTime === 2")
    assert films.evaluate(f"{VIDEOS}.map((each) => each.currentTime)") == [2, 2, 1]


# Clicks


def opened(browser: Browser, html: str, width: int = 900) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 700})
    css = "".join(sheet.read_text(encoding="utf-8") for sheet in STYLE_SHEETS)
    page.set_content(f'<style>{css}</style><div class="picture-block">{html}</div>')
    page.evaluate(START, script("click_place.js"))
    return page


@pytest.mark.parametrize("width", [900, 380])
def test_a_click_on_a_strip_is_the_pixel_below_it(browser, width):
    result = rebuilt_clip(16, 16)
    page = opened(browser, render.av_strip(result, 3), width)
    reel = page.locator(".reel")
    box = reel.bounding_box()
    assert box is not None
    assert box["width"] == pytest.approx(8 * box["height"], rel=0.01)
    tile = box["width"] / 16
    reel.click(position={"x": 4.6 * tile, "y": 1.1 * tile})  # frame 4, third of four columns, first row, reconstructed
    (chosen,) = page.evaluate("window.chosen")
    found = pixel_in_strip((chosen["row"], chosen["column"]), strip_frames(result, 3), 4)
    assert found == (4, 0, 2)
    page.close()


def test_keys_move_over_pixels_and_frames(browser):
    page = opened(browser, render.av_strip(rebuilt_clip(6, 4), 5))  # frames 2 to 5; the last is chosen
    reel = page.locator(".reel")
    reel.press("ArrowLeft")
    expect(page.locator(".spoken")).to_have_text("frame 6, row 3, column 2")
    reel.press("Shift+ArrowLeft")
    expect(page.locator(".spoken")).to_have_text("frame 5, row 3, column 2")
    reel.press("Shift+ArrowDown")
    reel.press("ArrowUp")
    expect(page.locator(".spoken")).to_have_text("frame 5, row 2, column 2")
    reel.press("Enter")
    (chosen,) = page.evaluate("window.chosen")
    assert pixel_in_strip((chosen["row"], chosen["column"]), range(2, 6), 4) == (4, 1, 1)
    page.close()


def test_a_moment_of_the_sound_is_chosen_by_pointer_and_keys(browser):
    page = opened(browser, render.av_sound(rebuilt_clip(), range(24, 32)))  # 48 samples, 0.6 s
    tracks = page.locator(".tracks")
    box = tracks.bounding_box()
    assert box is not None
    tracks.click(position={"x": 0.7 * box["width"], "y": 0.9 * box["height"]})
    assert page.evaluate("window.chosen[0].column") == pytest.approx(0.7, abs=0.011)
    tracks.press("Shift+ArrowLeft")  # an eighth of the time
    tracks.press("Enter")
    moved = page.evaluate("window.chosen[1].column") - page.evaluate("window.chosen[0].column")
    assert moved == pytest.approx(-0.125)
    expect(page.locator(".spoken")).to_have_text("0.344 seconds")
    page.close()
