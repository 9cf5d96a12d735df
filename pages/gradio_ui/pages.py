"""The pages in the order of the navigation."""

from pages.av_autoencoding import gradio_page as av_autoencoding
from pages.build_one import gradio_page as build_one
from pages.fine_tuning import gradio_page as fine_tuning
from pages.gradio_ui.shell import Page
from pages.image_classification import gradio_page as image_classification
from pages.lessons import gradio_page as lessons
from pages.masked_bytes import gradio_page as masked_bytes
from pages.optical_flow import gradio_page as optical_flow
from pages.overview import gradio_page as overview
from pages.sentiment import gradio_page as sentiment
from pages.text_generation import gradio_page as text_generation

PAGES: tuple[Page, ...] = (
    overview.PAGE,
    lessons.PAGE,
    masked_bytes.PAGE,
    sentiment.PAGE,
    fine_tuning.PAGE,
    text_generation.PAGE,
    image_classification.PAGE,
    optical_flow.PAGE,
    av_autoencoding.PAGE,
    build_one.PAGE,
)
