"""Leaving words out, with a stub that counts letters, by hand."""

import numpy as np
import pytest

from models.data.text_windows import Span
from models.tasks.occlusion import Classify, compare_with_attention, log_odds, occlude, rank_correlation


class Stub:
    """Says how many of ten letters are an x."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    def __call__(self, texts: list[bytes]) -> np.ndarray:
        self.asked += texts
        return np.array([text.count(b"x") / 10 for text in texts], dtype=np.float32)


def left_out(text: str, windows: tuple[Span, ...], votes: list[float], classify: Classify) -> np.ndarray:
    """The probability without each word, once all words were left out."""
    *_, last = np.empty(0), *occlude(text, windows, np.array(votes), classify)
    return last


def test_drops_by_hand():
    text, stub = "xx ab x", Stub()
    found = compare_with_attention(text, 0.3, left_out(text, ((0, 7),), [0.3], stub), None)
    assert stub.asked == [b"ab x", b"xx x", b"xx ab"]
    np.testing.assert_allclose(found.drops, [0.2, 0, 0.1], atol=1e-7)
    assert (found.words.dtype, found.drops.dtype, found.attention) == (np.int64, np.float32, None)


def test_only_windows_with_the_word_are_read_anew():
    """Two windows vote: a word in one of them moves their mean by half."""
    text, stub = "xx ab x", Stub()
    found = compare_with_attention(text, 0.15, left_out(text, ((0, 6), (3, 7)), [0.2, 0.1], stub), None)
    assert stub.asked == [b"ab ", b"xx ", b"x", b"xx ab", b"ab"]
    np.testing.assert_allclose(found.drops, [0.1, 0, 0.05], atol=1e-7)


def test_words_are_left_out_a_few_at_a_time(monkeypatch):
    """In the order of the text, each text once, and in the end the same as all at once, however many at a time."""
    text, windows, votes = "xx ab x yy xxx", ((0, 8), (3, 14)), [0.3, 0.4]
    whole = left_out(text, windows, votes, Stub())
    monkeypatch.setattr("models.tasks.occlusion.WORDS_AT_ONCE", 2)
    stub, asked = Stub(), []
    parts = []
    for part in occlude(text, windows, np.array(votes), stub):
        parts.append(part)
        asked.append(len(stub.asked))
    assert [len(part) for part in parts] == [2, 4, 5]
    assert asked == sorted(set(asked))  # each part comes before the rest is classified
    for part in parts:
        np.testing.assert_array_equal(part, whole[: len(part)])
    found = [compare_with_attention(text, 0.35, part, None) for part in parts]
    assert [each.words_in_text for each in found] == [5, 5, 5]
    assert [each.complete for each in found] == [False, False, True]
    assert found[0].words.tolist() == [[0, 2], [3, 5]]


def test_words_are_compared_by_the_size_of_their_drops():
    """What speaks against a label is looked at as well: drops of 0.2, 0 and -0.1, looked at 6, 0 and 3 times."""
    said = {b"ab y": 0.1, b"xx y": 0.3, b"xx ab": 0.4}
    shares = np.array([3, 3, 9, 0, 0, 9, 3], dtype=np.float32) / 30
    without = left_out("xx ab y", ((0, 7),), [0.3], lambda texts: np.array([said[text] for text in texts]))
    found = compare_with_attention("xx ab y", 0.3, without, shares)
    np.testing.assert_allclose(found.attention, [0.2, 0, 0.1], atol=1e-7)
    np.testing.assert_allclose(found.drops, [0.2, 0, -0.1], atol=1e-7)
    assert found.rank_correlation == pytest.approx(1)


def test_log_odds_do_not_saturate():
    """Two words change the probability by 1e-9 and by 1e-6 where it is all but 1; a third one does nothing."""
    probability = 1 - 1e-9
    left_out = np.array([1 - 2e-9, 1 - 1e-6, probability])
    found = compare_with_attention("a b c", probability, left_out, np.float32([0.2, 0, 0.9, 0, 0.1]))
    np.testing.assert_allclose(found.log_odds_drops, [np.log(2), np.log(1000), 0], rtol=1e-5, atol=1e-6)
    assert np.abs(found.drops).max() < 2e-6
    assert found.log_odds_drops.dtype == np.float32
    assert found.log_odds_rank_correlation == pytest.approx(1)


def test_log_odds_by_hand():
    np.testing.assert_allclose(log_odds(np.array([0.5, 0.8, 0.2])), [0, np.log(4), -np.log(4)], atol=1e-12)
    assert np.isfinite(log_odds(np.array([0.0, 1.0]))).all()


@pytest.mark.parametrize(
    ("attention", "sizes", "expected"),
    [
        ([1, 2, 3], [5, 6, 70], 1),
        ([1, 2, 3], [9, 4, 1], -1),
        ([1, 2, 3, 4], [1, 3, 2, 4], 0.8),  # 1 - 6 (1 + 1) / (4 x 15)
        ([1, 2], [1, 2], None),
        ([1, 1, 1], [1, 2, 3], None),
        ([1, 2, 3], [0, 0, 0], None),
    ],
)
def test_rank_correlation(attention, sizes, expected):
    found = rank_correlation(np.array(attention, dtype=float), np.array(sizes, dtype=float))
    assert np.isnan(found) if expected is None else found == pytest.approx(expected)


def test_a_text_of_no_words_has_none():
    found = compare_with_attention(" ", 0.0, left_out(" ", ((0, 1),), [0.0], Stub()), None)
    assert found.words.shape == (0, 2)
    assert np.isnan(found.rank_correlation)
