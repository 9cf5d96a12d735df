"""The strip on which a visitor hides parts of a text: its segments, and its spans after an edit."""

import json
from itertools import accumulate

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from components.html.text.mask_strip import follow_text, strip_value
from models.data.byte_text import read_text
from tests.unit.test_graphemes import TEXTS

PARTS = st.lists(st.one_of(TEXTS, st.just("[MASK]")), max_size=4).map("".join)


def hidden(value: dict) -> bytes:
    content = value["text"].encode()
    return b"".join(content[start:stop] for start, stop in value["spans"])


@given(PARTS)
def test_segments_cover_the_text(text):
    value = strip_value(text, [], 512)
    assert json.loads(json.dumps(value)) == value
    ends = {unit: set(accumulate(value[unit])) for unit in ("characters", "words")}
    assert sum(value["characters"]) == sum(value["words"]) == len(text.encode())
    assert ends["words"] <= ends["characters"]
    assert value["read"] == len(read_text(text).content)


@given(TEXTS)
def test_characters_are_those_of_regex(text):
    assert strip_value(text, [], 512)["characters"] == [len(part.encode()) for part in regex.findall(r"\X", text)]


def test_a_literal_mask_is_one_segment():
    value = strip_value("a [MASK][MASK]b", [], 512)
    assert value["characters"] == [1, 1, 6, 6, 1]
    assert value["words"] == [1, 1, 6, 6, 1]


@pytest.mark.parametrize(("text", "drawn"), [("é" * 3000, 2048), ("[MASK]" * 2048, 6 * 2048), ("[MASK]" * 2049, 2048)])
def test_no_more_is_segmented_than_a_model_reads(text, drawn):
    value = strip_value(text, [], 512)
    assert sum(value["characters"]) <= drawn
    assert value["text"] == text


def test_half_of_a_surrogate_pair_is_replaced():
    assert strip_value("a\ud83d", [], 512)["text"] == "a\ufffd"


@given(TEXTS, TEXTS, TEXTS, TEXTS, st.data())
def test_hidden_bytes_around_an_edit_stay_hidden(start, old, new, end, data):
    """An edit replaces `old` by `new`; marks around both show where it begins and ends."""
    before, after = f"{start}\ue000{old}\ue001{end}", f"{start}\ue002{new}\ue003{end}"
    flags = data.draw(st.lists(st.booleans(), min_size=len(before.encode()), max_size=len(before.encode())))
    spans = [(at, at + 1) for at, flag in enumerate(flags) if flag]
    value = follow_text(strip_value(before, spans, 512) | {"edits": 3}, after)
    assert (value["text"], value["limit"]) == (after, 512)
    covered = {at for first, stop in value["spans"] for at in range(first, stop)}
    assert sum(stop - first for first, stop in value["spans"]) == len(covered)
    assert value["edits"] == 3
    length, shift = len(before.encode()), len(after.encode()) - len(before.encode())
    head, tail = len(start.encode()), length - len(end.encode())
    kept = {at if at < head else at + shift for at, flag in enumerate(flags) if flag and not head <= at < tail}
    assert covered == (kept if 3 * (head + length - tail) >= length else set())


@pytest.mark.parametrize(
    ("before", "spans", "after", "kept"),
    [
        ("This is missing.", [(7, 16)], "Oh! This is missing.", b" missing."),
        ("one two three", [(4, 7)], "one twXo three", b"two"),
        ("one two three", [(0, 3), (4, 7)], "onetwo three", b"onetwo"),
        ("café", [(0, 5)], "cafè", b"caf"),
        ("one", [(0, 3)], "another text", b""),
        ("one", [(0, 3)], "", b""),
        ("", [], "one", b""),
    ],
)
def test_spans_are_cut_where_the_edit_is(before, spans, after, kept):
    value = follow_text(strip_value(before, spans, 512), after)
    assert hidden(value) == kept
    assert value["edits"] == 0


def test_the_same_text_keeps_its_value():
    value = strip_value("one", [(0, 1)], 512)
    assert follow_text(value, "one") is value
