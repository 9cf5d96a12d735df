"""What cells of all strips share: colour and ink of a value, what stands at both ends, and where lines may break."""

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
from matplotlib.colors import to_hex

from components.figures.attention import Scale, colours, ink_on, scaled
from models.schema import AttentionMap


def fill_styles(fills: np.ndarray) -> list[str]:
    """fills: [n, 4], sRGB in 0 to 1. Each as background, with an ink that can be read on it."""
    return [f' style="background:{to_hex(fill)};color:{ink}"' for fill, ink in zip(fills, ink_on(fills), strict=True)]


def attention_styles(attention: AttentionMap | None, scale: Scale) -> list[str]:
    """A style for each input that was read; none where the map is not over the inputs."""
    if attention is None or attention.method == "decoder":
        return []
    norm, colour_map = colours(attention, scale)
    return fill_styles(colour_map(norm(scaled(attention, scale))))


def end_token(name: str, style: str = "", share: str = "") -> str:
    """[CLS] or [SEP]. share: its attention, in words."""
    title = f"[{name}], {share}" if share else f"the token [{name}] that the model reads before and after the bytes"
    return f'<span class="end-token" title="{title}"{style}>{name}</span>'


def character_cells(text: str, cells: Sequence[str]) -> str:
    """The cell of a character's one byte, or those of its several beside its glyph."""
    if len(cells) == 1:
        return cells[0]
    return f'<span class="character"><span class="glyph">{escape(text)}</span>{"".join(cells)}</span>'


def in_words(cells: Iterable[tuple[str, str]]) -> str:
    """Characters and their cells in words, so that lines break between words and not within."""
    words: list[list[str]] = [[]]
    for text, cell in cells:
        words[-1].append(cell + ("<br>" if text == "\n" else ""))
        if text in (" ", "\n"):
            words.append([])
    return "".join(f'<span class="word">{"".join(word)}</span>' for word in words if word)
