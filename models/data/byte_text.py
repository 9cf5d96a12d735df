"""Text as UTF-8 bytes, some of them masked."""

from dataclasses import dataclass

from models.schema import InputError

LONGEST_TEXT = 2048
"""Bytes of the longest text that any model reads."""

MASK_LITERAL = b"[MASK]"


@dataclass(frozen=True, slots=True)
class ByteText:
    """content: bytes of the text, with one byte for each literal `[MASK]`.

    hidden: which bytes are masked.
    """

    content: bytes
    hidden: tuple[bool, ...]

    def head(self, length: int) -> "ByteText":
        """The first `length` bytes, or a few less to keep the last character whole."""
        if len(self.content) <= length:
            return self
        length = character_start(self.content, length)
        return ByteText(self.content[:length], self.hidden[:length])


def character_start(content: bytes, at: int) -> int:
    """The last position up to `at` where a character of valid UTF-8 starts, or the end of the text."""
    while 0 < at < len(content) and (content[at] & 0xC0) == 0x80:
        at -= 1
    return at


def read_text(text: str, mask: tuple[tuple[int, int], ...] = ()) -> ByteText:
    """Encodes a text, masks spans of its bytes, and reads each literal `[MASK]` as one masked byte.

    Raises InputError for a text that is not valid Unicode or too long, and for a span outside the text.
    """
    raw = utf8(text)
    length = len(raw) - raw.count(MASK_LITERAL) * (len(MASK_LITERAL) - 1)
    if length > LONGEST_TEXT:
        raise InputError(f"The text has {length:,} bytes; the models read at most {LONGEST_TEXT:,}. Shorten the text.")
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
    """The UTF-8 bytes of a text. Raises InputError if it is not valid Unicode."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            f"Character {error.start + 1} is an unpaired surrogate (U+{ord(text[error.start]):04X}), which has no "
            "UTF-8 bytes. Delete or retype it."
        ) from None


def _spans_as_flags(mask: tuple[tuple[int, int], ...], length: int) -> list[bool]:
    flags = [False] * length
    for span in mask:
        if not isinstance(span, tuple | list) or [type(edge) for edge in span] != [int, int]:
            raise InputError(f"A mask span is a pair of byte offsets, not {span!r}.")
        start, stop = span
        if not 0 <= start < stop <= length:
            raise InputError(f"The mask {start}:{stop} is outside the text, which has {length} bytes.")
        flags[start:stop] = [True] * (stop - start)
    return flags


def text_to_classify(text: str, longest: int) -> bytes:
    """A text as UTF-8. Raises InputError if it is empty, or has more bytes than `longest`."""
    content = utf8(text)
    if not text.strip():
        raise InputError("The text is empty. Write a text or choose an example.")
    if len(content) > longest:
        raise InputError(f"The text has {len(content):,} bytes. The limit is {longest:,}. Shorten the text.")
    return content
