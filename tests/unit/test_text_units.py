"""Bytes, characters and words: that no byte is lost or told twice, and that shares are sums over the bytes."""

import numpy as np
import pytest

from components.analysis.text_units import UnitShares, fitted, named, pieces, shortened
from models.schema import AttentionMap


def spans(text: str, unit) -> list[tuple[int, int, str]]:
    return [(piece.start, piece.stop, piece.text) for piece in pieces(text, unit)]


def attention(values, method="encoder") -> AttentionMap:
    return AttentionMap(np.array(values, np.float32), 0.0, 0.0, method, "Title")


def test_units_of_a_text():
    text = " né  b\n"
    assert spans(text, "words") == [(0, 1, " "), (1, 6, "né  "), (6, 8, "b\n")]
    assert [stop for _, stop, _ in spans(text, "characters")] == [1, 2, 4, 5, 6, 7, 8]
    assert [label for *_, label in spans(text, "bytes")] == ["␣", "n", "C3", "A9", "␣", "␣", "b", "↵"]


def test_marks_and_joined_signs_belong_to_their_character():
    assert [text for *_, text in spans("e\u0301👩\u200d🚀x", "characters")] == ["e\u0301", "👩\u200d🚀", "x"]


@pytest.mark.parametrize("unit", ["bytes", "characters", "words"])
@pytest.mark.parametrize("text", ["", " ", "a", "\n\na b ", "漢字 und é\r\n\u3000x", "\u0301a"])
def test_each_byte_is_in_one_piece(text, unit):
    found = spans(text, unit)
    covered = [byte for start, stop, _ in found for byte in range(start, stop)]
    assert covered == list(range(len(text.encode())))
    if unit != "bytes":
        assert "".join(piece for *_, piece in found) == text


def test_shares_are_sums_over_bytes_and_uniform_is_each_units_own():
    """[CLS] .1, then é .05 + .15, space .1, a .2, [SEP] .4."""
    found = attention([0.1, 0.05, 0.15, 0.1, 0.2, 0.4])
    shares = UnitShares.of(found, pieces("é a", "words"))
    np.testing.assert_allclose(shares.shares, [0.1, 0.3, 0.2, 0.4], atol=1e-6)
    assert shares.sizes.tolist() == [1, 3, 1, 1]
    np.testing.assert_allclose(shares.levels * 6, [0.6, 0.6, 1.2, 2.4], atol=1e-6)
    assert shares.in_words(1, "share") == "30% of the attention (uniform: 50%)"
    assert shares.in_words(1, "relative") == "0.6× uniform"
    assert "−0.22" in shares.in_words(1, "log")


def test_shares_of_no_text_are_those_of_the_tokens():
    assert UnitShares.of(attention([0.3, 0.7]), []).shares == pytest.approx([0.3, 0.7])


@pytest.mark.parametrize("wrong", [attention([0.5, 0.5]), attention([0.25] * 4, "decoder")])
def test_a_map_over_something_else_is_refused(wrong):
    with pytest.raises(ValueError, match="no attention over 2 bytes"):
        UnitShares.of(wrong, pieces("ab", "bytes"))


@pytest.mark.parametrize(
    ("asked", "most", "unit", "texts", "note"),
    [
        ("bytes", 9, "bytes", ["a", "b", "␣", "C3", "A9", "␣", "d", "␣", "e"], ""),
        ("bytes", 8, "characters", ["a", "b", " ", "é", " ", "d", " ", "e"], "9 bytes are too many"),
        ("bytes", 4, "words", ["ab ", "é ", "d ", "e"], "showing words"),
        ("words", 3, "words", ["ab é ", "d e"], "groups of 2 words"),
        ("characters", 1, "words", ["ab é d e"], "groups of 4 words"),
    ],
)
def test_too_many_units_become_coarser_ones(asked, most, unit, texts, note):
    found = fitted("ab é d e", asked, most)
    assert (found.unit, [piece.text for piece in found.pieces]) == (unit, texts)
    assert note in found.note
    assert bool(note) == bool(found.note)


@pytest.mark.parametrize(
    ("text", "short"),
    [("one two three", "one two …"), ("a\n b", "a b"), ("unbreakable", "unbreaka …"), (" ", " "), ("…", "…")],
)
def test_beginnings(text, short):
    assert shortened(text, 10) == short


def test_names_in_a_sentence():
    assert [named(piece) for piece in pieces("né  ", "words")] == ["“né”"]
    assert named(pieces(" ", "characters")[0]) == "“ ”"
