"""The filled text as a strip: data in, HTML out. What carries `data-position` can be clicked."""

from html import escape

import numpy as np

from components.analysis.byte_labels import byte_label
from components.analysis.text_units import share_in_words
from components.html.text.cells import attention_styles, character_cells, end_token, in_words
from components.scale.attention import Scale
from models.data.graphemes import Character, characters
from models.schema import AttentionMap, MaskedBytesResult


def filled_strip(result: MaskedBytesResult, selected: int | None = None, scale: Scale = "linear") -> str:
    """The filled text, a cell a byte: filled ones marked, all colored by `result.attention` where it is set."""
    return _FilledStrip(result, selected, scale).markup()


class _FilledStrip:
    def __init__(self, result: MaskedBytesResult, selected: int | None, scale: Scale):
        self.result, self.selected, self.scale = result, selected, scale
        self.styles = attention_styles(result.attention, scale)
        self.places = {position: index for index, position in enumerate(result.positions.tolist())}
        self.one_by_one = len(set(result.order.tolist())) > 1

    def markup(self) -> str:
        spoken = escape(
            f"Filled text: {self.result.filled} {len(self.places)} bytes filled in, "
            f"mean certainty {np.mean(self.result.probabilities[:, 0]):.0%}."
        )
        body = self._end_token("CLS", 0) + self._words() + self._end_token("SEP", -1)
        caption = " ".join(self._caption())
        return (
            f'<div class="result-strip" role="group" aria-label="{spoken}">{body}</div><p class="caption">{caption}</p>'
        )

    def _words(self) -> str:
        found = characters(self.result.filled_bytes)
        return in_words((character.text or "", self._character(character)) for character in found)

    def _character(self, character: Character) -> str:
        valid = character.text is not None
        cells = [self._cell(position, valid) for position in range(character.start, character.stop)]
        return character_cells(character.text or "", cells)

    def _cell(self, position: int, valid: bool) -> str:
        index = self.places.get(position)
        classes = {
            "filled": index is not None,
            "invalid": not valid,
            "unread": position >= self.result.bytes_read,
            "selected": position == self.selected,
        }
        names = " ".join(["byte", *(name for name, holds in classes.items() if holds)])
        inner = escape(byte_label(self.result.filled_bytes[position]))
        if index is not None and self.one_by_one:
            inner += f'<sub class="round">{self.result.order[index] + 1}</sub>'
        # Only what was filled in is a stop of the tab key; all else can be clicked.
        stop = "" if index is not None else ' tabindex="-1"'
        style = self.styles[position + 1] if self.styles and not classes["unread"] else ""
        title = escape(", ".join(self._title(position, index, valid)))
        return (
            f'<button type="button" class="{names}" data-position="{position}" title="{title}"{stop}{style}>'
            f"{inner}</button>"
        )

    def _title(self, position: int, index: int | None, valid: bool) -> list[str]:
        said = [f"byte {position}"]
        if index is not None:
            said.append(f"filled in with {self.result.probabilities[index, 0]:.0%} certainty")
            if self.one_by_one:
                said.append(f"as number {self.result.order[index] + 1}")
        if not valid:
            said.append("not part of a valid UTF-8 character")
        if position >= self.result.bytes_read:
            said.append("not read")
        elif self.styles and self.result.attention:
            said.append(self._share(self.result.attention, position + 1))
        return said

    def _end_token(self, name: str, index: int) -> str:
        if self.styles and self.result.attention:
            return end_token(name, self.styles[index], self._share(self.result.attention, index))
        return end_token(name)

    @staticmethod
    def _share(attention: AttentionMap, index: int) -> str:
        return share_in_words(float(attention.values[index]), attention.uniform)

    def _caption(self) -> list[str]:
        """What the marks mean, and only those that are there."""
        said = ["<u>Underlined</u>: filled in."]
        if self.one_by_one:
            said.append("Small numbers: in which order.")
        if self.result.attention is not None and self.selected is not None:
            if self.styles:
                said.append("Brighter: read more." if self.scale == "linear" else "Brown: read more; purple: less.")
            said.append(f"Shown: {escape(self.result.attention.title)}.")
        if any(character.text is None for character in characters(self.result.filled_bytes)):
            said.append("Dashed: bytes that make no valid UTF-8 character.")
        return said
