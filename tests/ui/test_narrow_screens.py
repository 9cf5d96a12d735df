"""On a phone nothing is cut off, and nothing scrolls sideways."""

import pytest

from pages import PAGES
from tests.ui.visitor import Visit

pytestmark = pytest.mark.ui
ANSWERED = {
    "masked_bytes": "#masked_bytes-figure svg",
    "text_generation": "#text_generation-figure svg",
    "sentiment": "#sentiment-figure svg",
    "fine_tuning": "#fine_tuning-labels li",
    "image_classification": "#image_classification-says-conv img",
    "optical_flow": "#optical_flow-check .comparison",
    "av_autoencoding": "#av_autoencoding-attention .read",
}
"""What is on a page when its first answer is."""


@pytest.mark.parametrize("name", [page.name for page in PAGES])
def test_nothing_is_wider_than_the_screen(visit: Visit, name: str) -> None:
    page = visit(f"?tab={name}&__theme=dark", 380, all_pages=True)
    page.wait_for_selector(ANSWERED[name], timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 380
