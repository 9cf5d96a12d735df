"""Text that grows by bytes, against the whole of it decoded at once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.data.running_text import RunningText


def grown(parts: list[bytes]) -> tuple[list[str], str]:
    """What is shown after each part, and at the end."""
    text, shown = RunningText(), []
    for part in parts:
        text.add(part)
        shown.append(text.text(whole=False))
    return shown, text.text(whole=True)


def test_a_character_is_shown_once_it_is_complete():
    shown, last = grown([bytes([byte]) for byte in "aé😀".encode()])
    assert shown == ["a", "a", "aé", "aé", "aé", "aé", "aé😀"]
    assert last == "aé😀"


def test_what_only_began_is_shown_at_the_end():
    assert grown([b"a", "é".encode()[:1]]) == (["a", "a"], "a\ufffd")
    assert grown([b"\xff"]) == (["\ufffd"], "\ufffd")


@settings(max_examples=60)
@given(st.lists(st.sampled_from([b"a", *(bytes([byte]) for byte in "é😀".encode()), b"\xff", "é".encode(), b""])))
def test_in_the_end_all_of_it_is_there(parts):
    shown, last = grown(parts)
    assert last == b"".join(parts).decode("utf-8", "replace")
    assert all(last.startswith(each) for each in shown)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([b"a", b"b", b"c", b"b", b"c"], [False, False, True, False, True]),
        ([b"ab", b"cab", b"c"], [False, True, True]),
        ([b"xabcx", b"bc", b"", b"y"], [True, True, False, False]),
        (["é".encode()[:1], "é".encode()[1:]], [False, True]),
    ],
)
def test_a_stop_is_seen_where_it_ends(parts, expected):
    text = RunningText(["bc", "é"])
    assert [text.add(part) for part in parts] == expected


def test_without_stops_nothing_stops():
    assert not RunningText().add(b"anything")
