"""Of what a visitor had begun, the last goes on."""

from types import SimpleNamespace
from typing import Any

from pages.turns import Turns

ONE: Any = SimpleNamespace(session_hash="one")
OTHER: Any = SimpleNamespace(session_hash="other")


def test_the_last_goes_on_and_nobody_else_is_touched():
    turns = Turns()
    first, others = turns.begin(ONE), turns.begin(OTHER)
    second = turns.begin(ONE)
    assert (first.given_way, first.stopped, first.over) == (True, False, True)
    assert not second.over
    assert not others.over


def test_a_stop_is_for_what_is_under_way():
    turns = Turns()
    turns.stop(ONE)
    turn = turns.begin(ONE)
    assert not turn.over
    turns.stop(OTHER)
    assert not turn.over
    turns.stop(ONE)
    assert (turn.stopped, turn.given_way) == (True, False)
    assert not turns.begin(ONE).over


def test_nothing_goes_on_for_who_has_left():
    turns = Turns()
    turn = turns.begin(ONE)
    turns.leave(ONE)
    turns.leave(ONE)
    assert turn.given_way
    assert turns._last == {}
