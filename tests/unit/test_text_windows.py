"""Where texts are cut: every byte is read, borders lie between words, and words are found where they are."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.data.text_windows import cut_out, text_windows, without, word_spans

TEXTS = st.text(st.sampled_from("ab \n☕é𝄞"), max_size=120)


@given(text=TEXTS, length=st.integers(6, 40))
def test_windows_cover_the_text_and_cut_no_character(text, length):
    content = text.encode()
    windows = text_windows(content, length)
    assert windows[0][0] == 0
    assert windows[-1][1] == len(content)
    for start, stop in windows:
        assert stop - start <= length
        content[start:stop].decode()
    for (start, stop), (after, end) in pairwise(windows):
        assert start < after <= stop < end


@given(text=st.text(st.sampled_from("ab \n"), min_size=100, max_size=400))
def test_windows_overlap(text):
    """By a third of 48, but for borders that move by up to an eighth each, and for the last, which overlaps more."""
    windows = text_windows(text.encode(), 48)
    assert all(start + 4 <= end for (_, end), (start, _) in pairwise(windows))
    assert all(stop - start > 42 for start, stop in windows)


def test_what_fits_is_read_at_once():
    assert text_windows(b"x" * 30, 30) == ((0, 30),)
    assert text_windows(b"", 30) == ((0, 0),)


def test_borders_without_words():
    assert text_windows(b"x" * 70, 30) == ((0, 30), (20, 50), (40, 70))
    assert text_windows(b"x" * 65, 30) == ((0, 30), (20, 50), (35, 65))


def test_borders_move_between_words():
    """By up to three bytes of 30: starts go on, stops go back."""
    text = b"x" * 22 + b" " + b"x" * 4 + b" " + b"x" * 40
    assert text_windows(text, 30)[:2] == ((0, 28), (20, 50))
    text = b"x" * 21 + b" " + b"x" * 60
    assert text_windows(text, 30)[:2] == ((0, 30), (22, 52))


def test_words_are_split_at_whitespace_of_any_script():
    text = " ☕ is\u3000good,\n\tno?"
    found = [text.encode()[start:stop].decode() for start, stop in word_spans(text)]
    assert found == ["☕", "is", "good,", "no?"] == text.split()
    assert word_spans("  \n") == ()


@given(text=TEXTS)
def test_words_are_those_of_python(text):
    assert [text.encode()[start:stop].decode() for start, stop in word_spans(text)] == text.split()


@pytest.mark.parametrize(
    ("word", "window", "left"),
    [
        (0, (0, 10), b"bb  ccc "),
        (1, (0, 10), b"a ccc "),
        (2, (0, 10), b"a bb"),
        (1, (3, 10), b"ccc "),  # what is left of "b  ccc "
        (1, (0, 3), b"a "),
        (0, (4, 10), b"  ccc "),
        (2, (0, 4), b"a bb"),
    ],
)
def test_a_word_goes_with_the_whitespace_behind_it(word, window, left):
    text = "a bb  ccc "
    assert without(text.encode(), window, cut_out(word, word_spans(text), 10)) == left


def test_the_only_word_leaves_nothing():
    assert cut_out(0, word_spans(" one "), 5) == (0, 5)
