"""Turns: which request computes while others wait, and which ends because its caller has left.

A request computes only while it has the turn. Long work calls `pause` between its steps, where it gives the turn to
visitors who have computed less, and ends if its caller has left.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

SLICE_SECONDS = 0.05
"""How long a request computes before it looks for others."""
LOOK_SECONDS = 0.2
"""How often a request that waits for its turn looks whether its caller has left."""
P = TypeVar("P")


class CallerLeftError(Exception):
    """The result is no longer needed."""


@dataclass(eq=False, slots=True)
class Caller:
    """Who waits for a result. visitor: callers of the same visitor share the visitor's part of the time."""

    visitor: str = ""
    left: bool = False


@dataclass(eq=False, slots=True)
class _Turn:
    turns: "Turns"
    caller: Caller
    visitor: object
    began: float = 0.0


_CALLER: ContextVar[Caller | None] = ContextVar("caller", default=None)
_TURN: ContextVar[_Turn | None] = ContextVar("turn", default=None)


@contextmanager
def called_by(caller: Caller) -> Iterator[None]:
    """Whatever is requested in this block is for this caller."""
    token = _CALLER.set(caller)
    try:
        yield
    finally:
        _CALLER.reset(token)


def each_called_by(caller: Caller, parts: Iterator[P]) -> Iterator[P]:
    """The same parts, each of them computed for this caller."""
    return _each_within(lambda: called_by(caller), parts)


def _each_within(block: Callable[[], AbstractContextManager[None]], parts: Iterator[P]) -> Iterator[P]:
    while True:
        with block():
            part = next(parts, None)
        if part is None:
            return
        yield part


def pause() -> None:
    """Lets others compute, if it is their turn. Raises CallerLeftError. Costs a fraction of a microsecond."""
    turn = _TURN.get()
    if turn is not None:
        turn.turns.pause(turn)


@contextmanager
def away() -> Iterator[None]:
    """This block waits for something else, so that others compute meanwhile."""
    turn = _TURN.get()
    if turn is None:
        yield
        return
    turn.turns.give_up(turn)
    try:
        yield
    finally:
        turn.turns.wait_for(turn)


class Turns:
    """Gives the turn to the visitor who has computed least. Safe to use from many threads.

    A visitor who comes starts with as many seconds as the one of all others who has computed least, so that every
    visitor gets a turn, and before those with equally many. clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter):
        self._clock = clock
        self._changed = threading.Condition()
        self._holder: _Turn | None = None
        self._waiting: list[_Turn] = []
        self._seconds: dict[object, float] = {}
        self._requests: Counter[object] = Counter()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Computes within this block. Raises CallerLeftError."""
        caller = _CALLER.get() or Caller()
        turn = _Turn(self, caller, caller.visitor or caller)
        with self._changed:
            self._seconds.setdefault(turn.visitor, min(self._seconds.values(), default=0.0))
            self._requests[turn.visitor] += 1
        token = _TURN.set(turn)
        try:
            self.wait_for(turn)
            yield
        finally:
            _TURN.reset(token)
            self._end(turn)

    def each(self, parts: Generator[P]) -> Iterator[P]:
        """The same parts, each computed within a turn of its own."""
        return _each_within(self.taken, parts)

    def pause(self, turn: _Turn) -> None:
        """See `pause` above."""
        if turn.caller.left:
            raise CallerLeftError
        now = self._clock()
        if now - turn.began < SLICE_SECONDS:
            return
        with self._changed:
            self._seconds[turn.visitor] += now - turn.began
            turn.began = now
            first = self._first()
            if first is None or self._seconds[first.visitor] > self._seconds[turn.visitor]:
                return
        self.give_up(turn)
        self.wait_for(turn)

    def wait_for(self, turn: _Turn) -> None:
        """Returns when it is this turn. Raises CallerLeftError."""
        with self._changed:
            self._waiting.append(turn)
            try:
                while not turn.caller.left and (self._holder is not None or self._first() is not turn):
                    self._changed.wait(LOOK_SECONDS)
                if turn.caller.left:
                    raise CallerLeftError
                self._holder, turn.began = turn, self._clock()
            finally:
                self._waiting.remove(turn)
                self._changed.notify_all()

    def give_up(self, turn: _Turn) -> None:
        with self._changed:
            if self._holder is turn:
                self._seconds[turn.visitor] += self._clock() - turn.began
                self._holder = None
                self._changed.notify_all()

    def _end(self, turn: _Turn) -> None:
        self.give_up(turn)
        with self._changed:
            self._requests[turn.visitor] -= 1
            if not self._requests[turn.visitor]:
                del self._requests[turn.visitor], self._seconds[turn.visitor]

    def _first(self) -> _Turn | None:
        """The next one of those who wait."""
        return min(self._waiting, key=lambda turn: self._seconds[turn.visitor], default=None)
