"""What visitors have taught, each for as long as they stay: nobody sees another's, and all is gone when they leave."""

import threading
from collections import OrderedDict

from models.schema import FineTuneStep

MOST_BYTES = 2**30
"""Of all visitors' models together; beyond it, those go that were used longest ago."""


class TaughtModels:
    """One model a visitor, who is told by the session of their browser; safe to use from many threads."""

    def __init__(self, most_bytes: int = MOST_BYTES):
        self._most_bytes = most_bytes
        self._held: OrderedDict[str, FineTuneStep] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, visitor: str, taught: FineTuneStep) -> None:
        """In place of what this visitor has taught before. taught: with its `model`."""
        with self._lock:
            self._held[visitor] = taught
            self._held.move_to_end(visitor)
            while len(self._held) > 1 and sum(map(_nbytes, self._held.values())) > self._most_bytes:
                self._held.popitem(last=False)

    def of(self, visitor: str) -> FineTuneStep | None:
        """What this visitor has taught last, if it is still there."""
        with self._lock:
            if visitor in self._held:
                self._held.move_to_end(visitor)
            return self._held.get(visitor)

    def drop(self, visitor: str) -> None:
        """When a visitor leaves, or teaches anew."""
        with self._lock:
            self._held.pop(visitor, None)

    def __len__(self) -> int:
        return len(self._held)


def _nbytes(taught: FineTuneStep) -> int:
    return taught.model.nbytes if taught.model else 0
