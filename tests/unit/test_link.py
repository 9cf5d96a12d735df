"""Views as addresses: there and back, and what garbled ones become."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.link import TextView, from_query, to_query
from pages.trace import ALL, AT_FIRST, MEAN, understood

FIRST = TextView("first", ((0, 1),), 5, "iterative", "embedded", None, AT_FIRST)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(text=TEXTS, top_k=st.integers(1, 10), data=st.data())
def test_there_and_back(text: str, top_k: int, data: st.DataObject) -> None:
    length = len(text.encode())
    start = data.draw(st.integers(0, length - 1))
    stop = data.draw(st.integers(start + 1, length))
    view = TextView(text, ((start, stop),), top_k, "parallel", "published", start, ("rollout", MEAN, ALL, "log"))
    assert from_query("page", dict(parse_qsl(to_query("page", view))), FIRST, understood) == view


def test_another_page_s_view_is_not_ours() -> None:
    assert from_query("page", {"tab": "other", "text": "hello"}, FIRST, understood) is None
    assert from_query("page", {}, FIRST, understood) is None


def test_what_is_left_out_is_taken_from_the_first_view() -> None:
    assert from_query("page", {"text": "hello"}, FIRST, understood) == TextView(
        "hello", (), 5, "iterative", "embedded", None, FIRST.looked
    )


@pytest.mark.parametrize(
    ("mask", "spans"),
    [
        ("0-99", ((0, 5),)),
        ("x", ()),
        ("1-3,4-", ((1, 3),)),
        ("3-1", ()),
        ("9-12", ()),
        ("-1-2", ()),
        ("1-2,3-4", ((1, 2), (3, 4))),
    ],
)
def test_a_garbled_mask_never_costs_the_text(mask: str, spans: tuple) -> None:
    view = from_query(
        "page", {"text": "hello", "mask": mask, "top_k": "50", "byte": "x", "look": "a,b"}, FIRST, understood
    )
    assert (view.text, view.spans, view.top_k, view.traced, view.looked) == ("hello", spans, 10, None, FIRST.looked)


@pytest.mark.parametrize(
    ("looked", "known"),
    [
        (AT_FIRST, True),
        (("rollout", MEAN, ALL, "log"), True),
        (("encoder", "3", "17", "linear"), True),
        (("a", "b"), False),
        (("sideways", MEAN, ALL, "linear"), False),
        (("encoder", "first", ALL, "linear"), False),
        (("encoder", MEAN, "-1", "linear"), False),
        (("encoder", MEAN, ALL, "cubic"), False),
    ],
)
def test_only_what_the_controls_can_say_is_understood(looked: tuple[str, ...], known: bool) -> None:
    assert understood(looked) == known
