"""Progress of a long command on stderr, since stdout is for its result."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def reported(items: Iterable[Item], total: int, what: str, every: float = 5.0) -> Iterator[Item]:
    """Yields the items, with a line on stderr every `every` seconds."""
    last = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        if time.monotonic() - last >= every:
            last = time.monotonic()
            print(f"{what}: {done}/{total}", file=sys.stderr, flush=True)
