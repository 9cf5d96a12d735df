"""Markup for the page, as HTML that needs the style sheets listed here."""

from pathlib import Path

_FOLDER = Path(__file__).parent

STYLE_SHEETS: tuple[Path, ...] = (
    _FOLDER / "colors.css",
    _FOLDER / "text" / "text.css",
    _FOLDER / "images" / "images.css",
    _FOLDER / "images" / "flow.css",
    _FOLDER / "images" / "clip.css",
    _FOLDER / "charts" / "text_charts.css",
    _FOLDER / "charts" / "learning.css",
    _FOLDER / "overview" / "overview.css",
    _FOLDER / "lessons" / "lessons.css",
    _FOLDER / "charts" / "network.css",
    _FOLDER / "charts" / "attribution.css",
    _FOLDER / "build_one" / "build_one.css",
)
