"""A result as one HTML file that needs nothing else: it works offline, tooltips and sliding borders included."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from components.html import STYLE_SHEETS
from components.js import script

_TEMPLATES = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)


def standalone_page(
    title: str, parts: Sequence[Markup], settings: Mapping[str, str], note: str = "", opacity: float = 0.6
) -> str:
    """parts: from top to bottom. settings: label -> value. opacity: of maps over images, 0 to 1."""
    return _TEMPLATES.get_template("standalone.html.jinja").render(
        title=title,
        parts=parts,
        settings=settings,
        note=note,
        opacity=opacity,
        style_sheets=[_unescaped(sheet.read_text(encoding="utf-8")) for sheet in STYLE_SHEETS],
        behavior=_unescaped(script("compare.js")),
    )


def _unescaped(source: str) -> Markup:
    """Our own style sheets and scripts, which are no text."""
    return Markup(source)  # noqa: S704
