"""Texts as bytes: literal masks, spans, what is no text, and cutting between characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.data.byte_text import LONGEST_TEXT, ByteText, read_text
from models.schema import InputError

CHARACTERS = st.characters(codec="utf-8")
PIECES = st.one_of(st.sampled_from(["[MASK]", "[MAS", "[", "K]", "[SEP]", "é", "☕", "👩‍🚀", "\0"]), CHARACTERS)
TEXTS = st.lists(PIECES, max_size=40).map("".join)


@st.composite
def masked_texts(draw: st.DrawFn) -> tuple[str, tuple[tuple[int, int], ...]]:
    text = draw(TEXTS)
    length = len(text.encode())
    edges = st.tuples(st.integers(0, length), st.integers(0, length)).map(sorted).map(tuple)
    spans = st.lists(edges.filter(lambda span: span[0] < span[1]), max_size=4) if length else st.just([])
    return text, tuple(draw(spans))


def taken_apart(text: str, mask: tuple[tuple[int, int], ...]) -> list[tuple[int | None, bool]]:
    """(byte, hidden) by splitting at the literals, which are (None, True)."""
    expected: list[tuple[int | None, bool]] = []
    at = 0
    for index, piece in enumerate(text.encode().split(b"[MASK]")):
        if index:
            expected.append((None, True))
            at += len("[MASK]")
        for offset, byte in enumerate(piece, start=at):
            expected.append((byte, any(offset in range(*span) for span in mask)))
        at += len(piece)
    return expected


@given(masked_texts())
def test_every_byte_is_read_and_hidden_as_asked(masked):
    text, mask = masked
    expected = taken_apart(text, mask)
    found = read_text(text, mask)
    assert len(found.content) == len(expected)
    assert found.hidden == tuple(hidden for _, hidden in expected)
    for byte, (literal, _) in zip(found.content, expected, strict=True):
        assert literal in (byte, None)


def test_spans_count_bytes_of_the_text_as_written():
    """ "é" is two bytes and "[MASK]" six, though it is read as one."""
    found = read_text("é[MASK]abc", mask=((8, 9),))
    assert found.content[:2] == "é".encode()
    assert found.content[3:] == b"abc"
    assert found.hidden == (False, False, True, True, False, False)


def test_span_over_a_part_of_a_literal_adds_nothing():
    assert read_text("a[MASK]b", mask=((2, 4),)) == read_text("a[MASK]b")


def test_spans_may_overlap_and_touch():
    assert read_text("abcdef", mask=((0, 2), (1, 3), (3, 4))) == read_text("abcdef", mask=((0, 4),))


@pytest.mark.parametrize("text", ["[mask]", "[MASK", "[ MASK ]", "[SEP][CLS][PAD]"])
def test_what_only_looks_like_a_mask_is_text(text):
    assert read_text(text) == ByteText(text.encode(), (False,) * len(text))


def test_literals_inside_one_another():
    assert read_text("[MA[MASK]SK]").hidden == (False,) * 3 + (True,) + (False,) * 3


@pytest.mark.parametrize(
    "span",
    [(3, 3), (4, 2), (-1, 2), (0, 7), (6, 7), (0.0, 2), (True, 2), ("0", "2"), (1,), (0, 1, 2), (), 3, None, "02"],
)
def test_spans_that_are_none(span):
    with pytest.raises(InputError, match="mask"):
        read_text("abcdef", mask=((0, 1), span))


@given(before=TEXTS, half=st.characters(categories=["Cs"]), after=TEXTS)
def test_half_a_surrogate_pair_is_named(before, half, after):
    with pytest.raises(InputError, match=rf"Character {len(before) + 1} .*U\+{ord(half):04X}"):
        read_text(before + half + after)


@pytest.mark.parametrize("longest", ["a" * 2048, "é" * 1024, "☕" * 682 + "ab", "[MASK]" * 341 + "a" * 1707])
def test_longest_text(longest):
    """Counted as it is read: a literal is one byte."""
    assert len(read_text(longest).content) == LONGEST_TEXT == 2048
    with pytest.raises(InputError, match=r"[\d,]+ bytes.* 2,048"):
        read_text(longest + "b")
    with pytest.raises(InputError, match=r"[\d,]+ bytes.* 2,048"):
        read_text(longest + "[MASK]")


@given(text=st.lists(st.one_of(st.just("[MASK]"), CHARACTERS), max_size=20).map("".join), length=st.integers(0, 70))
def test_head_is_the_most_whole_characters_that_fit(text, length):
    whole = read_text(text)
    sizes = [len(part.encode()) for piece in text.split("[MASK]") for part in (*piece, "!")][:-1]  # "!": a literal
    fitting = 0
    for size in sizes:
        if fitting + size > length:
            break
        fitting += size
    found = whole.head(length)
    assert found == ByteText(whole.content[:fitting], whole.hidden[:fitting])
    found.content.decode("utf-8")


def test_head_of_a_short_text_is_all_of_it():
    text = read_text("aé", mask=((1, 2),))
    assert text.head(3) == text.head(100) == text
    assert text.head(2) == ByteText(b"a", (False,))
    assert text.head(0) == ByteText(b"", ())
