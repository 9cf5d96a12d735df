"""What a byte is called where one byte is one cell."""

from collections.abc import Iterator
from dataclasses import dataclass

SPACE, NEWLINE = "␣", "↵"


def byte_label(byte: int) -> str:
    """'a' for a printable ASCII byte, '␣' and '↵' for space and newline, else two hexadecimal digits."""
    if byte == ord(" "):
        return SPACE
    if byte == ord("\n"):
        return NEWLINE
    return chr(byte) if 0x21 <= byte <= 0x7E else f"{byte:02X}"


@dataclass(frozen=True, slots=True)
class Character:
    """Bytes start:stop of a text and the character they make, or None where they make none."""

    start: int
    stop: int
    text: str | None


def characters(content: bytes) -> Iterator[Character]:
    """Splits bytes into UTF-8 characters; bytes that belong to none come one by one."""
    at = 0
    while at < len(content):
        width = 1 if content[at] < 0x80 else next((w for w in range(2, 5) if _decodes(content[at : at + w])), 0)
        piece = content[at : at + max(width, 1)]
        yield Character(at, at + len(piece), piece.decode("utf-8") if width else None)
        at += len(piece)


def _decodes(piece: bytes) -> bool:
    try:
        return len(piece.decode("utf-8")) == 1
    except UnicodeDecodeError:
        return False
