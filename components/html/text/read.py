"""A classified text, colored by attention: data in, HTML out. Its cells cannot be clicked."""

from collections import defaultdict
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from components.analysis.attention import shares_in_words
from components.analysis.text_units import Fitted, Piece, Unit, UnitShares, fitted, named
from components.html.images.pixels import color_legend
from components.html.text.cells import character_cells, end_token, fill_styles, in_words, unit_label, word_cells
from components.scale.attention import AttentionScale, Scale, scaled
from components.words.quotes import visible
from models.data.graphemes import characters
from models.schema import SentimentResult, TextWindow


def read_strip(result: SentimentResult, unit: Unit = "words", scale: Scale = "share") -> Markup:
    """The text, one cell per unit, colored by `result.attention` if that is over the bytes.

    A text of more than 2,048 units is shown in coarser ones, with a note. Marks show where windows begin and end.
    """
    return _ReadStrip(result, fitted(result.text, unit), scale).markup()


_Marks = defaultdict[int, Markup]


class _Colored(NamedTuple):
    shares: UnitShares
    scale: AttentionScale
    styles: list[Markup]

    def in_words(self, index: int) -> str:
        return self.shares.in_words(index, self.scale.scale)


class _ReadStrip:
    def __init__(self, result: SentimentResult, shown: Fitted, scale: Scale):
        self.result, self.shown = result, shown
        self.colored = _colored(result, shown, scale)
        self.before, self.behind = _window_marks(result.windows, shown.pieces)

    def markup(self) -> Markup:
        inner = self._end_token("CLS", 0) + self._cells() + self._end_token("SEP", -1)
        legend = ""
        if self.colored:
            of_each = (
                ""
                if self.shown.unit == "bytes"
                else f", mean over the bytes of each {self.shown.unit.removesuffix('s')}"
            )
            legend = color_legend(self.colored.scale, f"{self.colored.scale.unit}{of_each}")
        return Markup(
            '<div class="result-strip read-strip" role="group" tabindex="0" aria-label="{}"><div dir="auto">{}</div>'
            '</div>{}<p class="caption">{}</p>'
        ).format(self._spoken(), inner, legend, " ".join(self._caption()))

    def _cells(self) -> Markup:
        if self.shown.unit == "words":
            return word_cells((piece.text, self._cell(at)) for at, piece in enumerate(self.shown.pieces))
        if self.shown.unit == "characters":
            return in_words((piece.text, self._cell(at)) for at, piece in enumerate(self.shown.pieces))
        return in_words(
            (each.text or "", character_cells(each.text or "", [self._cell(at) for at in range(each.start, each.stop)]))
            for each in characters(self.result.text.encode())
        )

    def _cell(self, at: int) -> Markup:
        style = self.colored.styles[at + 1] if self.colored else ""
        title = ", ".join(self._title(at))
        label = unit_label(self.shown.pieces[at], self.shown.unit)
        cell = Markup('<span class="byte" title="{}"{}>{}</span>').format(title, style, label)
        return self.before[at] + cell + self.behind[at]

    def _title(self, at: int) -> list[str]:
        piece = self.shown.pieces[at]
        place = f"byte {piece.start}" if piece.stop - piece.start == 1 else f"bytes {piece.start} to {piece.stop - 1}"
        return [place, self.colored.in_words(at + 1)] if self.colored else [place]

    def _end_token(self, name: str, index: int) -> Markup:
        if not self.colored:
            return end_token(name)
        at = index % len(self.colored.shares.shares)
        return end_token(name, self.colored.styles[index], self.colored.in_words(at))

    def _spoken(self) -> str:
        said = f"Text of {len(self.shown.pieces):,} {self.shown.unit}"
        if not self.colored or not self.shown.pieces:
            return f"{said}."
        first = np.argsort(-self.colored.shares.shares[1:-1], kind="stable")[:3].tolist()
        most = "; ".join(f"{named(self.shown.pieces[at])}: {self.colored.in_words(at + 1)}" for at in first)
        return f"{said}. Most attention: {most}."

    def _caption(self) -> list[str]:
        """Which attention is shown, and notes on how to read it."""
        said = [self.shown.note] if self.shown.note else []
        if self.colored and self.result.attention:
            title = visible(self.result.attention.title)
            said.append(title if title.endswith((".", "?", "!")) else f"{title}.")
            if shares := shares_in_words(self.result.attention):
                said.append(f"Attention: {shares}.")
            if self.shown.unit == "words":
                said.append("A word includes the space after it.")
        if (count := len(self.result.windows)) > 1:
            said.append(f"Read in {count} windows: ▸2 marks the start of the second, 1◂ the end of the first.")
        return said


def _colored(result: SentimentResult, shown: Fitted, scale: Scale) -> _Colored | None:
    attention = result.attention
    if attention is None or attention.method == "decoder":
        return None
    shares = UnitShares.of(attention, shown.pieces)
    levels = scaled(shares.levels, shares.uniform, scale)
    colors = AttentionScale.over([levels], scale, shares.uniform)
    return _Colored(shares, colors, fill_styles(colors.fills(levels) / 255))


def _window_marks(windows: tuple[TextWindow, ...], pieces: tuple[Piece, ...]) -> tuple[_Marks, _Marks]:
    """Marks before and after the pieces in which a window begins or ends, by the piece's index."""
    before: _Marks = defaultdict(Markup)
    behind: _Marks = defaultdict(Markup)
    stops = np.array([piece.stop for piece in pieces])
    for number, window in enumerate(windows, start=1):
        first, last = np.searchsorted(stops, (window.start, window.stop - 1), side="right").tolist()
        if number > 1:
            before[first] += _mark(f"▸{number}", f"window {number} begins at byte {window.start:,}")
        if number < len(windows):
            behind[last] += _mark(f"{number}◂", f"window {number} ends before byte {window.stop:,}")
    return before, behind


def _mark(label: str, title: str) -> Markup:
    return Markup('<span class="window-mark" title="{}">{}</span>').format(title, label)
