"""The pages in the order of their tabs."""

from pages import av_autoencoding, image_classification, masked_bytes, optical_flow
from pages.page import Page

PAGES: tuple[Page, ...] = (masked_bytes.PAGE, image_classification.PAGE, optical_flow.PAGE, av_autoencoding.PAGE)
