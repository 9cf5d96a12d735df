"""The pages in the order of their tabs."""

from pages import (
    av_autoencoding,
    fine_tuning,
    image_classification,
    masked_bytes,
    optical_flow,
    sentiment,
    text_generation,
)
from pages.page import Page

PAGES: tuple[Page, ...] = (
    masked_bytes.PAGE,
    sentiment.PAGE,
    fine_tuning.PAGE,
    text_generation.PAGE,
    image_classification.PAGE,
    optical_flow.PAGE,
    av_autoencoding.PAGE,
)
