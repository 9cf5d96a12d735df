"""Views as addresses: there and back, and what garbled ones become."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.link import (
    FlowView,
    ImageView,
    flow_from_query,
    flow_to_query,
    image_from_query,
    image_to_query,
)
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


FIRST_PICTURE = ImageView(0, "embedded", 32, "encoder", "linear", (None, None, None))
LOOKS = ("encoder", "mean", "rollout")
OF_A_PICTURE = {"tab": "page", "example": "2", "look": "mean"}


@given(
    size=st.integers(0, 999),
    latents=st.tuples(*[st.none() | st.integers(0, 999)] * 3),
    place=st.none() | st.tuples(*[st.integers(0, 9999).map(lambda share: share / 10_000)] * 2),
)
def test_a_view_of_a_picture_there_and_back(size: int, latents: tuple, place: tuple[float, float] | None) -> None:
    view = ImageView(3, "published", size, "rollout", "log", latents, place)
    found = image_from_query("page", dict(parse_qsl(image_to_query("page", view))), FIRST_PICTURE, 4, LOOKS)
    assert found == view


@pytest.mark.parametrize("params", [{}, {"tab": "page"}, {**OF_A_PICTURE, "tab": "other"}, {"example": "2"}])
def test_an_address_that_asks_for_no_view_of_a_picture(params: dict[str, str]) -> None:
    assert image_from_query("page", params, FIRST_PICTURE, 4, LOOKS) is None


@pytest.mark.parametrize("example", ["", "0", "5", "-1", "x", "1.5", "99999999999999999999"])
def test_without_an_example_that_there_is_the_settings_are_kept_for_the_first(example: str) -> None:
    view = image_from_query("page", {**OF_A_PICTURE, "example": example}, FIRST_PICTURE, 4, LOOKS)
    assert view is not None
    assert (view.example, view.look) == (0, "mean")


@given(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("weights", "size", "look", "scale", "latents", "place", "example"), TEXTS)
    )
)
def test_a_garbled_view_of_a_picture_never_fails(garbled: dict[str, str]) -> None:
    view = image_from_query("page", {**OF_A_PICTURE, **garbled}, FIRST_PICTURE, 4, LOOKS)
    assert view is not None
    assert view.look in LOOKS
    assert len(view.latents) == 3


@pytest.mark.parametrize("place", ["0.5", "0.5|x", "1.0|0.5", "-0.1|0.5", "nan|0.5", "0.1|0.2|0.3", "inf|0"])
def test_a_place_outside_the_picture_is_none(place: str) -> None:
    view = image_from_query("page", {**OF_A_PICTURE, "place": place}, FIRST_PICTURE, 4, LOOKS)
    assert view is not None
    assert view.place is None


FIRST_FRAMES = FlowView(0, "embedded", "farneback", "encoder", "linear")
METHODS, FLOW_LOOKS = ("", "farneback", "dis"), ("encoder", "rollout")
OF_FRAMES = {"tab": "page", "example": "2", "look": "rollout"}


def flow_view(params: dict[str, str]) -> FlowView | None:
    return flow_from_query("page", params, FIRST_FRAMES, 4, METHODS, FLOW_LOOKS)


@given(
    method=st.sampled_from(METHODS),
    step=st.none() | st.integers(0, 9),
    pixel=st.none() | st.tuples(st.integers(0, 9999), st.integers(0, 9999)),
)
def test_a_view_of_frames_there_and_back(method: str, step: int | None, pixel: tuple[int, int] | None) -> None:
    view = FlowView(3, "published", method, "rollout", "log", step, pixel)
    assert flow_view(dict(parse_qsl(flow_to_query("page", view), keep_blank_values=True))) == view


@pytest.mark.parametrize("params", [{}, {"tab": "page"}, {**OF_FRAMES, "tab": "other"}, {"example": "2"}])
def test_an_address_that_asks_for_no_view_of_frames(params: dict[str, str]) -> None:
    assert flow_view(params) is None


@given(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("weights", "method", "look", "scale", "step", "pixel", "example"), TEXTS)
    )
)
def test_a_garbled_view_of_frames_never_fails(garbled: dict[str, str]) -> None:
    view = flow_view({**OF_FRAMES, **garbled})
    assert view is not None
    assert view.method in METHODS
    assert view.example in range(4)


@pytest.mark.parametrize("pixel", ["3", "3|", "|3", "-1|2", "1.5|2", "a|b"])
def test_half_a_pixel_is_none(pixel: str) -> None:
    view = flow_view({**OF_FRAMES, "pixel": pixel})
    assert view is not None
    assert view.pixel is None


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
