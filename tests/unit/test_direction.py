"""Text that is written from right to left, or turns its direction, leaves the page around it as it is."""

from html.parser import HTMLParser

import pytest
from matplotlib.text import Text

from components.plots.plot import start_plot
from components.words.quotes import quoted, visible
from models.schema import LabelScore
from tests import written
from tests.unit import test_escaping
from tests.unit.test_escaping import RENDERED

TURNED = "\u202eabcdefgh\u05d0"
OF_ITS_OWN = {"td", "th", "button", "b", "s", "details"}
"""Tags of boxes; a box does not turn what is around it."""
BOXES = {"byte", "glyph", "asked", "cell"}
"""Classes of boxes."""


class Page(HTMLParser):
    """What is shown of a markup: its texts with the tags around them, and its tooltips."""

    def __init__(self, markup: str):
        super().__init__()
        self.around: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, tuple[str, dict[str, str | None]]]] = []
        self.tooltips: list[str] = []
        self.feed(markup)

    def handle_starttag(self, tag, attrs):
        self.tooltips.append(dict(attrs).get("title") or "")
        if tag not in ("br", "img", "input", "use", "path", "rect", "line", "circle"):
            self.around.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag in (name for name, _ in self.around):
            while self.around.pop()[0] != tag:
                pass

    def handle_data(self, data):
        self.texts.append((data, self.around[-1] if self.around else ("", {})))


@pytest.fixture
def turned(monkeypatch: pytest.MonkeyPatch) -> None:
    prompt = f"{TURNED} a"
    step = written.step(prompt, written.letters(TURNED), probe=written.attention(len(prompt.encode())))
    labels = (LabelScore(TURNED, 0.75, 1), LabelScore("other", 0.25, 0))
    for name, value in {"HOSTILE": TURNED, "PROMPT": prompt, "STEP": step, "LABELS": labels}.items():
        monkeypatch.setattr(test_escaping, name, value)


NAMES = sorted(name for name in RENDERED if name.startswith(("masked", "sentiment", "fine_tuning", "text_", "label")))


@pytest.mark.usefixtures("turned")
@pytest.mark.parametrize("name", NAMES)
def test_text_of_visitors_is_in_a_box_of_its_own(name):
    page = Page(str(RENDERED[name]()))
    for text, (tag, attributes) in page.texts:
        if "\u202e" in text:
            classes = set((attributes.get("class") or "").split())
            assert tag in OF_ITS_OWN or "dir" in attributes or classes & BOXES, (text, tag, attributes)
    assert not [tooltip for tooltip in page.tooltips if "\u202e" in tooltip]


def test_quotation():
    assert quoted("a b") == "“a b”"
    assert quoted("\u05d0") == "“\u2068\u05d0\u2069”"
    assert quoted("\u2069\u202eab") == "“<U+2069><U+202E>ab”"
    assert visible("\u200ea\u2067") == "<U+200E>a<U+2067>"


def test_a_drawing_shows_what_turns_and_hides_isolates():
    plot = start_plot(f"Label {quoted(chr(0x5D0))} {TURNED}", "said", [], "alt")
    (heading,) = (each.get_text() for each in plot.findobj(Text) if "Label" in each.get_text())
    assert heading == "Label “\u05d0” [202E]abcdefgh\u05d0"
