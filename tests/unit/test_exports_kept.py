"""Files of what a page opens with are written once; nothing of a visitor's own is kept."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from components.figures.sheet import start_sheet
from components.panels import FigurePanel
from pages.trace import for_every_visitor, write_exports, written_once


@dataclass(frozen=True)
class Shown:
    title: str


class Answer(NamedTuple):
    shown: Any
    link: str = "?example=1"


def test_only_what_all_visitors_see_is_kept():
    drawn = []

    @written_once
    def export(shown: Shown, opacity: float) -> tuple[Any, ...]:
        drawn.append((shown.title, opacity))
        return write_exports(FigurePanel(start_sheet(shown.title, "", [], shown.title)), "figure")

    first = for_every_visitor(Answer(Shown("first")))
    assert first.link == ""
    once, again = export(first.shown, 0.6), export(first.shown, 0.6)
    assert [update["value"] for update in once] == [update["value"] for update in again]
    assert all(Path(update["value"]).is_file() for update in again)
    once[0].clear()
    assert export(first.shown, 0.6) == again  # whatever is done with what was handed out
    export(first.shown, 0.3)
    own = Shown("first")  # equal, and a visitor's
    assert export(own, 0.6)[0]["value"] != export(own, 0.6)[0]["value"]
    assert drawn == [("first", 0.6), ("first", 0.3), ("first", 0.6), ("first", 0.6)]
