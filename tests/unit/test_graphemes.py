"""Characters of a text, against the `regex` package and Unicode's own examples."""

from itertools import pairwise

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from components.analysis.text_units import pieces
from models.data.graphemes import characters, graphemes, split_words

CLUSTERS = [
    "🇩🇪",
    "👍🏽",
    "👩\u200d👩\u200d👧",
    "\u1112\u1161\u11ab",
    "\r\n",
    "e\u0301",
    "é",
    "漢",
    "a",
    " ",
    "\n",
    "\u0301",
]
TEXTS = st.lists(st.one_of(st.sampled_from(CLUSTERS), st.text(max_size=3))).map("".join)


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_what_readers_count_as_one(cluster):
    assert graphemes(cluster) == [cluster]
    assert [(each.start, each.stop, each.text) for each in characters(cluster.encode())] == [
        (0, len(cluster.encode()), cluster)
    ]
    assert [piece.text for piece in pieces(f"x{cluster}x", "characters")] == regex.findall(r"\X", f"x{cluster}x")


def test_two_flags_are_two_characters():
    assert graphemes("🇩🇪🇫🇷") == ["🇩🇪", "🇫🇷"]


@given(TEXTS)
def test_boundaries_are_those_of_regex(text):
    found = list(characters(text.encode()))
    assert [each.text for each in found] == regex.findall(r"\X", text)
    assert [0, *(each.stop for each in found)] == [*(each.start for each in found), len(text.encode())]
    assert all(len((each.text or "").encode()) == each.stop - each.start for each in found)


@given(TEXTS, st.sampled_from(["before", "after"]))
def test_words_consist_of_whole_characters(text, space):
    words = split_words(text, space)
    assert "".join(words) == text
    assert [part for word in words for part in graphemes(word)] == graphemes(text)
    for first, second in pairwise(words):
        assert (graphemes(second)[0] if space == "before" else graphemes(first)[-1]).isspace()


@pytest.mark.parametrize(
    ("space", "words"), [("before", [" né", "  b", "\n"]), ("after", [" ", "né  ", "b\n"])], ids=str
)
def test_the_space_of_a_word(space, words):
    assert split_words(" né  b\n", space) == words


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"\xe6\xbc", [(0, 1, None), (1, 2, None)]),
        (b"\xffa", [(0, 1, None), (1, 2, "a")]),
        (b"a\xff\xcc\x81", [(0, 1, "a"), (1, 2, None), (2, 4, "\u0301")]),
        (b"\xd8\x80\xff", [(0, 2, "\u0600"), (2, 3, None)]),
    ],
)
def test_bytes_that_are_not_utf8_stand_alone(content, expected):
    assert [(each.start, each.stop, each.text) for each in characters(content)] == expected
