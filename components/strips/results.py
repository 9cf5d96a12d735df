"""Strips that show a result: the filled text, its candidates, and the attention over it. Data in, HTML out.

Whatever carries `data-position` can be clicked; the page learns which byte was meant.
"""

from collections.abc import Callable
from html import escape

import matplotlib
import numpy as np
from matplotlib.colors import to_hex

from components.byte_labels import Character, byte_label, characters
from components.figures.attention import Scale, colours, ink_on, scaled
from models.schema import AttentionMap, MaskedBytesResult


def filled_strip(result: MaskedBytesResult, selected: int | None = None, scale: Scale = "linear") -> str:
    """The filled text, a cell a byte: filled ones marked, all coloured by `result.attention` where it is set."""
    content = result.filled_bytes
    rounds = dict(zip(result.positions.tolist(), result.order.tolist(), strict=True))
    best = dict(zip(result.positions.tolist(), result.probabilities[:, 0].tolist(), strict=True))
    styles = _attention_styles(result.attention, scale)
    show_rounds = len(set(rounds.values())) > 1

    def cell(position: int, valid: bool) -> str:
        classes = ["byte"]
        title = f"byte {position}"
        inner = escape(byte_label(content[position]))
        if position in rounds:
            classes.append("filled")
            title += f", filled in with {best[position]:.0%} certainty"
            if show_rounds:
                inner += f'<sub class="round">{rounds[position] + 1}</sub>'
                title += f", as number {rounds[position] + 1}"
        if not valid:
            classes.append("invalid")
            title += ", not part of a valid UTF-8 character"
        if position >= result.bytes_read:
            classes.append("unread")
            title += ", not read"
        if position == selected:
            classes.append("selected")
        style = ""
        if result.attention is not None and styles and position < result.bytes_read:
            title += f", {_share(result.attention, position + 1)}"
            style = styles[position + 1]
        return (
            f'<button type="button" class="{" ".join(classes)}" data-position="{position}" title="{escape(title)}"'
            f"{'' if position in rounds else ' tabindex=-1'}{style}>{inner}</button>"
        )

    ends = [_end_token(name, index, styles, result.attention) for name, index in (("CLS", 0), ("SEP", -1))]
    body = _in_words([(_character(character, cell), character.text) for character in characters(content)])
    strip = (
        f'<div class="result-strip" role="group" aria-label="{escape(_spoken(result))}">{ends[0]}{body}{ends[1]}</div>'
    )
    return strip + f'<p class="caption">{" ".join(_caption(result, selected, show_rounds))}</p>'


def candidates_table(result: MaskedBytesResult, selected: int | None = None) -> str:
    """A column a hidden byte, a row a rank: the candidate, and its probability as colour and number."""
    labels = [[byte_label(byte) for byte in row] for row in result.candidates.tolist()]
    head = "".join(
        f'<th scope="col"><button type="button" data-position="{position}" title="byte {position}: trace it"'
        f"{_selected(position, selected)}>{position}</button></th>"
        for position in result.positions.tolist()
    )
    rows = "".join(
        f'<tr><th scope="row">{rank + 1}</th>'
        + "".join(
            _candidate(labels[index][rank], result.probabilities[index, rank], position, position == selected)
            for index, position in enumerate(result.positions.tolist())
        )
        + "</tr>"
        for rank in range(result.candidates.shape[1])
    )
    return (
        '<div class="candidates" tabindex="0" role="region" aria-label="Candidates for each hidden byte">'
        f'<table><thead><tr><th scope="col">byte</th>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _candidate(label: str, probability: float, position: int, selected: bool) -> str:
    style = _styles(matplotlib.colormaps["viridis"](np.array([probability])))[0]
    classes = "candidate selected" if selected else "candidate"
    return (
        f'<td class="{classes}" data-position="{position}"{style}>'
        f"<b>{escape(label)}</b><small>{_percent(probability)}</small></td>"
    )


def _selected(position: int, selected: int | None) -> str:
    return ' class="selected" aria-current="true"' if position == selected else ""


def _percent(probability: float) -> str:
    return f"{probability:.0%}" if probability >= 0.095 else f"{probability:.1%}"


def _character(character: Character, cell: Callable[[int, bool], str]) -> str:
    """One byte as a cell; the bytes of a longer character as cells under its glyph."""
    cells = "".join(cell(position, character.text is not None) for position in range(character.start, character.stop))
    if character.stop - character.start == 1:
        return cells
    return f'<span class="character"><span class="glyph">{escape(character.text or "")}</span>{cells}</span>'


def _in_words(pieces: list[tuple[str, str | None]]) -> str:
    """Cells in words, so that lines break between words and not within. pieces: HTML and the character it shows."""
    words: list[list[str]] = [[]]
    for markup, text in pieces:
        words[-1].append(markup)
        if text in (" ", "\n"):
            words.append([])
    return "".join(f'<span class="word">{"".join(word)}</span>' for word in words if word)


def _end_token(name: str, index: int, styles: list[str], attention: AttentionMap | None) -> str:
    style, title = "", f"the token [{name}] that the model reads before and after the bytes"
    if styles and attention is not None:
        style, title = styles[index], f"[{name}], {_share(attention, index)}"
    return f'<span class="end-token" title="{title}"{style}>{name}</span>'


def _attention_styles(attention: AttentionMap | None, scale: Scale) -> list[str]:
    """A style for each token that was read; none where the map is not over the inputs."""
    if attention is None or attention.method == "decoder":
        return []
    norm, colour_map = colours(attention, scale)
    return _styles(colour_map(norm(scaled(attention, scale))))


def _styles(fills: np.ndarray) -> list[str]:
    """fills: [n, 4], sRGB in 0 to 1. Each as background, with an ink that can be read on it."""
    return [f' style="background:{to_hex(fill)};color:{ink}"' for fill, ink in zip(fills, ink_on(fills), strict=True)]


def _share(attention: AttentionMap, index: int) -> str:
    share = float(attention.values[index])
    return f"{share:.2%} of the attention, {share / attention.uniform:.1f} × uniform"


def _caption(result: MaskedBytesResult, selected: int | None, show_rounds: bool) -> list[str]:
    """What the marks mean, and only those that are there."""
    said = ["<u>Underlined</u>: filled in."]
    if show_rounds:
        said.append("Small numbers: in which order.")
    if result.attention is not None and selected is not None:
        name = escape(byte_label(result.filled_bytes[selected]))
        if result.attention.method == "decoder":
            said.append(f"The byte in the frame, <b>{name}</b>, is traced to the latents below.")
        else:
            said.append(f"Brighter: read more for the byte in the frame, <b>{name}</b>.")
    if b"\xef\xbf\xbd" in result.filled.encode() and b"\xef\xbf\xbd" not in result.filled_bytes:
        said.append("Dashed: bytes that make no valid UTF-8 character.")
    return said


def _spoken(result: MaskedBytesResult) -> str:
    certainty = float(np.mean(result.probabilities[:, 0]))
    return f"Filled text: {result.filled}. {len(result.positions)} bytes filled in, mean certainty {certainty:.0%}."
