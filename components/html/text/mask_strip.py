"""The value of the strip on which a visitor hides parts of a text: `js/mask_strip.js` draws what is segmented here."""

import re
from collections.abc import Callable, Iterable
from functools import partial
from itertools import takewhile
from typing import Any

from models.data.byte_text import LONGEST_TEXT, MASK_LITERAL
from models.data.graphemes import graphemes, split_words

_LITERAL = MASK_LITERAL.decode()
_SAME = 1 / 3
"""The part of a text that an edit keeps; where less is left, the text was replaced."""


def strip_value(text: str, spans: Iterable[tuple[int, int]], limit: int) -> dict[str, Any]:
    """The strip of a text, ready for JSON.

    spans: half-open UTF-8 byte ranges that are hidden, sorted and disjoint. limit: bytes that the chosen model reads.
    characters, words: byte lengths of these over the beginning of the text, at most what any model can read; a literal
    [MASK] is one of each. read: bytes of the whole text, a literal [MASK] counting as one. most: bytes that any model
    reads. `follow_text` and the browser add `edits`, the number of changes that the visitor made to the spans.
    """
    text = re.sub("[\ud800-\udfff]", "\ufffd", text)  # JSON has no lone surrogates
    drawn = _beginning(text)
    return {
        "text": text,
        "spans": [list(span) for span in spans],
        "limit": limit,
        "characters": _lengths(drawn, graphemes),
        "words": _lengths(drawn, partial(split_words, space="before")),
        "read": _bytes_read(text),
        "most": LONGEST_TEXT,
    }


def follow_text(value: dict[str, Any], text: str) -> dict[str, Any]:
    """The strip's value after its text was edited.

    Spans before and after the edit stay on their bytes and are cut where it begins and ends; new text is visible.
    """
    if text == value["text"]:
        return value
    followed = strip_value(text, (), value["limit"])
    return followed | {
        "spans": _moved(value["spans"], value["text"], followed["text"]),
        "edits": value.get("edits", 0),
    }


def _moved(spans: Iterable[Iterable[int]], old: str, new: str) -> list[list[int]]:
    start = _common_start(old, new)
    end = _common_start(old[len(start) :][::-1], new[len(start) :][::-1])
    head, tail, length = len(start.encode()), len(end.encode()), len(old.encode())
    if head + tail < _SAME * length:
        return []
    shift = len(new.encode()) - length
    moved: list[list[int]] = []
    for first, stop in spans:
        for a, b in ((first, min(stop, head)), (max(first, length - tail) + shift, stop + shift)):
            if a < b and moved and a <= moved[-1][1]:
                moved[-1][1] = b
            elif a < b:
                moved.append([a, b])
    return moved


def _common_start(first: str, second: str) -> str:
    return "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))


def _beginning(text: str) -> str:
    """All of a text that a model can read, else as many bytes of it as one could."""
    if _bytes_read(text) <= LONGEST_TEXT:
        return text
    return text[:LONGEST_TEXT].encode()[:LONGEST_TEXT].decode("utf-8", "ignore")


def _bytes_read(text: str) -> int:
    return len(text.encode()) - text.count(_LITERAL) * (len(_LITERAL) - 1)


def _lengths(text: str, split: Callable[[str], list[str]]) -> list[int]:
    """Byte lengths of the parts of a text, a literal [MASK] being one of them."""
    between = [split(part) for part in text.split(_LITERAL)]
    lengths = [len(part.encode()) for part in between[0]]
    for parts in between[1:]:
        lengths += [len(_LITERAL), *(len(part.encode()) for part in parts)]
    return lengths
