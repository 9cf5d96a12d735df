"""The cache bounded in bytes, alone and among threads. Values are byte strings: their length is their size."""

import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.backend.cache import ByteCache

LONG = 10  # seconds until a test gives up on another thread


def cache_of(capacity: int) -> ByteCache[str, bytes]:
    return ByteCache(capacity, len)


def touch(cache: ByteCache[str, bytes], key: str, size: int = 10) -> bool:
    """Uses a value that is `size` long; whether it was there already."""
    with cache.use(key, lambda: bytes(size)) as (value, hit):
        assert len(value) == size
        return hit


def test_made_once_then_found():
    cache = cache_of(100)
    assert [touch(cache, "a"), touch(cache, "a"), touch(cache, "a")] == [False, True, True]
    assert cache.nbytes == 10


def test_same_value_is_handed_out():
    cache = cache_of(100)
    with cache.use("a", lambda: b"first") as (first, _):
        pass
    with cache.use("a", lambda: b"other") as (again, _):
        assert again is first


def test_get_finds_what_was_made_and_makes_nothing():
    cache = cache_of(30)
    assert cache.get("a") is None
    touch(cache, "a")
    assert cache.get("a") == bytes(10)
    with cache.use("b", lambda: cache.get("b") or b"not yet") as (value, _):
        assert value == b"not yet"


def test_get_counts_as_a_use():
    cache = cache_of(20)
    for key in "ab":
        touch(cache, key)
    cache.get("a")
    touch(cache, "c")
    assert (cache.get("a"), cache.get("b")) == (bytes(10), None)


def test_least_recently_used_goes_first():
    cache = cache_of(30)
    for key in "abc":
        touch(cache, key)
    touch(cache, "a")  # now b is the oldest
    touch(cache, "d")
    assert cache.nbytes == 30
    assert [touch(cache, key) for key in "acd"] == [True, True, True]
    assert touch(cache, "b") is False


def test_no_more_goes_than_has_to():
    cache = cache_of(30)
    for key in "abc":
        touch(cache, key)
    touch(cache, "large", 20)
    assert cache.nbytes == 30
    assert [touch(cache, "c"), touch(cache, "large", 20)] == [True, True]
    assert touch(cache, "a") is False


@given(
    capacity=st.integers(0, 60),
    uses=st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 70)), max_size=40),
)
def test_never_above_capacity_between_uses(capacity, uses):
    """And as a plain list of what was used last would have it."""
    cache, sizes, recent = cache_of(capacity), {}, []
    for key, size in uses:
        sizes.setdefault(key, size)
        assert touch(cache, key, sizes[key]) is (key in recent)
        recent = [other for other in recent if other != key] + [key]
        while sum(sizes[other] for other in recent) > capacity:
            recent.pop(0)
        assert cache.nbytes == sum(sizes[other] for other in recent) <= capacity


def test_value_in_use_is_never_evicted():
    cache = cache_of(10)
    with cache.use("held", lambda: bytes(10)) as (held, _):
        for key in "abc":
            touch(cache, key)
        with cache.use("held", lambda: pytest.fail("made again")) as (again, hit):
            assert hit
            assert again is held
        assert cache.nbytes == 10
    assert touch(cache, "held") is True


def test_value_in_two_uses_is_held_until_the_last_ends():
    cache = cache_of(0)
    with cache.use("held", lambda: bytes(10)):
        with cache.use("held", lambda: bytes(10)):
            pass
        assert cache.nbytes == 10
        assert touch(cache, "held") is True
    assert cache.nbytes == 0


def test_more_in_use_than_fits_is_let_go_afterwards():
    cache = cache_of(25)
    with ExitStack() as stack:
        for key in "abcd":
            stack.enter_context(cache.use(key, lambda: bytes(10)))
        assert cache.nbytes == 40
    assert cache.nbytes == 20


def test_room_is_made_before_a_value_is_used():
    cache = cache_of(25)
    touch(cache, "a")
    touch(cache, "b")
    with cache.use("c", lambda: bytes(10)):
        assert cache.nbytes == 20


def test_value_larger_than_the_cache_is_used_and_not_kept():
    cache = cache_of(10)
    with cache.use("large", lambda: bytes(1000)) as (value, hit):
        assert len(value) == 1000
        assert not hit
    assert cache.nbytes == 0
    assert touch(cache, "large", 1000) is False


def test_error_of_make_passes_and_does_not_stay():
    cache = cache_of(100)
    with pytest.raises(OSError, match="no disk"), cache.use("a", fail):
        pytest.fail("there is no value")
    assert cache.nbytes == 0
    assert [touch(cache, "a"), touch(cache, "a")] == [False, True]


def test_nothing_stays_of_a_key_that_was_never_made():
    class Key:
        pass

    cache, key = ByteCache[Key, bytes](100, len), Key()
    gone = weakref.ref(key)
    with pytest.raises(OSError, match="no disk"), cache.use(key, fail):
        pytest.fail("there is no value")
    del key
    gc.collect()
    assert gone() is None


def test_error_of_the_user_leaves_the_value():
    cache = cache_of(100)
    with pytest.raises(KeyError), cache.use("a", lambda: bytes(10)):
        raise KeyError
    assert touch(cache, "a") is True
    touch(cache, "b", 95)  # nobody holds the first any more
    assert touch(cache, "a") is False


def test_eight_threads_make_a_key_once():
    cache, made, together = cache_of(100), [], threading.Barrier(8)
    release = threading.Event()

    def make() -> bytes:
        made.append(threading.get_ident())
        release.wait(0.05)  # long enough for the others to come and wait
        return bytes(10)

    def ask(_: int) -> tuple[int, bool]:
        together.wait(LONG)
        with cache.use("a", make) as (value, hit):
            return id(value), hit

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert len(made) == 1
    assert len({value for value, _ in answers}) == 1
    assert sorted(hit for _, hit in answers) == [False] + [True] * 7


def test_two_keys_are_made_at_once():
    """Each waits inside of `make` until the other is there, too: one after the other they would wait for ever."""
    cache, both = cache_of(100), threading.Barrier(2)

    def make() -> bytes:
        both.wait(LONG)
        return bytes(10)

    def ask(key: str) -> bool:
        with cache.use(key, make) as (_, hit):
            return hit

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(ask, "ab")) == [False, False]


def test_a_failing_make_lets_the_next_in_line_try():
    cache, failing, waiting = cache_of(100), threading.Event(), threading.Event()

    def fail_late() -> bytes:
        failing.set()
        assert waiting.wait(LONG)
        return fail()

    def ask_failing() -> None:
        with pytest.raises(OSError, match="no disk"), cache.use("a", fail_late):
            pytest.fail("there is no value")

    def ask_again() -> bool:
        assert failing.wait(LONG)
        threading.Timer(0.05, waiting.set).start()  # by then this thread waits for the key
        return touch(cache, "a")

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(ask_failing), pool.submit(ask_again)
        first.result(LONG)
        assert second.result(LONG) is False
    assert touch(cache, "a") is True


def test_many_threads_and_few_bytes():
    """Every use sees its own value, and in the end no more is held than fits."""
    cache, together = cache_of(35), threading.Barrier(8)

    def ask(thread: int) -> None:
        together.wait(LONG)
        for turn in range(200):
            key = "abcdefg"[(thread + turn * 3) % 7]
            with cache.use(key, lambda key=key: key.encode() * 10) as (value, _):
                assert value == key.encode() * 10

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))
    assert cache.nbytes == 30


def fail() -> bytes:
    raise OSError("no disk")
