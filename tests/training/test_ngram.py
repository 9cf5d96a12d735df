"""Byte 5-grams, one-sided and two-sided, against counting by hand and by dictionary."""

from collections import Counter

import numpy as np
import pytest

from training.byte_ngram import Ngram, TwoSidedNgram


def as_bytes(text: bytes) -> np.ndarray:
    return np.frombuffer(text, dtype=np.uint8)


def probabilities(ngram: TwoSidedNgram, content: bytes, hidden: str, positions: list[int]) -> np.ndarray:
    """hidden: a '?' for each hidden byte."""
    mask = np.array([sign == "?" for sign in hidden])
    return np.exp(ngram.log_probabilities(as_bytes(content), mask, np.array(positions)))


def one_side(text: bytes, content: bytes, hidden: list[bool], position: int) -> list[float]:
    """Witten-Bell by the book: bytes after a context, shorter contexts first."""
    chances = [1 / 256] * 256
    for width in range(5):
        place = position - width
        if width and (place < 0 or hidden[place]):
            break
        context = content[place:position]
        begin = 4 if width else 0
        after = Counter(text[i] for i in range(begin, len(text)) if text[i - width : i] == context)
        if total := after.total():
            chances = [(after[x] + len(after) * chances[x]) / (total + len(after)) for x in range(256)]
    return chances


def brute_force(text: bytes, content: bytes, hidden: list[bool], position: int) -> np.ndarray:
    left = one_side(text, content, hidden, position)
    right = one_side(text[::-1], content[::-1], hidden[::-1], len(content) - 1 - position)
    unigram = one_side(text, b"?", [True], 0)
    joint = np.array(left) * np.array(right) / np.array(unigram)
    return joint / joint.sum()


def test_agrees_with_dictionaries_on_random_text():
    rng = np.random.default_rng(0)
    text = bytes(rng.choice(list(b"abc "), 600, p=[0.4, 0.3, 0.1, 0.2]).astype(np.uint8)) + b"rare!"
    content = bytes(rng.choice(list(b"abc z"), 40).astype(np.uint8))
    hidden = rng.random(40) < 0.4
    hidden[[0, 20, 21, 39]] = True
    positions = np.flatnonzero(hidden)
    found = np.exp(TwoSidedNgram(as_bytes(text)).log_probabilities(as_bytes(content), hidden, positions))
    for row, position in zip(found, positions, strict=True):
        np.testing.assert_allclose(row, brute_force(text, content, hidden.tolist(), int(position)), rtol=1e-9)


def test_toy_by_hand():
    """ababab: 3 of 6 bytes are a, 2 different ones occur; beyond its first 4 bytes an a follows the b once."""
    ngram = TwoSidedNgram(as_bytes(b"ababab"))
    a, other = (3 + 2 / 256) / 8, (2 / 256) / 8
    assert ngram.unigram[ord("a")] == pytest.approx(a)
    assert ngram.unigram[ord("z")] == pytest.approx(other)
    after_b = probabilities(ngram, b"b-", " ?", [1])[0]
    assert after_b[ord("a")] == pytest.approx((1 + a) / 2)
    assert after_b[ord("b")] == pytest.approx(a / 2)
    between = probabilities(ngram, b"b-b", " ? ", [1])[0]
    joint_a, joint_b, joint_other = ((1 + a) / 2) ** 2 / a, (a / 2) ** 2 / a, (other / 2) ** 2 / other
    assert between[ord("a")] == pytest.approx(joint_a / (joint_a + joint_b + 254 * joint_other))


def test_without_visible_neighbors_it_is_the_unigram():
    ngram = TwoSidedNgram(as_bytes(b"the cat sat on the mat"))
    np.testing.assert_allclose(probabilities(ngram, b"cat", "???", [1])[0], ngram.unigram)


def test_hidden_bytes_and_what_lies_behind_them_do_not_matter():
    ngram = TwoSidedNgram(as_bytes(b"the cat sat on the mat and that was that"))
    one = probabilities(ngram, b"the cat sat", "    ???    ", [5])
    assert (one == probabilities(ngram, b"xyz zebra!!", "    ???    ", [5])).all()


def test_each_row_sums_to_one_with_bytes_never_seen_too():
    ngram = TwoSidedNgram(as_bytes(bytes(range(256)) * 2))
    content = np.random.default_rng(1).integers(0, 256, 300).astype(np.uint8)
    hidden = np.random.default_rng(2).random(300) < 0.3
    found = np.exp(ngram.log_probabilities(content, hidden, np.flatnonzero(hidden)))
    assert found.shape == (hidden.sum(), 256)
    assert (found > 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_knows_a_word_it_has_read():
    ngram = TwoSidedNgram(as_bytes(b"a quick brown fox; a thick brick; a quack " * 3))
    assert probabilities(ngram, b"a qu-ck brown", "    ?        ", [4]).argmax() == ord("i")


def test_too_little_text_is_refused():
    with pytest.raises(ValueError, match="4 bytes"):
        TwoSidedNgram(as_bytes(b"abcd"))


def test_what_comes_next_agrees_with_dictionaries():
    rng = np.random.default_rng(3)
    text = bytes(rng.choice(list(b"abc "), 600, p=[0.4, 0.3, 0.1, 0.2]).astype(np.uint8)) + b"rare!"
    content = bytes(rng.choice(list(b"abc z"), 40).astype(np.uint8))
    positions = np.array([0, 1, 3, 4, 5, 39, 20])
    found = Ngram(as_bytes(text)).probabilities(as_bytes(content), positions)
    for row, position in zip(found, positions, strict=True):
        np.testing.assert_allclose(row, one_side(text, content, [False] * 40, int(position)), rtol=1e-9)
