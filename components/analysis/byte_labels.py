"""What a byte is called where one byte is one cell."""

SPACE, NEWLINE = "␣", "↵"


def byte_label(byte: int) -> str:
    """'a' for a printable ASCII byte, '␣' and '↵' for space and newline, else two hexadecimal digits."""
    if byte == ord(" "):
        return SPACE
    if byte == ord("\n"):
        return NEWLINE
    return chr(byte) if 0x21 <= byte <= 0x7E else f"{byte:02X}"
