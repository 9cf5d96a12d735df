"""The pages in the order of the navigation."""

from typing import Any

from pages.av_autoencoding import streamlit_page as av_autoencoding
from pages.build_one import streamlit_page as build_one
from pages.fine_tuning import streamlit_page as fine_tuning
from pages.image_classification import streamlit_page as image_classification
from pages.lessons import streamlit_page as lessons
from pages.masked_bytes import streamlit_page as masked_bytes
from pages.optical_flow import streamlit_page as optical_flow
from pages.overview import streamlit_page as overview
from pages.sentiment import streamlit_page as sentiment
from pages.streamlit_ui.shell import Page
from pages.text_generation import streamlit_page as text_generation

PAGES: tuple[Page[Any], ...] = (
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
