"""Shared by the cells of all texts: background and text color of a value, end tokens, and line breaks."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise

import numpy as np
from markupsafe import Markup
from matplotlib.colors import to_hex

from components.analysis.byte_labels import NEWLINE
from components.analysis.text_units import Piece, Unit
from components.scale.attention import AttentionScale, ink_on, levels_of
from models.data.graphemes import characters
from models.schema import AttentionMap


def fill_styles(fills: np.ndarray) -> list[Markup]:
    """Each color as background, with a readable text color. fills: [n, 4], sRGB, 0 to 1."""
    return [
        Markup(' style="background:{};color:{}"').format(to_hex(fill), ink)
        for fill, ink in zip(fills, ink_on(fills), strict=True)
    ]


def attention_styles(attention: AttentionMap, colors: AttentionScale) -> list[Markup]:
    """A style for each input."""
    return fill_styles(colors.fills(levels_of(attention, colors.scale)) / 255)


def end_token(name: str, style: str = "", share: str = "") -> Markup:
    """[CLS] or [SEP]. share: its attention, in words."""
    title = (
        f"[{name}], {share}"
        if share
        else f"[{name}], a special token at the {'start' if name == 'CLS' else 'end'} of the text"
    )
    return Markup('<span class="end-token" title="{}"{}>{}</span>').format(title, style, name)


def character_cells(text: str, cells: Sequence[Markup]) -> Markup:
    """The cell of a character of one byte, or the cells of its bytes next to its glyph."""
    if len(cells) == 1:
        return cells[0]
    return Markup('<span class="character"><span class="glyph">{}</span>{}</span>').format(text, Markup("").join(cells))


def in_words(cells: Iterable[tuple[str, Markup]]) -> Markup:
    """Cells of characters or tokens, grouped by word, so that lines break between words."""
    said: list[Markup] = []
    word: list[Markup] = []
    for text, cell in cells:
        if len(text) > 1 and text[0] in " \n":
            said.extend(_word(word))
            word = []
        word.append(cell)
        if text.endswith((" ", "\n")):
            said.extend(_word(word))
            word = []
        if text.endswith("\n"):
            said.append(Markup("<br>"))
    return Markup("").join([*said, *_word(word)])


def _word(cells: list[Markup]) -> list[Markup]:
    return [Markup('<span class="word">{}</span>').format(Markup("").join(cells))] if cells else []


def unit_label(piece: Piece, unit: Unit) -> str:
    """Label of a cell. Spaces are visible only within words, so a cell of spaces shows a symbol."""
    if unit == "bytes":
        return piece.text
    if unit == "characters":
        return {" ": "\u00a0", "\n": NEWLINE}.get(piece.text, piece.text)
    return piece.text.replace("\n", NEWLINE)


def word_cells(cells: Iterable[tuple[str, Markup]]) -> Markup:
    """Cells of words; a line break of the text follows its cell."""
    return Markup("").join(cell + Markup("<br>") * ("\n" in text) for text, cell in cells)


def kept_together(contents: Sequence[bytes]) -> Iterator[tuple[str | None, range]]:
    """Tokens in groups that end where a character ends: the text of each group, and the numbers of its tokens.

    contents: bytes that each token stands for. Mostly a group is one token; those that share a character are in one
    group. The text is None if the bytes are not UTF-8; the token is then a group of its own.
    """
    whole = b"".join(contents)
    ends = {character.stop for character in characters(whole)} | {0}
    starts = list(accumulate(map(len, contents), initial=0))
    cuts = [at for at, byte in enumerate(starts) if byte in ends]
    # Where several tokens begin at one byte, all but the last are empty and form their own groups.
    for first, stop in pairwise(cuts):
        try:
            text = whole[starts[first] : starts[stop]].decode("utf-8")
        except UnicodeDecodeError:
            text = None
        yield text, range(first, stop)
