"""A least-recently-used cache bounded in bytes, safe to use from many threads."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar, cast

from models.turns import away

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(slots=True)
class _Entry(Generic[V]):
    lock: threading.Lock = field(default_factory=threading.Lock)
    value: V | None = None
    nbytes: int = 0
    users: int = 0
    made: bool = False


class ByteCache(Generic[K, V]):
    """Keeps at most `capacity` bytes of unused values; values in use are never evicted.

    Each key has its own lock while its value is made: concurrent callers of one key make it once, and different keys do
    not wait for each other.
    """

    def __init__(self, capacity: int, size_of: Callable[[V], int]):
        self._capacity = capacity
        self._size_of = size_of
        self._lock = threading.Lock()
        self._entries: OrderedDict[K, _Entry[V]] = OrderedDict()

    @property
    def nbytes(self) -> int:
        with self._lock:
            return self._held()

    def get(self, key: K) -> V | None:
        """The value, or None if it is not cached or still being made. It may be evicted while the caller has it."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or not entry.made:
                return None
            self._entries.move_to_end(key)
            return entry.value

    @contextmanager
    def use(self, key: K, make: Callable[[], V]) -> Iterator[tuple[V, bool]]:
        """Yields (value, whether it was cached) and holds it until the block ends. Errors of `make` propagate."""
        entry = self._pin(key)
        try:
            with _alone(entry.lock):
                hit = entry.made
                if not hit:
                    entry.value = make()
                    entry.nbytes = self._size_of(entry.value)
                    entry.made = True
            self._evict()
            yield cast(V, entry.value), hit
        finally:
            self._unpin(key, entry)

    def _pin(self, key: K) -> _Entry[V]:
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            entry.users += 1
            self._entries.move_to_end(key)
            return entry

    def _unpin(self, key: K, entry: _Entry[V]) -> None:
        with self._lock:
            entry.users -= 1
            if not entry.made and not entry.users:
                self._entries.pop(key, None)
        self._evict()

    def _evict(self) -> None:
        with self._lock:
            held = self._held()
            for key in [key for key, entry in self._entries.items() if not entry.users]:
                if held <= self._capacity:
                    return
                held -= self._entries.pop(key).nbytes

    def _held(self) -> int:
        return sum(entry.nbytes for entry in self._entries.values())


@contextmanager
def _alone(lock: threading.Lock) -> Iterator[None]:
    """Holds the lock. Others compute while it is awaited: it may be one of them who holds it."""
    held = lock.acquire(blocking=False)
    try:
        if not held:
            with away():
                held = lock.acquire()
        yield
    finally:
        if held:
            lock.release()
