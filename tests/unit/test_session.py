"""The store of what visitors hold: bounded, forgetful, and apart for each visitor."""

import threading
from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image

from models.data.memory import size_of
from models.schema import InputError
from pages.session import SessionStore


@dataclass(frozen=True)
class Run:
    values: np.ndarray
    name: str = ""


def run(megabytes: int) -> Run:
    return Run(np.zeros(megabytes * 2**20, np.uint8))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_fifty_sessions_with_large_results_stay_within_the_bound() -> None:
    store = SessionStore(max_bytes=20 * 2**20)
    for number in range(50):
        store.session(f"visitor {number}", "page").put(run(3))
        assert store.nbytes <= 20 * 2**20
    assert store.session("visitor 49", "page").get() is not None
    with pytest.raises(InputError, match="Run again"):
        store.session("visitor 0", "page").get()


def test_fifty_threads_stay_within_the_bound() -> None:
    store = SessionStore(max_bytes=10 * 2**20)
    errors: list[Exception] = []

    def visit(number: int) -> None:
        session = store.session(f"visitor {number}", "page")
        try:
            for _ in range(20):
                session.put(run(1))
                job = session.start_job()
                session.get()
                assert not job.stopped
        except InputError:
            pass
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert store.nbytes <= 10 * 2**20


def test_the_least_recently_used_goes_first() -> None:
    store = SessionStore(max_bytes=7 * 2**20)
    first, second, third = (store.session(name, "page") for name in "abc")
    first.put(run(3))
    second.put(run(3))
    first.get()
    third.put(run(3))
    assert first.get() is not None
    with pytest.raises(InputError):
        second.get()


def test_a_value_larger_than_the_bound_is_held_alone() -> None:
    store = SessionStore(max_bytes=2**20)
    store.session("a", "page").put(run(3))
    assert store.session("a", "page").get() is not None
    assert len(store) == 1


def test_idle_values_expire_and_used_ones_stay() -> None:
    clock = Clock()
    store = SessionStore(idle_seconds=60, clock=clock)
    idle, used = store.session("idle", "page"), store.session("used", "page")
    idle.put(run(1))
    used.put(run(1))
    clock.now = 50
    used.get()
    clock.now = 100
    assert used.get() is not None
    with pytest.raises(InputError):
        idle.get()
    assert store.nbytes == size_of(run(1))


def test_what_was_never_there_or_was_discarded_is_none() -> None:
    session = SessionStore().session("a", "page")
    assert session.get() is None
    session.put(run(1))
    session.discard()
    assert session.get() is None


def test_pages_slots_and_visitors_are_apart() -> None:
    store = SessionStore()
    store.session("a", "one").put("run")
    store.session("a", "one").put("model", "model")
    assert store.session("a", "one").get() == "run"
    assert store.session("a", "one").get("model") == "model"
    assert store.session("a", "two").get() is None
    assert store.session("b", "one").get() is None


def test_a_visitor_who_changes_pages_keeps_everything_and_one_who_leaves_nothing() -> None:
    clock = Clock()
    store = SessionStore(away_seconds=60, clock=clock)
    store.connect("tab 1", "visitor")
    session = store.session(store.visitor("tab 1"), "page")
    session.put(run(1))
    job = session.start_job()
    store.disconnect("tab 1")
    assert job.superseded
    clock.now = 30
    store.connect("tab 2", "visitor")
    clock.now = 300
    assert store.session(store.visitor("tab 2"), "page").get() is not None
    store.disconnect("tab 2")
    clock.now = 400
    assert len(store) == 0
    assert store.nbytes == 0


def test_visitors_whose_browser_keeps_no_id_are_apart() -> None:
    store = SessionStore()
    for connection in ("tab 1", "tab 2"):
        store.connect(connection, "")
    store.session(store.visitor("tab 1"), "page").put(run(1))
    assert store.session(store.visitor("tab 2"), "page").get() is None


def test_another_open_page_keeps_jobs_going() -> None:
    store = SessionStore()
    store.connect("tab 1", "visitor")
    store.connect("tab 2", "visitor")
    job = store.session("visitor", "page").start_job()
    store.disconnect("tab 1")
    assert not job.over


def test_jobs_stop_and_make_way() -> None:
    session = SessionStore().session("a", "page")
    first = session.start_job()
    second = session.start_job()
    assert first.superseded
    assert not second.over
    session.stop_job()
    assert second.stopped
    assert not second.superseded


def test_sizes_are_those_of_what_is_held() -> None:
    array = np.zeros((10, 10), np.float32)
    assert size_of(array) == 400
    assert size_of((Run(array), {"a": array})) >= 800
    assert size_of(Image.new("RGB", (10, 20))) == 600


def test_a_queued_job_is_taken_once_and_supersedes_the_earlier_one() -> None:
    session = SessionStore().session("visitor", "page")
    earlier = session.start_job()
    session.queue_job()
    assert earlier.superseded
    session.stop_job()
    job = session.take_job()
    assert job is not None
    assert job.stopped
    assert session.take_job() is None
