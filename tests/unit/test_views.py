"""What results look like: strips, and which bytes a figure shows as hidden."""

import re

import numpy as np
import pytest

from components.analysis.byte_labels import byte_label
from components.render import masked_bytes as render
from models.schema import AttentionMap, MaskedBytesResult, RunInfo

RUN = RunInfo("model", "embedded", "cpu", "float32", 0.1, False)


def result(filled: bytes, positions: list[int], order: list[int], read: int | None = None) -> MaskedBytesResult:
    count, read = len(positions), len(filled) if read is None else read
    values = np.arange(1, read + 3, dtype=np.float32)
    return MaskedBytesResult(
        filled=filled.decode("utf-8", errors="replace"),
        filled_bytes=filled,
        positions=np.array(positions),
        candidates=np.array([[filled[p], 60] for p in positions], dtype=np.uint8),
        probabilities=np.tile(np.float32([0.75, 0.125]), (count, 1)),
        order=np.array(order),
        bytes_read=read,
        bytes_total=len(filled),
        attention=AttentionMap(values / values.sum(), 0.0, 0.0, "encoder", "<b>Title</b>"),
        run=RUN,
    )


def cells(html: str) -> list[tuple[int, str]]:
    """(position, classes) of each byte of a strip."""
    return [(int(at), names) for names, at in re.findall(r'class="([^"]*)" data-position="(\d+)"', html)]


def test_each_byte_is_a_cell_and_says_what_it_is() -> None:
    strip, _, _ = render.masked_bytes(result("aé".encode(), [1], [0]), traced=1)
    assert cells(strip) == [(0, "byte"), (1, "byte filled selected"), (2, "byte")]
    assert "probability 75%" in strip
    assert ">C3<" in strip
    assert '<span class="glyph">é</span>' in strip


def test_bytes_that_make_no_character_are_marked() -> None:
    strip, _, _ = render.masked_bytes(result(b"a\xc3b", [1], [0]))
    assert cells(strip) == [(0, "byte"), (1, "byte filled invalid"), (2, "byte")]
    assert "valid UTF-8" in strip


def test_bytes_behind_the_model_are_pale_and_have_no_color() -> None:
    strip, _, _ = render.masked_bytes(result(b"abcd", [0], [0], read=2))
    assert [names for _, names in cells(strip)] == ["byte filled", "byte", "byte unread", "byte unread"]
    assert strip.count("background:#") == 2 + 2  # what was read, and the tokens at both ends


def test_what_a_visitor_wrote_is_never_markup() -> None:
    strip, table, _ = render.masked_bytes(result(b"<b>&'\"</b>", [0, 2], [0, 0]))
    assert "<b>&" not in strip
    assert "<b>Title" not in strip
    assert "<b>&lt;</b>" in table


def test_order_is_shown_only_where_there_is_one() -> None:
    one_by_one, _, _ = render.masked_bytes(result(b"abc", [0, 2], [1, 0]))
    at_once, _, _ = render.masked_bytes(result(b"abc", [0, 2], [0, 0]))
    assert re.findall(r'class="round">(\d+)<', one_by_one) == ["2", "1"]
    assert 'class="round"' not in at_once


@pytest.mark.parametrize(
    ("traced", "hidden"), [(0, [0]), (2, [0, 2]), (4, [0, 2, 4]), (1, [0, 2, 4]), (None, [0, 2, 4])]
)
def test_a_figure_hides_what_was_hidden_in_that_round(traced: int | None, hidden: list[int]) -> None:
    """Filled in the order 4, 2, 0: who asks about 0 sees what stood at 4 and 2, who asks about 4 sees neither."""
    filled = result(b"abcde", [0, 2, 4], [2, 1, 0])
    strip, _, _ = render.masked_bytes(filled, traced)
    marked = [position for position, names in cells(strip) if "later" in names.split()]
    assert marked == ([] if traced is None else [place for place in hidden if place != traced])
    figure = render.masked_bytes_attention(filled, traced)
    drawn = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert drawn.count("?") == len(hidden)


@pytest.mark.parametrize(
    ("byte", "label"), [(0x61, "a"), (0x20, "␣"), (0x0A, "↵"), (0x00, "00"), (0xE9, "E9"), (0x7F, "7F")]
)
def test_byte_labels(byte: int, label: str) -> None:
    assert byte_label(byte) == label
