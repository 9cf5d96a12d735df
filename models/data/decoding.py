"""Text files of any usual encoding: by their byte-order mark, else UTF-8, else a guess that is named as one."""

import codecs
from dataclasses import dataclass

from models.schema import InputError

_MARKS = (
    (codecs.BOM_UTF8, "UTF-8 with BOM", "utf-8"),
    (codecs.BOM_UTF16_LE, "UTF-16", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "UTF-16", "utf-16-be"),
)
_SAVE_AS = 'Save it from the spreadsheet in the format "CSV UTF-8".'
_MOSTLY = 0.4
"""Share of zero bytes, at even or at odd positions, from which a file without a mark is taken as UTF-16."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """encoding: its name. guessed: whether nothing in the file names it."""

    text: str
    encoding: str
    guessed: bool = False


def decode(data: bytes) -> Decoded:
    """Raises InputError for what is no text."""
    mark, name, codec = next((known for known in _MARKS if data.startswith(known[0])), (b"", "UTF-8", "utf-8"))
    guessed = next((codec for codec, share in _zeros(data) if not mark and share > _MOSTLY), None)
    if guessed:
        name, codec = "UTF-16", guessed
    try:
        text = data[len(mark) :].decode(codec).lstrip("\ufeff")
    except UnicodeDecodeError as error:
        if not mark and (text := _windows(data)) is not None:
            return Decoded(text, "Windows-1252", guessed=True)
        before = data[len(mark) : len(mark) + error.start].decode(codec, errors="replace")
        at, wrong = len(mark) + error.start, error.object[error.start]
        raise InputError(
            f"The file is not valid {name}: byte {at + 1:,}, in line {_lines(before)}, is 0x{wrong:02X}. It has "
            f"another encoding or is not a text file. {_SAVE_AS}"
        ) from None
    if "\0" in text:
        line = _lines(text[: text.index("\0")])
        raise InputError(f"The file is not a CSV file in UTF-8: line {line} has a zero byte. {_SAVE_AS}")
    return Decoded(text, name, guessed is not None)


def _zeros(data: bytes) -> list[tuple[str, float]]:
    """How many of the bytes are zero that would be in English text in each order of the bytes."""
    half = max(1, len(data) // 2)
    return [("utf-16-le", data[1::2].count(0) / half), ("utf-16-be", data[0::2].count(0) / half)]


def _windows(data: bytes) -> str | None:
    """As Windows-1252, or None if that has characters that no text has."""
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return None
    return text if all(character in "\t\n\r" or character >= " " for character in set(text)) else None


def _lines(before: str) -> str:
    """Number of the line that `before` ends in."""
    return f"{before.count(chr(10)) + 1:,}"
