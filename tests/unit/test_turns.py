"""Turns: fair shares of the processor, and work that ends once nobody waits for it."""

import threading
import time
from collections.abc import Callable

import pytest

from models.backend.cache import ByteCache
from models.turns import Caller, CallerLeftError, Turns, called_by, pause

LIMIT = 30  # seconds until a test gives up on another thread


def compute(seconds: float) -> None:
    """Work of this length, not counting the time of others, in steps of a hundredth of it."""
    for _ in range(100):
        until = time.thread_time() + seconds / 100
        while time.thread_time() < until:
            pass
        pause()


def started(work: Callable[[], object], caller: Caller) -> threading.Thread:
    def run() -> None:
        with called_by(caller):
            work()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_only_one_request_computes_at_a_time() -> None:
    turns, inside, most = Turns(), [], []

    def work() -> None:
        with turns.taken():
            for _ in range(20):
                inside.append(1)
                most.append(len(inside))
                compute(0.005)
                inside.pop()
                pause()

    threads = [started(work, Caller(str(number))) for number in range(4)]
    for thread in threads:
        thread.join(LIMIT)
    assert len(most) == 80


def test_a_short_request_does_not_wait_for_a_long_one() -> None:
    turns, ended, begun = Turns(), [], threading.Event()

    def work(name: str, seconds: float) -> None:
        with turns.taken():
            begun.set()
            compute(seconds)
        ended.append(name)

    long = started(lambda: work("long", 3), Caller("a"))
    assert begun.wait(LIMIT)
    short = started(lambda: work("short", 0.2), Caller("b"))
    short.join(LIMIT)
    assert ended == ["short"]
    long.join(LIMIT)
    assert ended == ["short", "long"]


def test_many_requests_of_one_visitor_share_a_part() -> None:
    """Three requests of one visitor and one of another: each visitor has half of the time."""
    turns, ended, begun = Turns(), [], threading.Barrier(5)

    def work(name: str, seconds: float) -> None:
        begun.wait(LIMIT)
        with turns.taken():
            compute(seconds)
        ended.append(name)

    one, other = Caller("one"), Caller("other")
    threads = [started(lambda: work("one", 0.6), one) for _ in range(3)]
    threads.append(started(lambda: work("other", 0.8), other))
    begun.wait(LIMIT)
    for thread in threads:
        thread.join(LIMIT)
    assert ended.index("other") < 3
    assert ended[-1] == "one"


@pytest.mark.parametrize("leaves", ["while it computes", "while it waits"])
def test_work_ends_when_its_caller_leaves(leaves: str) -> None:
    turns, caller, begun, ended = Turns(), Caller("a"), threading.Event(), []
    errors: list[Exception] = []

    def work() -> None:
        try:
            begun.set()
            with turns.taken():
                compute(LIMIT)
        except CallerLeftError as error:
            errors.append(error)

    def other() -> None:
        with turns.taken():
            compute(0.5)
        ended.append("other")

    if leaves == "while it waits":
        with turns.taken():
            thread = started(work, caller)
            assert begun.wait(LIMIT)
            caller.left = True
            thread.join(LIMIT)
    else:
        thread = started(work, caller)
        assert begun.wait(LIMIT)
        caller.left = True
        thread.join(LIMIT)
    assert len(errors) == 1
    started(other, Caller("b")).join(LIMIT)
    assert ended == ["other"]


def test_requests_for_the_same_value_do_not_lock_each_other_out() -> None:
    turns, cache, begun = Turns(), ByteCache[str, bytes](100, len), threading.Event()

    def make() -> bytes:
        begun.set()
        compute(0.5)
        return b"made"

    found = []

    def work() -> None:
        with turns.taken(), cache.use("key", make) as (value, known):
            found.append((value, known))

    first = started(work, Caller("a"))
    assert begun.wait(LIMIT)
    second = started(work, Caller("b"))
    for thread in (first, second):
        thread.join(LIMIT)
    assert found == [(b"made", False), (b"made", True)]


def test_a_caller_who_leaves_while_another_makes_the_value_leaves_no_lock_behind() -> None:
    turns, cache, begun, caller = Turns(), ByteCache[str, bytes](100, len), threading.Event(), Caller("b")

    def make() -> bytes:
        begun.set()
        compute(0.5)
        return b"made"

    found, left = [], []

    def work() -> None:
        try:
            with turns.taken(), cache.use("key", make) as (value, _):
                found.append(value)
        except CallerLeftError:
            left.append(1)

    first = started(work, Caller("a"))
    assert begun.wait(LIMIT)
    second = started(work, caller)
    caller.left = True
    for thread in (first, second, started(work, Caller("c"))):
        thread.join(LIMIT)
    assert (len(found), len(left)) == (2, 1)
