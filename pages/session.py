"""What the app holds for its visitors: one store, bounded in bytes over all of them, that forgets who is idle."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, TypeVar

from models.data.memory import size_of
from models.schema import DROPPED, InputError

MAX_BYTES = 2 * 2**30
IDLE_SECONDS = 3600.0
AWAY_SECONDS = 600.0
"""How long the data of a visitor without an open page is kept: a change of pages is a short absence, too."""
Key = tuple[str, str, str]
"""Visitor, page, and name of the slot."""
LOOK_SECONDS = 0.2
"""How often a job that computes a part looks whether it is over."""
P = TypeVar("P")


@dataclass(slots=True)
class Job:
    """Long work of one visitor on one page, which looks here whether to go on.

    stopped: the visitor pressed Stop. superseded: the visitor started another job, or left.
    """

    stopped: bool = False
    superseded: bool = False

    @property
    def over(self) -> bool:
        return self.stopped or self.superseded

    def until_over(self, parts: Generator[P]) -> Iterator[P]:
        """The parts until the job is over. A part that is being computed by then is not awaited: its thread goes on to
        the end of that part, and then closes the generator."""
        thread, context = ThreadPoolExecutor(1), copy_context()
        try:
            while not self.over:
                computed = thread.submit(context.run, next, parts, None)
                while not (self.over or wait([computed], LOOK_SECONDS).done):
                    pass
                if self.over or (part := computed.result()) is None:
                    return
                yield part
        finally:
            thread.submit(parts.close)
            thread.shutdown(wait=False)


@dataclass(slots=True)
class _Slot:
    value: object
    nbytes: int
    used: float


class SessionStore:
    """Results, fine-tuned models and jobs of all visitors. Safe to use from many threads.

    max_bytes: bound over all visitors; the least recently used value goes first. idle_seconds: values that were not
    used for so long expire. away_seconds: the same for visitors without an open page. clock: seconds.
    """

    def __init__(
        self,
        max_bytes: int = MAX_BYTES,
        idle_seconds: float = IDLE_SECONDS,
        away_seconds: float = AWAY_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._max_bytes, self._idle, self._away, self._clock = max_bytes, idle_seconds, away_seconds, clock
        self._lock = threading.RLock()
        self._slots: OrderedDict[Key, _Slot] = OrderedDict()
        self._dropped: OrderedDict[Key, None] = OrderedDict()
        self._jobs: dict[tuple[str, str], Job] = {}
        self._visitors: dict[str, str] = {}
        self._left: dict[str, float] = {}

    def session(self, visitor: str, page: str) -> "Session":
        return Session(self, visitor, page)

    def connect(self, connection: str, visitor: str) -> None:
        """A browser page was opened.

        connection: its id, valid until the page is closed. visitor: an id that is kept across pages, or "" if the
        browser keeps none: then each page is a visitor of its own.
        """
        visitor = visitor or connection
        with self._lock:
            self._visitors[connection] = visitor
            self._left.pop(visitor, None)

    def visitor(self, connection: str) -> str:
        """The visitor behind a connection, or the connection itself if it did not introduce itself."""
        with self._lock:
            return self._visitors.get(connection, connection)

    def disconnect(self, connection: str) -> None:
        """A browser page was closed: its jobs stop, and its visitor's values go if no other page is opened in time."""
        with self._lock:
            visitor = self._visitors.pop(connection, connection)
            if visitor in self._visitors.values():
                return
            self._left[visitor] = self._clock()
            for key in [key for key in self._jobs if key[0] == visitor]:
                self._jobs.pop(key).superseded = True
            self._expire()

    @property
    def nbytes(self) -> int:
        with self._lock:
            return sum(slot.nbytes for slot in self._slots.values())

    def __len__(self) -> int:
        with self._lock:
            self._expire()
            return len(self._slots)

    def get(self, key: Key) -> Any:
        """Raises InputError if the value was dropped; None if there never was one."""
        with self._lock:
            self._expire()
            slot = self._slots.get(key)
            if slot is None:
                if key in self._dropped:
                    raise InputError(DROPPED)
                return None
            slot.used = self._clock()
            self._slots.move_to_end(key)
            return slot.value

    def put(self, key: Key, value: object) -> None:
        nbytes = size_of(value)
        with self._lock:
            self._slots[key] = _Slot(value, nbytes, self._clock())
            self._slots.move_to_end(key)
            self._dropped.pop(key, None)
            self._expire()
            while len(self._slots) > 1 and self.nbytes > self._max_bytes:
                self._drop(next(iter(self._slots)))

    def discard(self, key: Key) -> None:
        with self._lock:
            self._slots.pop(key, None)
            self._dropped.pop(key, None)

    def start_job(self, owner: tuple[str, str]) -> Job:
        with self._lock:
            if earlier := self._jobs.get(owner):
                earlier.superseded = True
            self._jobs[owner] = job = Job()
            return job

    def stop_job(self, owner: tuple[str, str]) -> None:
        with self._lock:
            if job := self._jobs.get(owner):
                job.stopped = True

    def _expire(self) -> None:
        now = self._clock()
        gone = {visitor for visitor, since in self._left.items() if now - since > self._away}
        for visitor in gone:
            del self._left[visitor]
        for key in [key for key, slot in self._slots.items() if key[0] in gone or now - slot.used > self._idle]:
            self._drop(key)

    def _drop(self, key: Key) -> None:
        del self._slots[key]
        self._dropped[key] = None
        while len(self._dropped) > 10_000:
            self._dropped.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Session:
    """What one visitor holds on one page."""

    store: SessionStore
    visitor: str
    page: str

    def get(self, slot: str = "run") -> Any:
        """The value kept last, or None. Raises InputError if it was dropped to make room or expired."""
        return self.store.get((self.visitor, self.page, slot))

    def put(self, value: object, slot: str = "run") -> None:
        self.store.put((self.visitor, self.page, slot), value)

    def discard(self, slot: str = "run") -> None:
        self.store.discard((self.visitor, self.page, slot))

    def start_job(self) -> Job:
        """Supersedes the visitor's earlier job on this page."""
        return self.store.start_job((self.visitor, self.page))

    def queue_job(self) -> None:
        """Starts a job at once whose work may have to wait for its turn, so that it can be stopped meanwhile."""
        self.put(self.start_job(), "job")

    def take_job(self) -> Job | None:
        """The job that was queued, once."""
        job = self.get("job")
        self.discard("job")
        return job

    def stop_job(self) -> None:
        self.store.stop_job((self.visitor, self.page))
