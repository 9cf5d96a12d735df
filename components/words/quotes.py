"""Text of visitors, files and models within a sentence, whatever its direction."""

import re
import unicodedata

_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters that turn the direction of the text around them, and have no picture of their own."""
_ISOLATE, _END = "\u2068", "\u2069"


def quoted(text: str) -> str:
    """“text”. What is written from right to left is isolated, so that the sentence around it keeps its order."""
    text = visible(text)
    leftwards = any(unicodedata.bidirectional(character) in ("R", "AL", "AN") for character in text)
    return f"“{_ISOLATE}{text}{_END}”" if leftwards else f"“{text}”"


def turns(character: str) -> bool:
    """Whether a character is invisible and turns the direction of the text around it."""
    return bool(_CONTROLS.match(character))


def without_isolates(text: str) -> str:
    """The text for a drawing, which never turns."""
    return text.replace(_ISOLATE, "").replace(_END, "")


def visible(text: str) -> str:
    """The text with the code points of characters that turn the direction, such as <U+202E>."""
    return _CONTROLS.sub(lambda found: f"<U+{ord(found[0]):04X}>", text)
