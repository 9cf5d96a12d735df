"""The page that every figure is drawn on: its size, its lettering, its footer, and how it is written to files.

Works with matplotlib's objects and never with pyplot, which keeps one list of figures for the whole process: a figure
belongs to its caller, and several threads may draw at once.
"""

import hashlib
import io
import re
import textwrap
import threading
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.text import Text
from matplotlib.textpath import text_to_path

from components.plots.arrays import Arrays
from components.words.quotes import turns, without_isolates

WIDTH, MAX_HEIGHT, DPI = 16.0, 10.0, 100
MARGIN = 0.6
MIN_BAND = 2.6
"""Inches of height that a color bar with its labels needs."""
SANS, MONO = "DejaVu Sans", "DejaVu Sans Mono"
FALLBACKS = {
    SANS: "'Bitstream Vera Sans', Verdana, sans-serif",
    MONO: "'Bitstream Vera Sans Mono', Menlo, Consolas, monospace",
}
"""Fonts with letters of about the same widths, for viewers without those that the layout was measured with."""
INK, SOFT_INK, RULE = "#1a1a1a", "#5c5c5c", "#c8c8c8"
PAGE_COLORS = {
    INK: "currentColor",
    SOFT_INK: f"var(--body-text-color-subdued, {SOFT_INK})",
    RULE: f"var(--border-color-primary, {RULE})",
}
"""What these colors are on a page, where the theme may be light or dark; in files they stay."""
REMINDER = "Attention is not by itself an explanation."
_SVG_SETTINGS = threading.Lock()
"""Held while matplotlib's settings, which all threads share, are those of one SVG."""


class Plot(Figure):
    """A page of 1600 pixels by at most 1000, addressed in inches (16 by at most 10) from its lower left corner.

    heading: the title in full. alt: what the picture says, in words. arrays: what its .npz holds, by the names of
    `components.plots.arrays`. bottom, top: the band, in inches, that is still empty. height: of the page, in inches.
    """

    def __init__(self, heading: str, alt: str) -> None:
        super().__init__(figsize=(WIDTH, MAX_HEIGHT), dpi=DPI, facecolor="white")
        FigureCanvasAgg(self)
        self.heading, self.alt, self.height = heading, alt, MAX_HEIGHT
        self.bottom, self.top = MARGIN, MAX_HEIGHT - MARGIN
        self.arrays: Arrays = {"title": heading}

    def shrink_band(self, height: float) -> None:
        """Lowers the page until the empty band is `height` inches high, or MIN_BAND, if it is higher than that.

        What was drawn below the band stays there, and what was drawn above moves down.
        """
        removed = self.top - self.bottom - max(height, MIN_BAND)
        if removed <= 0:
            return
        before, self.height = self.height, self.height - removed
        for text in self.texts:
            x, y = text.get_position()
            text.set_position((x, self._moved(y * before, removed) / self.height))
        for axes in self.axes:
            left, bottom, width, height = axes.get_position().bounds
            moved = self._moved(bottom * before, removed) / self.height
            axes.set_position((left, moved, width, height * before / self.height))
        self.set_size_inches(WIDTH, self.height)
        self.top -= removed

    def _moved(self, y: float, removed: float) -> float:
        return y - removed if y > self.bottom else y

    def write(self, x: float, y: float, text: str, size: float = 13, color: str = INK, **options) -> Text:
        """Text as it is, never as mathematics: a visitor's dollar signs are dollar signs. size: points."""
        options = {"family": SANS, "parse_math": False, "ha": "left", "va": "baseline"} | options
        return self.text(x / WIDTH, y / self.height, text, size=size, color=color, **options)

    def axes_at(self, left: float, bottom: float, width: float, height: float) -> Axes:
        place = (left / WIDTH, bottom / self.height, width / WIDTH, height / self.height)
        axes = self.add_axes(place, facecolor="none")
        axes.spines[:].set_color(SOFT_INK)
        return axes

    def canvas_at(self, left: float, bottom: float, width: float, height: float) -> Axes:
        """Axes without frame whose data units are inches."""
        axes = self.axes_at(left, bottom, width, height)
        axes.set(xlim=(0, width), ylim=(0, height))
        axes.set_axis_off()
        return axes


def start_plot(heading: str, said: str, facts: Sequence[str], alt: str, reminder: str = REMINDER) -> Plot:
    """A plot with its title, what its colors measure in words (`said`), and a footer; the band between is empty.

    facts: what it was computed with. reminder: below these, a caution about its interpretation.
    """
    plot = Plot(heading, alt)
    width = WIDTH - 2 * MARGIN
    for line in wrapped(printable(heading), 21, width, lines=3, weight="bold"):
        plot.top -= 0.3
        plot.write(MARGIN, plot.top, line, size=21, weight="bold")
        plot.top -= 0.1
    plot.top -= 0.26
    plot.write(MARGIN, plot.top, said, size=15, color=SOFT_INK)
    plot.top -= 0.3
    for line in reversed([*wrapped(printable(" · ".join(facts)), 13, width, lines=2), reminder]):
        plot.write(MARGIN, plot.bottom - 0.2, line, color=SOFT_INK)
        plot.bottom += 0.26
    plot.canvas_at(MARGIN, plot.bottom - 0.1, width, 0.02).axhline(0.01, color=RULE, linewidth=1)
    plot.bottom += 0.1
    return plot


@cache
def _glyphs(family: str) -> frozenset[int]:
    return frozenset(get_font(findfont(FontProperties(family=family))).get_charmap())


def printable(text: str, family: str = SANS) -> str:
    """The text with each character that the font lacks as hex of its code point, bracketed within longer text.

    So is one that turns the direction of text. A control picture stands for a byte and becomes it: U+240A is "0A".
    """
    text = without_isolates(text)
    form = "{:02X}" if len(text) == 1 else "[{:02X}]"
    return "".join(
        c if ord(c) in _glyphs(family) and not turns(c) else form.format(_byte_pictured(ord(c))) for c in text
    )


def _byte_pictured(code: int) -> int:
    return 0x7F if code == 0x2421 else code - 0x2400 if 0x2400 <= code <= 0x2420 else code


@lru_cache(maxsize=4096)  # wrapping tries the same lines again and again, and cells have the same labels
def text_width(text: str, size: float, weight: str = "normal", family: str = SANS) -> float:
    """Inches. size: points."""
    font = FontProperties(family=family, weight=weight, size=size)
    return text_to_path.get_text_width_height_descent(text, font, ismath=False)[0] / 72


def wrapped(text: str, size: float, width: float, lines: int, weight: str = "normal") -> list[str]:
    """At most `lines` lines of even length, none wider than `width` inches; an ellipsis stands for what is left out."""
    best: list[str] = []
    for characters in range(int(width * 72 / size * 4), 4, -1):
        broken = textwrap.wrap(text, characters, max_lines=lines, placeholder=" …")
        if best and (len(broken), " ".join(broken)) != (len(best), " ".join(best)):
            break
        # Hinting makes drawn text a little wider than measured.
        if all(text_width(line, size, weight) <= 0.97 * width for line in broken):
            best = broken
    return best


def to_page_svg(plot: Plot) -> Markup:
    """As `to_svg`, to stand in a page: without background, its lines and its text, as paths, in colors of the theme."""
    svg = _to_svg(plot, "none", "path")
    for color, themed in PAGE_COLORS.items():
        svg = svg.replace(f": {color}", f": {themed}")
    return svg


def to_svg(plot: Plot) -> Markup:
    """An <svg> element with real text, as wide as its container.

    Its ids and its style rule hold inside of it only, and are the same each time for the same picture.
    """
    return _to_svg(plot, "white", "none")


def _to_svg(plot: Plot, background: str, font_type: Literal["path", "none"]) -> Markup:
    """font_type: "path" for text as paths, "none" for real text."""
    svg = _xml_text(re.sub(r"<!--.*?-->", "", _drawn(plot, background, font_type), flags=re.DOTALL))
    opening = re.search(r'<svg\b[^>]*viewBox="([^"]*)"[^>]*>', svg)
    numbers: dict[str, int] = {}
    # Only in tags: between them stands a visitor's text.
    body = re.sub(r"<[^>]*>", lambda tag: _with_fallbacks(_numbered(tag[0], numbers)), svg[opening.end() :])
    name = "plot-" + hashlib.sha256(body.encode()).hexdigest()[:12]
    # Inlined in HTML, matplotlib's rule for "*" would restyle every icon of the page.
    body = body.replace("\0", name + "-").replace("*{", f"#{name} *{{", 1)
    head = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" id="{}" viewBox="{}" '
        'width="100%" role="img" aria-label="{}"><title>{}</title>'
    ).format(name, opening[1], _xml_text(plot.alt), _xml_text(plot.heading))
    return head + Markup(body)  # noqa: S704 matplotlib has escaped its text


def _drawn(plot: Plot, background: str, font_type: str) -> str:
    """The SVG file as matplotlib writes it."""
    drawn = io.StringIO()
    metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with _SVG_SETTINGS, matplotlib.rc_context({"svg.fonttype": font_type}):
        plot.savefig(drawn, format="svg", facecolor=background, metadata=metadata)
    return drawn.getvalue()


def _numbered(tag: str, numbers: dict[str, int]) -> str:
    """With ids and links to them as numbers, after a zero that stands for the name of the plot."""
    return re.sub(
        r'(\bid="|href="#|url\(#)([^")]+)',
        lambda found: f"{found[1]}\0{numbers.setdefault(found[2], len(numbers))}",
        tag,
    )


def _with_fallbacks(tag: str) -> str:
    return re.sub(
        "font-family: (?:'|&apos;|&#x27;)(.*?)(?:'|&apos;|&#x27;)",
        lambda found: f"font-family: '{found[1]}', {FALLBACKS[found[1]]}",
        tag,
    )


def _xml_text(text: str) -> str:
    """Without the code points that XML cannot hold, escaped or not."""
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)


def save_plot(plot: Plot, file: Path) -> None:
    """As the file's ending says: .png, 1600 pixels wide, .svg, or .npz (`plot.arrays`)."""
    if file.suffix == ".svg":
        file.write_text(to_svg(plot), encoding="utf-8")
    elif file.suffix == ".npz":
        np.savez_compressed(file, allow_pickle=False, **plot.arrays)
    else:
        plot.savefig(file, dpi=DPI)
