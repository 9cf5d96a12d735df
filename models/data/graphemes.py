"""Characters as extended grapheme clusters (Unicode Annex 29), over strings and over bytes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import regex

_SURROGATES = re.compile("([\ud800-\udfff])")
_WORDS = {"before": re.compile(r"\s*\S+|\s+"), "after": re.compile(r"\s+|\S+\s*")}


@dataclass(frozen=True, slots=True)
class Character:
    """Bytes start:stop of a text and the character they encode, or None for a byte that is not UTF-8."""

    start: int
    stop: int
    text: str | None


def graphemes(text: str) -> list[str]:
    """Splits a text into characters. Bytes decoded with `surrogateescape` are separate characters."""
    parts = enumerate(_SURROGATES.split(text))  # odd parts are the surrogates
    return [character for at, part in parts for character in ([part] if at % 2 else regex.findall(r"\X", part))]


def characters(content: bytes) -> Iterator[Character]:
    """Yields the characters of UTF-8 bytes and their positions; bytes that are not UTF-8 come one by one."""
    start = 0
    for text in graphemes(content.decode("utf-8", "surrogateescape")):
        stop = start + len(text.encode("utf-8", "surrogateescape"))
        yield Character(start, stop, None if _SURROGATES.match(text) else text)
        start = stop


def split_words(text: str, space: Literal["before", "after"]) -> list[str]:
    """Splits a text into words of whole characters, each with the whitespace before or after it.

    Whitespace without a word on that side is a separate item.
    """
    parts = graphemes(text)
    outline = "".join(" " if part.isspace() else "x" for part in parts)
    return ["".join(parts[match.start() : match.end()]) for match in _WORDS[space].finditer(outline)]
