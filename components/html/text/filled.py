"""The filled text as a strip: data in, HTML out. What carries `data-position` can be clicked."""

import numpy as np
from markupsafe import Markup

from components.analysis.attention import shares_in_words
from components.analysis.byte_labels import byte_label
from components.analysis.filling import hidden_when_filled
from components.html.images.pixels import color_legend, no_data_key
from components.html.text.cells import attention_styles, character_cells, end_token, in_words
from components.scale.attention import AttentionScale, Scale, share_in_words
from components.words.numbers import counted
from components.words.quotes import visible
from models.data.graphemes import Character, characters
from models.schema import AttentionMap, MaskedBytesProgress, MaskedBytesResult


def filled_strip(result: MaskedBytesResult, selected: int | None = None, scale: Scale = "share") -> Markup:
    """The filled text, one cell per byte: filled ones marked, all colored by `result.attention` if it is set."""
    return _FilledStrip(result, selected, scale).markup()


def partly_filled_strip(progress: MaskedBytesProgress) -> Markup:
    """The text while it is being filled, one cell per byte, with filled and masked ones marked."""
    content, filled, masked = bytearray(progress.content), set(progress.filled.tolist()), progress.masked.tolist()
    for position in masked:
        content[position] = ord("?")
    classes = dict.fromkeys(filled, "byte filled") | dict.fromkeys(masked, "byte masked")

    def cells(character: Character) -> Markup:
        labels = [(classes.get(at, "byte"), byte_label(content[at])) for at in range(character.start, character.stop)]
        return character_cells(
            character.text or "", [Markup('<span class="{}">{}</span>').format(*label) for label in labels]
        )

    body = in_words((character.text or "", cells(character)) for character in characters(bytes(content)))
    return Markup('<div class="result-strip filling">{}{}{}</div>').format(end_token("CLS"), body, end_token("SEP"))


class _FilledStrip:
    def __init__(self, result: MaskedBytesResult, selected: int | None, scale: Scale):
        self.result, self.selected = result, selected
        self.scale: Scale = scale
        attention = result.attention
        self.colors, self.styles = None, []
        if attention and attention.method != "decoder":
            self.colors = AttentionScale.of([attention], scale)
            self.styles = attention_styles(attention, self.colors)
        self.places = {position: index for index, position in enumerate(result.positions.tolist())}
        self.one_by_one = len(set(result.order.tolist())) > 1
        by_rounds = bool(self.styles) and self.one_by_one and selected is not None
        self.later = set(hidden_when_filled(result, selected)) - {selected} if by_rounds else set()

    def markup(self) -> Markup:
        spoken = (
            f"Filled text: {self.result.filled} {counted(len(self.places), 'byte')} filled in, "
            f"mean probability {np.mean(self.result.probabilities[:, 0]):.0%}."
        )
        body = self._end_token("CLS", 0) + self._words() + self._end_token("SEP", -1)
        caption = Markup(" ").join(self._caption())
        return Markup(
            '<div class="result-strip" role="group" aria-label="{}">{}</div>{}<p class="caption">{}</p>'
        ).format(spoken, body, self._legend(), caption)

    def _legend(self) -> Markup:
        return color_legend(self.colors, self.colors.unit) if self.colors else Markup()

    def _words(self) -> Markup:
        found = characters(self.result.filled_bytes)
        return in_words((character.text or "", self._character(character)) for character in found)

    def _character(self, character: Character) -> Markup:
        valid = character.text is not None
        cells = [self._cell(position, valid) for position in range(character.start, character.stop)]
        return character_cells(character.text or "", cells)

    def _cell(self, position: int, valid: bool) -> Markup:
        index = self.places.get(position)
        classes = {
            "filled": index is not None,
            "invalid": not valid,
            "unread": position >= self.result.bytes_read,
            "selected": position == self.selected,
            "later": position in self.later,
        }
        names = " ".join(["byte", *(name for name, holds in classes.items() if holds)])
        inner = byte_label(self.result.filled_bytes[position])
        if index is not None and self.one_by_one:
            inner += Markup('<sub class="round">{}</sub>').format(self.result.order[index] + 1)
        # Only what was filled in is a stop of the tab key; all else can be clicked.
        stop = "" if index is not None else Markup(' tabindex="-1"')
        style = self.styles[position + 1] if self.styles and not classes["unread"] else ""
        title = ", ".join(self._title(position, index, valid))
        return Markup('<button type="button" class="{}" data-position="{}" title="{}"{}{}>{}</button>').format(
            names, position, title, stop, style, inner
        )

    def _title(self, position: int, index: int | None, valid: bool) -> list[str]:
        said = [f"byte {position}"]
        if index is not None:
            said.append(f"filled in with probability {self.result.probabilities[index, 0]:.0%}")
            if self.one_by_one:
                said.append(f"round {self.result.order[index] + 1}")
        if position in self.later:
            said.append("was still masked")
        if not valid:
            said.append("not part of a valid UTF-8 character")
        if position >= self.result.bytes_read:
            said.append("not read")
        elif self.styles and self.result.attention:
            said.append(self._share(self.result.attention, position + 1))
        return said

    def _end_token(self, name: str, index: int) -> Markup:
        if self.styles and self.result.attention:
            return end_token(name, self.styles[index], self._share(self.result.attention, index))
        return end_token(name)

    def _share(self, attention: AttentionMap, index: int) -> str:
        return share_in_words(float(attention.values[index]), attention.uniform, self.scale)

    def _caption(self) -> list[str]:
        """The meaning of the marks in this text."""
        said: list[str] = [Markup("<u>Underlined</u>: filled in.")]
        if self.one_by_one:
            said.append("Small numbers: order of filling.")
        if self.result.attention is not None and self.selected is not None:
            said.append(f"{visible(self.result.attention.title)}.")
            if shares := shares_in_words(self.result.attention):
                said.append(f"Attention: {shares}.")
        if self.later:
            said.append(f"Dotted: still masked when byte {self.selected} was filled.")
        if self.result.bytes_read < self.result.bytes_total:
            said.append(no_data_key("not read: the text is longer than the model reads"))
        if any(character.text is None for character in characters(self.result.filled_bytes)):
            said.append("Dashed: bytes that do not form a valid UTF-8 character.")
        return said
