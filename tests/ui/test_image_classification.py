"""What a visitor does on the page of image classification, in a real browser."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.ui.visitor import Visit, downloaded, view_of

pytestmark = pytest.mark.ui
VARIANTS = ("learned", "fourier", "conv")
TAB = "?tab=image_classification"


def part(page: Page, name: str) -> Locator:
    return page.locator(f"#image_classification-{name}")


def says(page: Page, variant: str) -> Locator:
    return part(page, f"says-{variant}")


@pytest.fixture
def pictures(visit: Visit) -> Page:
    """The page as it opens by its address, with its first example answered."""
    page = visit(TAB)
    for variant in VARIANTS:
        expect(says(page, variant).locator("img").first).to_be_visible()
    return page


def answers(page: Page) -> list[str]:
    """The markup of the three columns."""
    return [says(page, variant).locator(".picture-block").inner_html() for variant in VARIANTS]


def wait_for_other(page: Page, before: list[str], variants: tuple[str, ...] = VARIANTS) -> None:
    for variant, markup in zip(VARIANTS, before, strict=True):
        if variant in variants:
            page.wait_for_function(
                "([id, before]) => document.querySelector(id + ' .picture-block').innerHTML !== before",
                arg=[f"#image_classification-says-{variant}", markup],
            )


def give(page: Page, file: Path) -> None:
    """Takes the picture on the page away, as a visitor must, and gives another."""
    part(page, "picture").get_by_label(re.compile("clear|remove", re.I)).first.click()
    part(page, "picture").locator("input[type=file]").set_input_files(file)


def test_opens_with_three_answers_in_the_first_view(pictures: Page) -> None:
    for variant in VARIANTS:
        column = says(pictures, variant)
        assert len(re.findall(r"\d %", column.inner_text())) >= 5
        assert column.locator("img").first.bounding_box()["y"] < 800
    expect(part(pictures, "classes")).to_contain_text("airplane, automobile, bird, cat, deer, dog, frog, horse, ship")
    expect(part(pictures, "run-line")).to_contain_text("image_conv")


def test_the_address_names_the_tab_and_a_view_comes_back_with_it(visit: Visit) -> None:
    pictures = visit(all_pages=True)
    expect(pictures.locator("#masked_bytes-figure svg")).to_be_visible()
    pictures.get_by_role("tab", name="Image classification").click()
    expect(says(pictures, "conv").locator("img").first).to_be_visible()
    pictures.wait_for_url("**tab=image_classification**")
    before = answers(pictures)
    part(pictures, "examples").locator("img").nth(1).click()
    wait_for_other(pictures, before)
    pictures.wait_for_url("**example=2**")
    view = pictures.url
    pictures.get_by_role("tab", name="Masked bytes").click()
    pictures.wait_for_url("**tab=masked_bytes**")
    assert "example" not in pictures.url
    pictures.get_by_role("tab", name="Image classification").click()
    pictures.wait_for_url(view)


def test_the_settings_of_a_view_of_ones_own_picture_can_be_linked(pictures: Page, visit: Visit, tmp_path: Path) -> None:
    Image.effect_noise((50, 40), 90).save(tmp_path / "mine.png")
    before = answers(pictures)
    give(pictures, tmp_path / "mine.png")
    wait_for_other(pictures, before)
    pictures.wait_for_url("**look=encoder**")
    assert "example" not in pictures.url
    linked = visit(view_of(pictures).replace("look=encoder", "look=rollout"), all_pages=True)
    expect(says(linked, "conv")).to_contain_text("rollout", ignore_case=True)
    expect(part(linked, "notice")).to_contain_text("a picture that it cannot hold")
    assert part(linked, "look").locator("input:checked").get_attribute("value") == "rollout"


def test_an_example_is_answered_and_can_be_linked(pictures: Page, visit: Visit) -> None:
    before = answers(pictures)
    part(pictures, "examples").locator("img").nth(1).click()
    wait_for_other(pictures, before)
    expect(part(pictures, "notice")).not_to_be_empty()
    pictures.wait_for_url("**example=2**")
    shown = answers(pictures)
    linked = visit(view_of(pictures), all_pages=True)
    expect(says(linked, "conv").locator("img").first).to_be_visible()
    linked.wait_for_function(
        "([id, shown]) => document.querySelector(id + ' .picture-block').innerHTML === shown",
        arg=["#image_classification-says-conv", shown[2]],
    )


def test_a_picture_of_ones_own_in_each_way_it_may_come(pictures: Page, tmp_path: Path) -> None:
    gray = Image.fromarray((np.arange(90 * 60) % 251).astype(np.uint8).reshape(60, 90))
    upside_down = gray.rotate(180)
    files = {"gray.png": gray, "palette.gif": upside_down.convert("P"), "phone.jpg": gray.convert("CMYK")}
    for name, image in files.items():
        image.save(tmp_path / name)
        before = answers(pictures)
        give(pictures, tmp_path / name)
        wait_for_other(pictures, before)
        expect(part(pictures, "notice").locator(".alert")).to_have_count(0)


def test_what_cannot_be_read_is_said_and_nothing_is_lost(pictures: Page, tmp_path: Path) -> None:
    Image.effect_noise((200, 200), 90).convert("RGB").save(tmp_path / "whole.jpg")
    cut = (tmp_path / "whole.jpg").read_bytes()[:2000]
    before = answers(pictures)
    for name, content, said in (
        ("notes.png", b"not a picture at all", "no picture"),
        ("empty.jpg", b"", "empty"),
        ("cut.jpg", cut, "damaged or cut short"),
    ):
        (tmp_path / name).write_bytes(content)
        give(pictures, tmp_path / name)
        expect(part(pictures, "notice")).to_contain_text(said)
        expect(part(pictures, "notice")).to_contain_text("still answers the question before")
        assert answers(pictures) == before


def test_of_an_animation_the_first_frame_is_read_and_that_is_said(pictures: Page, tmp_path: Path) -> None:
    frames = [Image.new("L", (8, 8), shade % 250) for shade in range(10_000)]
    frames[0].save(tmp_path / "long.gif", save_all=True, append_images=frames[1:])
    before = answers(pictures)
    give(pictures, tmp_path / "long.gif")
    wait_for_other(pictures, before)
    expect(part(pictures, "notice")).to_contain_text("the first is what is read")


def test_the_look_and_the_scale_change_the_maps(pictures: Page) -> None:
    for radio, name in (("look", "mean of all latents"), ("scale", "times uniform"), ("look", "weighed")):
        before = answers(pictures)
        part(pictures, radio).locator("label", has_text=name).click()
        wait_for_other(pictures, before)
    pictures.wait_for_url("**look=encoder**scale=linear**")


def test_opacity_is_changed_at_once_and_draws_nothing_anew(pictures: Page) -> None:
    before = answers(pictures)
    part(pictures, "opacity").locator("input[type=range]").fill("0.2")
    opacity = "getComputedStyle(document.documentElement).getPropertyValue('--map-opacity').trim()"
    pictures.wait_for_function(f"() => {opacity} === '0.2'")
    part(pictures, "opacity").locator("input[type=number]").fill("")
    part(pictures, "opacity").get_by_role("button", name="reset").click()
    pictures.wait_for_function(f"() => {opacity} === '0.6'")
    assert answers(pictures) == before


def test_one_latent_of_one_variant(pictures: Page) -> None:
    before = answers(pictures)
    latents = part(pictures, "latents-fourier").locator("button[data-latent]")
    assert latents.count() >= 8
    latents.nth(2).click()
    wait_for_other(pictures, before, ("fourier",))
    expect(says(pictures, "fourier")).to_contain_text(re.compile(r"of latent \d+", re.I))
    for other in ("learned", "conv"):
        expect(says(pictures, other)).not_to_contain_text(re.compile(r"of latent \d+", re.I))
    latents.first.click()
    pictures.wait_for_function(
        "([id, before]) => document.querySelector(id + ' .picture-block').innerHTML === before",
        arg=["#image_classification-says-fourier", before[1]],
    )


def test_a_click_in_a_picture_asks_who_reads_that_place(pictures: Page) -> None:
    box = says(pictures, "learned").locator("img").first.bounding_box()
    pictures.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + 0.6 * box["height"])
    for variant in VARIANTS:
        expect(part(pictures, f"latents-{variant}")).to_contain_text(re.compile(r"latent \d+.*%", re.S))
        expect(part(pictures, f"latents-{variant}")).to_contain_text(re.compile("times uniform|x uniform|× uniform"))
    pictures.wait_for_url(re.compile("place=0.[56]"))


def test_another_input_size(pictures: Page) -> None:
    before = answers(pictures)
    part(pictures, "size").locator("input").click()
    pictures.get_by_role("option", name="48 x 48").click()
    wait_for_other(pictures, before)
    pictures.wait_for_url("**size=48**")


def test_position_encodings_are_drawn(pictures: Page) -> None:
    part(pictures, "positions").get_by_role("button").first.click()
    expect(part(pictures, "positions").locator("img").nth(20)).to_be_visible()
    drawn = part(pictures, "positions").inner_html()
    part(pictures, "size").locator("input").click()
    pictures.get_by_role("option", name="16 x 16").click()
    pictures.wait_for_function(
        "drawn => document.querySelector('#image_classification-positions').innerHTML !== drawn", arg=drawn
    )
    expect(part(pictures, "positions").locator("img").nth(20)).to_be_visible()


def test_the_saved_figure_is_as_opaque_as_the_maps_on_the_page(pictures: Page, tmp_path: Path) -> None:
    def drawn() -> np.ndarray:
        with Image.open(downloaded(pictures, part(pictures, "save-png"), tmp_path)) as image:
            return np.asarray(image, float)

    before = drawn()
    slider = part(pictures, "opacity").locator("input[type=range]")
    slider.focus()
    for _ in range(8):
        slider.press("ArrowRight")
    assert np.abs(drawn() - before).mean() > 1


def test_figures_are_saved(pictures: Page, tmp_path: Path) -> None:
    for kind in ("png", "svg", "npz"):
        downloaded(pictures, part(pictures, f"save-{kind}"), tmp_path).rename(tmp_path / f"figure.{kind}")
    assert Image.open(tmp_path / "figure.png").size == (1600, 1000)
    with np.load(tmp_path / "figure.npz") as arrays:
        assert arrays["learned_values"].shape == arrays["fourier_values"].shape == (32, 32)
        assert arrays["conv_values"].shape == (7, 7)


def test_published_models_that_are_not_to_be_had(pictures: Page) -> None:
    before = answers(pictures)
    part(pictures, "weights").locator("label", has_text="published").click()
    expect(part(pictures, "notice")).to_contain_text("62.3 M")
    part(pictures, "ask").click()
    expect(part(pictures, "notice").locator(".alert")).to_contain_text("could not be downloaded")
    assert answers(pictures) == before


def test_on_a_narrow_screen_places_and_latents_are_chosen_as_well(visit: Visit) -> None:
    page = visit(TAB, 380)
    expect(says(page, "conv").locator("img").first).to_be_visible()
    for column in (*(says(page, variant) for variant in VARIANTS), part(page, "latents-fourier")):
        assert column.bounding_box()["width"] > 300  # below each other, not squeezed side by side
    picture = says(page, "fourier").locator("img").first
    expect(picture).to_be_visible()
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    page.touchscreen.tap(box["x"] + 0.3 * box["width"], box["y"] + 0.6 * box["height"])
    expect(part(page, "latents-fourier")).to_contain_text(re.compile(r"Which latents read row 2\d, column 1\d"))
    before = answers(page)
    part(page, "latents-conv").locator("button[data-latent]").nth(1).tap()
    wait_for_other(page, before, ("conv",))
    expect(says(page, "conv")).to_contain_text(re.compile(r"of latent \d+", re.I))
