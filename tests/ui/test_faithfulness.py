"""Attributions and their faithfulness, in a real browser."""

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from models.schema import METHODS
from tests.ui.visitor import Visit, downloaded

pytestmark = pytest.mark.ui
PATIENCE = 240_000
"""Milliseconds for what runs the model a few hundred times."""
TEXT = "A wonderful film."


def test_a_visitor_measures_methods_and_randomizes_weights(visit: Visit, tmp_path) -> None:
    page = visit("sentiment", f"?text={TEXT}&occlude=false")
    expect(page.locator("#sentiment-strip .byte")).to_have_count(3, timeout=60_000)
    page.locator("#sentiment-faithfulness-details > button").click()
    page.click("#sentiment-measure")
    rows = page.locator("#sentiment-faithfulness tbody tr")
    expect(rows).to_have_count(len(METHODS), timeout=PATIENCE)
    expect(rows.last.locator("td")).to_have_count(6, timeout=PATIENCE)  # with its curves, which come after the maps
    expect(rows.first.locator(".byte")).to_have_text(["A", "wonderful", "film."])
    shown = [areas_of(page, row) for row in range(len(METHODS))]
    saved = np.load(downloaded(page, page.locator("#sentiment-faithfulness-save"), "npz", tmp_path))
    assert np.allclose(shown, np.stack([saved["deletion_area"], saved["insertion_area"]], axis=1), atol=0.006)
    assert saved["values"][list(METHODS).index("leave_one_out")].argmax() == 1
    page.click("#sentiment-randomize")
    random_decoder = page.locator("#sentiment-random-models tbody tr").first.locator("td").nth(1)
    expect(random_decoder).to_have_text("+1.00", timeout=PATIENCE)  # of encoder attention, which comes before it


def areas_of(page: Page, row: int) -> list[float]:
    """Deletion and insertion area of a method, as the page shows them."""
    cells = page.locator("#sentiment-faithfulness tbody tr").nth(row).locator("td")
    return [float(cells.nth(at).inner_text()) for at in (1, 2)]
