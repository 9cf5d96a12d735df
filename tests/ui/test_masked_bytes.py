"""What a visitor does on the page of masked bytes, in a real browser."""

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Download, Page, Route, expect

from tests.ui.visitor import Visit, downloaded, view_of

pytestmark = pytest.mark.ui
KINDS = ("png", "svg", "npz")
SENTENCE = "This is an incomplete sentence where some words are missing."


@pytest.fixture
def page(visit: Visit) -> Page:
    """The page as it opens, with its first example."""
    page = visit("masked_bytes")
    page.wait_for_selector("#masked_bytes-figure svg")
    return page


def write(page: Page, text: str) -> None:
    page.fill("#masked_bytes-text textarea", text)
    start = text.replace("[MASK]", "MASK").split("\t")[0][:12]
    page.wait_for_function(
        "start => document.querySelector('.mask-cells').textContent.replaceAll('\\u00a0', ' ').startsWith(start)",
        arg=start,
    )


def drag(page: Page, first: int, last: int) -> None:
    """From one cell of the strip to another, with the mouse button held."""
    cells = page.locator(".mask-cells .cell")
    start, stop = cells.nth(first).bounding_box(), cells.nth(last).bounding_box()
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(stop["x"] + stop["width"] / 2, stop["y"] + stop["height"] / 2, steps=8)
    page.mouse.up()


def hidden(page: Page) -> str:
    """The text of the hidden cells of the strip."""
    return "".join(page.locator(".mask-cells .hidden-cell").all_text_contents()).replace("\u00a0", " ")


def fill(page: Page) -> None:
    """Clicks the button and waits for an answer other than the one on the page."""
    answer = "document.querySelector('#masked_bytes-filled .result-strip')?.outerHTML"
    before = page.evaluate(answer)
    page.click("#masked_bytes-fill")
    page.wait_for_function(f"before => {answer} !== before", arg=before)


def filled_text(page: Page) -> str:
    shown = page.locator("#masked_bytes-filled .byte").evaluate_all(
        "all => all.map(b => b.firstChild.textContent).join('')"
    )
    return shown.replace("␣", " ").replace("↵", "\n")


def choose(page: Page, radio: str, name: str) -> None:
    page.locator(radio).locator("label", has_text=name).click()


def figure(page: Page) -> str:
    return page.locator("#masked_bytes-figure svg").get_attribute("aria-label")


def test_opens_with_an_answer(page: Page) -> None:
    assert filled_text(page).startswith("This is an incomplete sentence where some words are")
    assert hidden(page) == " missing."
    assert page.locator(".candidates thead button").count() == 9
    assert "byte 52" in figure(page)
    expect(page.locator("#masked_bytes-run-line")).to_contain_text("cpu, float32")


def test_hides_by_dragging_and_fills_what_was_hidden_only(page: Page) -> None:
    write(page, "The old man went down to the sea in the morning.")
    drag(page, 12, 15)
    assert hidden(page) == "went"
    expect(page.locator(".mask-count")).to_contain_text("4 of 48 bytes hidden")
    fill(page)
    text = filled_text(page)
    assert (text[:12], text[16:]) == ("The old man ", " down to the sea in the morning.")
    assert page.locator("#masked_bytes-filled .filled").count() == 4
    assert page.locator(".candidates tbody tr").count() == 5
    shares = page.locator(".candidates tbody td small").all_text_contents()
    assert len(shares) == 20
    assert all(0 <= float(share.rstrip("%")) <= 100 for share in shares)


def test_dragging_from_a_hidden_cell_shows_again(page: Page) -> None:
    drag(page, 53, 56)
    assert hidden(page) == " mng."
    page.click(".mask-clear")
    assert hidden(page) == ""


def test_double_click_hides_the_word_with_the_space_before_it(page: Page) -> None:
    page.click(".mask-clear")
    page.locator(".mask-cells .cell").nth(13).dblclick()
    assert hidden(page) == " incomplete"


def test_words_and_bytes_are_units_too(page: Page) -> None:
    write(page, "a café — 漢 here")
    page.click(".mask-clear")
    page.click("[data-unit=words]")
    page.locator(".mask-cells .cell").nth(1).click()
    assert hidden(page) == " café"
    page.click("[data-unit=bytes]")
    cells = page.locator(".mask-cells .cell").all_text_contents()
    assert cells[5:7] == ["C3", "A9"]
    assert cells[12:15] == ["E6", "BC", "A2"]
    page.click(".mask-clear")
    page.locator(".mask-cells .cell").nth(13).click()
    expect(page.locator(".mask-count")).to_contain_text("1 of 20 bytes hidden")
    page.click("[data-unit=characters]")
    expect(page.locator(".mask-cells .partly-hidden")).to_have_text("漢")
    fill(page)
    assert page.locator("#masked_bytes-filled .filled").count() == 1


def test_the_strip_follows_an_edit(page: Page) -> None:
    page.locator("#masked_bytes-text textarea").press("Home")
    page.keyboard.type("Oh! ")
    expect(page.locator(".mask-count")).to_contain_text("9 of 64 bytes hidden")
    assert hidden(page) == " missing."


def test_hides_while_the_server_follows_an_edit(page: Page) -> None:
    held: list[Route] = []
    page.route("**/queue/join*", lambda route: held.append(route))
    page.locator("#masked_bytes-text textarea").press("Home")
    page.keyboard.type("Oh! ")
    drag(page, 0, 3)
    assert hidden(page) == "This missing."
    assert held
    for route in held:
        route.continue_()
    page.unroute("**/queue/join*")
    expect(page.locator(".mask-cells .cell")).to_have_count(64)
    expect(page.locator(".mask-count")).to_contain_text("13 of 64 bytes hidden")
    assert hidden(page) == "This missing."
    assert page.input_value("#masked_bytes-text textarea") == f"Oh! {SENTENCE}"


def test_keyboard_alone_hides_and_fills(page: Page) -> None:
    page.click(".mask-clear")
    page.locator(".mask-cells .cell").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    assert hidden(page) == "Th"
    page.locator("#masked_bytes-fill").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#masked_bytes-filled .filled")).to_have_count(2)


def test_a_literal_mask_hides_one_byte(page: Page) -> None:
    write(page, "I watched this[MASK][MASK][MASK][MASK][MASK][MASK] and it was awesome.")
    expect(page.locator(".mask-count")).to_contain_text("6 of 40 bytes hidden")
    fill(page)
    assert page.locator("#masked_bytes-filled .filled").count() == 6
    assert filled_text(page).endswith(" and it was awesome.")


def test_order_is_shown_one_by_one_and_not_at_once(page: Page) -> None:
    rounds = sorted(int(text) for text in page.locator("#masked_bytes-filled .round").all_text_contents())
    assert rounds == list(range(1, 10))
    choose(page, "#masked_bytes-decoding", "all at once")
    page.click("#masked_bytes-fill")
    expect(page.locator("#masked_bytes-filled .round")).to_have_count(0)


def test_a_clicked_byte_is_traced(page: Page) -> None:
    page.locator("#masked_bytes-filled [data-position='55']").click()
    expect(page.locator("#masked_bytes-figure svg")).to_have_attribute("aria-label", re.compile("byte 55"))
    expect(page.locator("#masked_bytes-filled .selected")).to_have_attribute("data-position", "55")
    page.locator(".candidates td[data-position='57']").first.click()
    expect(page.locator("#masked_bytes-figure svg")).to_have_attribute("aria-label", re.compile("byte 57"))
    # A byte that was given can be asked about, too.
    page.locator("#masked_bytes-filled [data-position='3']").click()
    expect(page.locator("#masked_bytes-figure svg")).to_have_attribute("aria-label", re.compile("given as 's'"))


def test_the_figure_can_be_saved(page: Page, tmp_path: Path) -> None:
    choose(page, "#masked_bytes-method", "rollout")
    expect(page.locator("#masked_bytes-figure svg")).to_have_attribute("aria-label", re.compile("rollout"))
    files = {kind: downloaded(page, page.locator(f"#masked_bytes-save-{kind}"), tmp_path) for kind in KINDS}
    with Image.open(files["png"]) as image:
        assert image.size == (1600, 1000)
        assert len(image.convert("RGB").getcolors(maxcolors=1600 * 1000)) > 50
    assert ElementTree.parse(files["svg"]).getroot().tag.endswith("svg")
    with np.load(files["npz"]) as arrays:
        assert arrays["values"].shape == arrays["inputs"].shape == (62,)
        assert list(arrays["inputs"][:3]) == ["CLS", "T", "h"]
        total = arrays["values"].sum() + arrays["latent_share"] + arrays["query_share"]
        assert str(arrays["method"]) == "rollout"
    np.testing.assert_allclose(total, 1, atol=1e-5)


def test_of_quick_clicks_on_what_saves_each_counts(page: Page) -> None:
    downloads: list[Download] = []
    page.on("download", lambda download: downloads.append(download))
    for kind in KINDS:
        page.click(f"#masked_bytes-save-{kind}")
    page.wait_for_timeout(500)
    while len(downloads) < len(KINDS):
        page.wait_for_event("download")
    assert [Path(each.suggested_filename).suffix for each in downloads] == [f".{kind}" for kind in KINDS]


def test_stages_heads_and_scale_change_the_figure(page: Page) -> None:
    seen = {figure(page)}
    for control, choice, said in (
        ("#masked_bytes-method", "decoder", "Decoder cross-attention"),
        ("#masked_bytes-scale", "log10", "log10"),
        ("#masked_bytes-method", "rollout", "learned latent array"),
    ):
        choose(page, control, choice)
        expect(page.locator("#masked_bytes-figure svg")).to_have_attribute("aria-label", re.compile(said))
        seen.add(figure(page))
    assert len(seen) == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "There is no text yet"),
        ("Nothing is hidden in here at all.", "Nothing is hidden yet"),
        ("[MASK][MASK]", "Every byte is hidden"),
        ("long " * 500, "at most 2,048"),
        ("A megabyte. " * 90_000, "at most 2,048"),
    ],
    ids=["empty", "nothing hidden", "all hidden", "too long", "a megabyte"],
)
def test_limits_are_said_and_nothing_is_lost(page: Page, text: str, said: str) -> None:
    answer = filled_text(page)
    page.click(".mask-clear")
    page.fill("#masked_bytes-text textarea", text)
    page.click("#masked_bytes-fill")
    expect(page.locator("#notice [role=alert]")).to_contain_text(said, timeout=20_000)
    assert page.input_value("#masked_bytes-text textarea") == text
    assert filled_text(page) == answer


def test_says_how_much_of_a_longer_text_is_read(page: Page) -> None:
    write(page, "[MASK]ome words are here. " * 30)
    expect(page.locator(".mask-count")).to_contain_text("reads the first 512")
    page.fill("#masked_bytes-text textarea", "Th[MASK]s text goes on. " + "More of it follows. " * 30)
    fill(page)
    expect(page.locator("#masked_bytes-run-line")).to_contain_text("read the first 512 of")
    assert page.locator("#masked_bytes-filled .unread").count() > 50


def test_control_characters_are_shown_as_pictures(page: Page) -> None:
    write(page, "tab\there, and\nanother [MASK]ine")
    assert {"␉", "↵"} <= set(page.locator(".mask-cells .cell").all_text_contents())
    fill(page)
    assert page.locator("#masked_bytes-filled .filled").count() == 1


def test_published_weights_explain_their_absence(page: Page) -> None:
    answer = filled_text(page)
    choose(page, "#masked_bytes-weights", "published")
    expect(page.locator("#masked_bytes-notice")).to_contain_text("201.1 M parameters")
    page.click("#masked_bytes-fill")
    expect(page.locator("#notice [role=alert]")).to_contain_text("deepmind/language-perceiver")
    assert filled_text(page) == answer


def test_every_example_is_answered(page: Page) -> None:
    titles = page.locator("#masked_bytes-examples button").all_text_contents()
    assert len(titles) >= 6
    for title in titles[1:]:
        before = page.input_value("#masked_bytes-text textarea")
        page.locator("#masked_bytes-examples").get_by_role("button", name=title.strip()).click()
        expect(page.locator("#masked_bytes-text textarea")).not_to_have_value(before)
        expect(page.locator("#notice [role=status]")).to_be_visible()
        text = page.input_value("#masked_bytes-text textarea")
        page.wait_for_function(
            "start => [...document.querySelectorAll('#masked_bytes-filled .byte')].map(b => b.firstChild.textContent)"
            ".join('').startsWith(start)",
            arg=text[:8].replace(" ", "␣"),
        )


def test_an_undecodable_filling_is_shown_as_such(page: Page) -> None:
    page.locator("#masked_bytes-examples").get_by_text("Half an emoji").click()
    expect(page.locator("#masked_bytes-filled .byte").nth(18)).to_have_text("E2")
    expect(page.locator("#masked_bytes-filled .filled")).to_have_count(1)
    filled = page.locator("#masked_bytes-filled .filled").text_content()
    valid = re.fullmatch("[89AB][0-9A-F]", filled) is not None
    assert (page.locator("#masked_bytes-filled .invalid").count() == 0) == valid


def test_the_address_brings_the_view_back(page: Page, visit: Visit) -> None:
    write(page, "She opened the window and looked out.")
    page.click(".mask-clear")
    drag(page, 4, 9)
    fill(page)
    choose(page, "#masked_bytes-method", "rollout")
    page.locator("#masked_bytes-filled [data-position='7']").click()
    expect(page.locator("#masked_bytes-figure svg")).to_have_attribute("aria-label", re.compile("rollout.*byte 7,"))
    page.wait_for_url(re.compile("mask=4-10.*byte=7.*rollout"))
    other = visit("masked_bytes", view_of(page), all_pages=True)
    expect(other.locator("#masked_bytes-filled .filled")).to_have_count(6)
    assert other.input_value("#masked_bytes-text textarea") == "She opened the window and looked out."
    assert hidden(other) == "opened"
    assert filled_text(other) == filled_text(page)
    assert figure(other) == figure(page)


@pytest.mark.parametrize("width", [380, 1280])
def test_fits_its_window_and_names_its_parts(visit: Visit, width: int) -> None:
    page = visit("masked_bytes", width=width)
    page.wait_for_selector("#masked_bytes-figure svg")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('input, textarea, select, button, [role=listbox]')]
        .filter(e => e.getClientRects().length)
        .filter(e => !(e.getAttribute('aria-label') || e.getAttribute('aria-labeledby') || e.textContent.trim()
            || e.closest('label') || (e.id && document.querySelector(`label[for="${e.id}"]`))))
        .map(e => e.outerHTML.slice(0, 120))"""
    )
    assert nameless == []
    mute = page.locator("svg[role=img]:not([aria-hidden])").evaluate_all(
        "all => all.filter(s => !s.getAttribute('aria-label')).map(s => s.outerHTML)"
    )
    assert mute == []


def test_what_comes_first_is_visible_without_scrolling(page: Page) -> None:
    for selector in (
        "#text",
        "#mask-strip",
        "#masked_bytes-fill",
        "#masked_bytes-filled",
        "#masked_bytes-candidates",
        "#masked_bytes-examples",
    ):
        box = page.locator(selector).bounding_box()
        assert box["y"] + box["height"] <= 800, selector


def test_how_this_works_shows_the_real_shapes(page: Page) -> None:
    page.locator("#how").get_by_text("How this works").click()
    drawing = page.locator("#how svg[role=img]")
    expect(drawing).to_be_visible()
    assert "256 × 256" in drawing.get_attribute("aria-label")


def test_an_answer_to_an_earlier_question_says_so(page: Page) -> None:
    expect(page.locator("#masked_bytes-filled .stale")).to_have_count(0)
    page.locator(".mask-cells .cell").nth(3).click()
    expect(page.locator("#masked_bytes-filled .stale")).to_have_count(1)
    expect(page.locator("#masked_bytes-candidates .stale")).to_have_count(1)
    fill(page)
    expect(page.locator(".stale")).to_have_count(0)


def test_of_quick_clicks_the_last_one_counts(page: Page) -> None:
    for position in (51, 53, 55, 57, 59):
        page.locator(f"#masked_bytes-filled [data-position='{position}']").click()
    expect(page.locator("#masked_bytes-figure svg")).to_have_attribute("aria-label", re.compile("byte 59"))
    expect(page.locator("#masked_bytes-filled .selected")).to_have_attribute("data-position", "59")


def test_a_notice_goes_with_its_reason(page: Page) -> None:
    page.click(".mask-clear")
    page.click("#masked_bytes-fill")
    expect(page.locator("#notice [role=alert]")).to_be_visible()
    page.locator(".mask-cells .cell").nth(1).click()
    expect(page.locator("#notice [role=alert]")).to_have_count(0)
