"""Text that grows byte by byte, decoded up to its last complete UTF-8 code point."""

import codecs
from collections.abc import Sequence


class RunningText:
    """stops: strings that end the text."""

    def __init__(self, stops: Sequence[str] = ()):
        self._stops = tuple(stop.encode("utf-8") for stop in stops)
        self._longest = max(map(len, self._stops), default=0)
        self._tail = b""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._text = ""

    def add(self, content: bytes) -> bool:
        """Appends bytes and returns whether a stop string ends in them."""
        self._text += self._decoder.decode(content)
        seen = self._tail + content
        self._tail = seen[max(0, len(seen) - self._longest + 1) :]
        return any(seen.find(stop, max(0, len(seen) - len(content) - len(stop) + 1)) >= 0 for stop in self._stops)

    def text(self, whole: bool) -> str:
        """The text so far, with U+FFFD for bytes that are not UTF-8.

        whole: whether the text ends here. Otherwise an incomplete code point at the end is left out.
        """
        incomplete, _ = self._decoder.getstate()
        return self._text + (incomplete.decode("utf-8", "replace") if whole else "")
