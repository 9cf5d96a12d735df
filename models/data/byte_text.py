"""Text as a Perceiver reads it: UTF-8 bytes, some of them hidden."""

from dataclasses import dataclass

from models.schema import InputError

LONGEST_TEXT = 2048
"""Bytes of the longest text that any of the models reads."""

MASK_LITERAL = b"[MASK]"


@dataclass(frozen=True, slots=True)
class ByteText:
    """content: the bytes that are read, a literal `[MASK]` being one of them. hidden: which of them are masked."""

    content: bytes
    hidden: tuple[bool, ...]

    def head(self, length: int) -> "ByteText":
        """The first `length` bytes, or a few less where that would cut a character in two."""
        if len(self.content) <= length:
            return self
        length = character_start(self.content, length)
        return ByteText(self.content[:length], self.hidden[:length])


def character_start(content: bytes, at: int) -> int:
    """The last place up to `at` where a character of valid UTF-8 begins, or where the text ends."""
    while 0 < at < len(content) and (content[at] & 0xC0) == 0x80:
        at -= 1
    return at


def read_text(text: str, mask: tuple[tuple[int, int], ...] = ()) -> ByteText:
    """Applies byte spans to a text and reads each literal `[MASK]` in it as one hidden byte.

    Raises InputError for a text that is not valid Unicode or too long, and for spans outside of it.
    """
    raw = utf8(text)
    length = len(raw) - raw.count(MASK_LITERAL) * (len(MASK_LITERAL) - 1)
    if length > LONGEST_TEXT:
        raise InputError(
            f"The text has {length:,} bytes; the models read at most {LONGEST_TEXT:,}. "
            "Nothing was cut: shorten it and try again."
        )
    masked = _spans_as_flags(mask, len(raw))
    content, hidden = bytearray(), []
    at = 0
    while at < len(raw):
        literal = raw.startswith(MASK_LITERAL, at)
        content.append(0 if literal else raw[at])
        hidden.append(literal or masked[at])
        at += len(MASK_LITERAL) if literal else 1
    return ByteText(bytes(content), tuple(hidden))


def utf8(text: str) -> bytes:
    """The bytes of a text. Raises InputError for what is not valid Unicode."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            f"Character {error.start + 1} is half of a surrogate pair (U+{ord(text[error.start]):04X}): it stands for "
            "nothing by itself and has no bytes. Delete or retype it."
        ) from None


def _spans_as_flags(mask: tuple[tuple[int, int], ...], length: int) -> list[bool]:
    flags = [False] * length
    for span in mask:
        if not isinstance(span, tuple | list) or [type(edge) for edge in span] != [int, int]:
            raise InputError(f"A mask is a pair of byte offsets, not {span!r}.")
        start, stop = span
        if not 0 <= start < stop <= length:
            raise InputError(f"The mask {start}:{stop} is not inside the text, which has {length} bytes.")
        flags[start:stop] = [True] * (stop - start)
    return flags
