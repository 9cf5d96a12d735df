"""What visitors do on every page."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from playwright.sync_api import Locator, Page


class Visit(Protocol):
    """The fixture `visit`."""

    def __call__(self, name: str, query: str = "", width: int = 1280) -> Page:
        """A page of the app in a window of its own, `width` pixels wide.

        name: of the page. query: from the question mark on. all_pages: with the app's other pages; else at the root.
        """
        ...


def view_of(page: Page) -> str:
    """The query of the address, which describes the view."""
    return page.url[page.url.index("?") :]


def changed(page: Page, part: str, act: Callable[[], object]) -> None:
    """Does something and waits until a part of the page is another. part: a selector."""
    before = page.locator(part).first.inner_html()
    act()
    page.wait_for_function("([part, before]) => document.querySelector(part).innerHTML !== before", arg=[part, before])


def open_attention(page: Page) -> None:
    """Opens the controls of attention, which are closed at first."""
    page.locator("[id$=attention-details] button").first.click()


def choose_file(menu: Locator, kind: str) -> None:
    """Chooses a kind of file in a menu that saves."""
    menu.locator("summary").click()
    menu.locator(f"[data-kind={kind}]").click()


def downloaded(page: Page, menu: Locator, kind: str, folder: Path) -> Path:
    """Saves something; the file, under its own name."""
    with page.expect_download() as download:
        choose_file(menu, kind)
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    return file


def outdated(page: Page, name: str) -> bool:
    """Whether the results on a page are marked as out of date."""
    return "out-of-date" in (page.locator(f"#{name}-page").get_attribute("class") or "")


WATCH_SHIFTS = """new PerformanceObserver(list => {
  window.layoutShift ??= 0;
  for (const shift of list.getEntries()) if (!shift.hadRecentInput) window.layoutShift += shift.value;
}).observe({ type: 'layout-shift', buffered: true })"""
"""JavaScript, for before a page is loaded."""


def layout_shift(page: Page) -> float:
    """How much of the page has moved on its own since it was opened (cumulative layout shift)."""
    return page.evaluate("window.layoutShift ?? 0")
