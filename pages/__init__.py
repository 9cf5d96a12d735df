"""The pages in the order of the navigation."""

from typing import Any

from pages import fine_tuning
from pages.av_autoencoding import gradio_page as av_autoencoding
from pages.gradio_ui.shell import Page, PageContext
from pages.image_classification import gradio_page as image_classification
from pages.masked_bytes import gradio_page as masked_bytes
from pages.optical_flow import gradio_page as optical_flow
from pages.page import Opening
from pages.sentiment import gradio_page as sentiment
from pages.text_generation import gradio_page as text_generation


def _adapted(page: Any) -> Page:
    def build(context: PageContext) -> None:
        page.build(context.backend, Opening(context.app))

    return Page(page.name, page.title, build)


PAGES: tuple[Page, ...] = (
    masked_bytes.PAGE,
    sentiment.PAGE,
    _adapted(fine_tuning.PAGE),
    text_generation.PAGE,
    image_classification.PAGE,
    optical_flow.PAGE,
    av_autoencoding.PAGE,
)
