"""Views as addresses: there and back, and what garbled ones become."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.text_link import (
    SentimentView,
    TeachView,
    TextView,
    from_query,
    sentiment_from_query,
    sentiment_to_query,
    teach_from_query,
    teach_to_query,
    to_query,
)
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


# Texts that are classified, and teaching


@given(text=TEXTS, occlude=st.booleans(), unit=st.sampled_from(["bytes", "characters", "words"]))
def test_a_view_of_a_text_that_is_classified_there_and_back(text, occlude, unit) -> None:
    view = SentimentView(text, "published", occlude, unit, ("rollout", MEAN, ALL, "log"))
    first = SentimentView("first", "embedded", True, "words", AT_FIRST)
    params = dict(parse_qsl(sentiment_to_query("page", view)))
    assert sentiment_from_query("page", params, first, ("bytes", "characters", "words"), understood) == view
    garbled = dict.fromkeys(params, "?") | {"tab": "page"}
    assert sentiment_from_query("page", garbled, first, ("words",), understood) == SentimentView(
        "?", "embedded", True, "words", AT_FIRST
    )


def test_a_text_that_is_too_long_for_an_address_is_left_out() -> None:
    view = SentimentView("x" * 5000, "embedded", True, "words", AT_FIRST)
    assert sentiment_to_query("page", view) == "tab=page"


LESSON = TeachView(0, 5, 8, 3e-4, "all", 0, "embedded")


def lesson(params: dict[str, str]) -> TeachView | None:
    return teach_from_query("page", params, LESSON, sets=3, most_epochs=50, batches=(4, 8), rates=(1e-5, 3e-4))


@given(which=st.integers(0, 2), epochs=st.integers(1, 50), rate=st.sampled_from([1e-5, 3e-4]), seed=st.integers(0, 999))
def test_a_view_of_a_teaching_there_and_back(which, epochs, rate, seed) -> None:
    view = TeachView(which, epochs, 4, rate, "decoder", seed, "published")
    assert lesson(dict(parse_qsl(teach_to_query("page", view)))) == view


def test_a_teaching_with_rows_of_ones_own_comes_back_with_the_first_set() -> None:
    view = TeachView(None, 7, 4, 1e-5, "all", 3, "embedded")
    assert lesson(dict(parse_qsl(teach_to_query("page", view)))) == TeachView(0, 7, 4, 1e-5, "all", 3, "embedded")


@pytest.mark.parametrize("params", [{}, {"tab": "page"}, {"tab": "other", "set": "2"}])
def test_an_address_that_asks_for_no_teaching(params: dict[str, str]) -> None:
    assert lesson(params) is None


def test_a_garbled_teaching_never_fails() -> None:
    names = ("set", "epochs", "batch", "rate", "learns", "seed", "weights")
    for wrong in ("", "-1", "9" * 12, "x", "1e9"):
        assert lesson({"tab": "page"} | dict.fromkeys(names, wrong)) == LESSON
    assert lesson({"tab": "page", "epochs": "900"}) == TeachView(0, 50, 8, 3e-4, "all", 0, "embedded")
