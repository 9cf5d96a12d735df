"""What a visitor does on the page of image classification, in a real browser."""

import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.ui.visitor import Visit, changed, view_of

pytestmark = pytest.mark.ui
RESULT = "#image_classification-prediction-conv img"
"""What is on the page once its first result is."""
NAME = "image_classification"
VARIANTS = ("learned", "fourier", "conv")
CONV = f"#{NAME}-prediction-conv .picture-block"
OUT_OF_DATE = re.compile("out-of-date")


def part(page: Page, name: str) -> Locator:
    return page.locator(f"#{NAME}-{name}")


def prediction(page: Page, variant: str) -> Locator:
    return part(page, f"prediction-{variant}").locator(".picture-block")


IMAGES = "[...document.querySelectorAll('.picture-block img')].map((image) => image.src).join()"
"""JavaScript: all images and maps of the result."""


def upload(page: Page, file: Path) -> None:
    """Removes the image on the page, as a visitor must, and uploads another."""
    part(page, "image").get_by_label(re.compile("clear|remove", re.I)).first.click()
    part(page, "image").locator("input[type=file]").set_input_files(file)


@pytest.fixture
def page(visit: Visit) -> Page:
    """The page as it opens, with its first example."""
    page = visit(NAME)
    for variant in VARIANTS:
        expect(prediction(page, variant).locator("img").first).to_be_visible(timeout=60_000)
    return page


def test_an_example_a_point_and_a_latent_come_back_with_a_link(page: Page, visit: Visit) -> None:
    changed(page, CONV, part(page, "examples").locator("img").nth(1).click)
    expect(part(page, "notice").locator("[role=status]")).to_be_visible()
    box = prediction(page, "learned").locator("img").first.bounding_box()
    page.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + 0.6 * box["height"])
    for variant in VARIANTS:
        expect(part(page, f"latents-{variant}")).to_contain_text(re.compile(r"attend to row \d+, column \d+"))
    for variant, index in (("fourier", 2), ("conv", 1)):
        latent = part(page, f"latents-{variant}").locator("button[data-latent]").nth(index)
        latent.click()
        expect(latent).to_have_attribute("aria-pressed", "true")
    after = page.evaluate(IMAGES)
    page.wait_for_url(re.compile(r"example=1.*latents=.*point="))
    linked = visit(NAME, view_of(page))
    linked.wait_for_function(f"after => {IMAGES} === after", arg=after)
    expect(part(linked, "page")).not_to_have_class(OUT_OF_DATE)


def test_an_uploaded_image_is_classified_and_shown_again_on_coming_back(visit: Visit, tmp_path: Path) -> None:
    page = visit(NAME)
    expect(prediction(page, "conv").locator("img").first).to_be_visible()
    Image.effect_noise((90, 60), 90).convert("CMYK").save(tmp_path / "own.jpg")
    changed(page, CONV, lambda: upload(page, tmp_path / "own.jpg"))
    page.wait_for_url(re.compile(r"example=(&|$)"))
    shown = page.evaluate(IMAGES)
    page.get_by_role("link", name="Masked language modeling").click()
    page.wait_for_selector("#masked_bytes-candidates td")
    page.get_by_role("link", name="Image classification").click()
    page.wait_for_function(f"shown => {IMAGES} === shown", arg=shown)
    image = part(page, "image").locator("img")
    expect(image).to_have_js_property("naturalWidth", 90)
    expect(part(page, "page")).not_to_have_class(OUT_OF_DATE)


def test_position_encodings_take_the_place_of_latents_and_follow_the_image(page: Page) -> None:
    expect(part(page, "positions").locator("img")).to_have_count(0)
    part(page, "sheet").get_by_label("Position encodings").click()
    expect(part(page, "positions").locator("img").nth(20)).to_be_visible()

    def choose_size() -> None:
        part(page, "size").locator("input").click()
        page.get_by_role("option", name="16 x 16").click()

    changed(page, f"#{NAME}-positions", choose_size)
    expect(part(page, "positions").locator("img").nth(20)).to_be_visible()
    expect(part(page, "latents-fourier").locator("img")).to_have_count(0)


def test_on_a_phone_points_and_latents_are_selected_by_touch(visit: Visit) -> None:
    page = visit(NAME, width=380)
    image = prediction(page, "fourier").locator("img").first
    expect(image).to_be_visible()
    for variant in VARIANTS:  # one below the other
        assert part(page, f"prediction-{variant}").bounding_box()["width"] > 300
        assert part(page, f"latents-{variant}").bounding_box()["width"] > 300
    image.scroll_into_view_if_needed()
    box = image.bounding_box()
    page.touchscreen.tap(box["x"] + 0.3 * box["width"], box["y"] + 0.6 * box["height"])
    expect(part(page, "latents-fourier")).to_contain_text(re.compile(r"row 2\d, column 1\d"))
    latent = part(page, "latents-conv").locator("button[data-latent]").nth(1)
    changed(page, CONV, latent.tap)
    expect(latent).to_have_attribute("aria-pressed", "true")
