"""Text that grows by bytes, shown as far as its UTF-8 is complete."""

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
        """Whether a stop ends in what was added."""
        self._text += self._decoder.decode(content)
        seen = self._tail + content
        self._tail = seen[max(0, len(seen) - self._longest + 1) :]
        return any(seen.find(stop, max(0, len(seen) - len(content) - len(stop) + 1)) >= 0 for stop in self._stops)

    def text(self, whole: bool) -> str:
        """What is there so far; of a character that only began, nothing. whole: nothing follows, and it is U+FFFD.

        Bytes that can be no UTF-8, whatever follows, are U+FFFD.
        """
        return self._text + (_rest(self._decoder) if whole else "")


def _rest(decoder: codecs.IncrementalDecoder) -> str:
    """What the bytes held back are by themselves."""
    held, _ = decoder.getstate()
    return held.decode("utf-8", "replace")
