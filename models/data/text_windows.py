"""Spans of a text: overlapping windows that a model reads one by one, and words."""

import re

from models.data.byte_text import character_start

Span = tuple[int, int]

_STRIDE = 2, 3
"""Stride as a fraction of the window's length."""
_REACH = 8
"""A boundary moves by at most 1/8 of the window length to fall between words."""


def text_windows(content: bytes, length: int) -> tuple[Span, ...]:
    """Half-open spans of at most `length` UTF-8 bytes (6 or more) that cover the text and overlap by a third.

    Boundaries are between words if possible, and always between code points.
    """
    windows, start = [], 0
    while len(content) - start > length:
        stop = _stop(content, start + length, length)
        windows.append((start, stop))
        stride = length * _STRIDE[0] // _STRIDE[1]
        # The last window ends with the text and has the length of the others.
        start = min(_start(content, min(start + stride, len(content) - length), length), stop)
    return *windows, (start, len(content))


def word_spans(text: str) -> tuple[Span, ...]:
    """Splits a text at whitespace: half-open spans of its UTF-8 bytes."""
    spans, characters, at = [], 0, 0
    for found in re.finditer(r"\S+", text):
        start = at + len(text[characters : found.start()].encode())
        characters, at = found.end(), start + len(found.group().encode())
        spans.append((start, at))
    return tuple(spans)


def cut_out(word: int, words: tuple[Span, ...], length: int) -> Span:
    """The span that leaving out a word removes from a text of `length` bytes: the word and the whitespace after it.

    For the last word it is the whitespace before it, so that no whitespace is left over.
    """
    if word + 1 < len(words):
        return words[word][0], words[word + 1][0]
    return words[word - 1][1] if word else 0, length


def without(content: bytes, window: Span, cut: Span) -> bytes:
    """The bytes of a window outside the cut."""
    start, stop = window
    return content[start : max(start, min(cut[0], stop))] + content[min(stop, max(cut[1], start)) : stop]


def _stop(content: bytes, at: int, length: int) -> int:
    return _between_words(content, range(at, at - length // _REACH, -1)) or character_start(content, at)


def _start(content: bytes, at: int, length: int) -> int:
    found = _between_words(content, range(at, at + length // _REACH))
    while not found and character_start(content, at) != at:
        at += 1
    return found or at


def _between_words(content: bytes, offsets: range) -> int:
    """The first of these offsets right after whitespace, or 0."""
    return next((at for at in offsets if content[at - 1 : at].isspace()), 0)
