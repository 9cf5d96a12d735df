"""The codec of states, and what is read from them."""

from typing import Literal
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.schema import InputError
from pages.state import MAX_SEED, State, bounds_of, choices_of, control


class Settings(State):
    text: str = control("first", "Text")
    spans: tuple[tuple[int, int], ...] = control((), "Spans")
    seed: int = control(0, "Seed", ge=0, le=MAX_SEED)
    rate: float = control(0.6, "Rate", ge=0.1, le=2)
    mode: Literal["a", "b"] = control("a", "Mode", labels={"a": "first one", "b": "second one"})
    on: bool = control(False, "On")
    head: int | None = control(None, "Head", role="display", ge=0)
    latents: tuple[int | None, ...] = control((None, None), "Latents", role="selection")
    weights: Literal["embedded", "published"] = control("embedded", "Model", link="always")


def params(query: str) -> dict[str, str]:
    return dict(parse_qsl(query, keep_blank_values=True))


states = st.builds(
    Settings,
    text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=60),
    spans=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=3).map(tuple),
    seed=st.integers(0, MAX_SEED),
    rate=st.floats(0.1, 2),
    mode=st.sampled_from(["a", "b"]),
    on=st.booleans(),
    head=st.none() | st.integers(0, 500),
    latents=st.tuples(st.none() | st.integers(0, 9), st.none() | st.integers(0, 9)),
    weights=st.sampled_from(["embedded", "published"]),
)


@given(states)
def test_a_link_brings_back_the_same_state(state: Settings) -> None:
    assert Settings.from_query(params(state.to_query(Settings())), Settings()) == (state, ())


@pytest.mark.parametrize("seed", [2147483647, 2147483648, 9876543210, MAX_SEED])
def test_every_seed_survives_a_link(seed: int) -> None:
    state = Settings(seed=seed)
    assert Settings.from_query(params(state.to_query(Settings())), Settings())[0].seed == seed


@pytest.mark.parametrize("text", ["", "null", "5", "[1]", "true", '"quoted"', "a&b=c#d", "漢 🇩🇪"])
def test_text_that_looks_like_a_value_stays_text(text: str) -> None:
    state = Settings(text=text)
    assert Settings.from_query(params(state.to_query(Settings())), Settings())[0].text == text


def test_line_breaks_are_those_of_a_text_field() -> None:
    state = Settings(text="a\r\n\r\nb\rc\n")
    assert Settings.from_query(params(state.to_query(Settings())), Settings())[0].text == "a\n\nb\nc\n"


def test_defaults_are_left_out_of_links() -> None:
    assert params(Settings().to_query(Settings())) == {"weights": "embedded"}
    assert set(params(Settings(head=0, on=True).to_query(Settings()))) == {"weights", "head", "on"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("seed", "-1"), ("seed", "x"), ("rate", "9"), ("rate", "nan"), ("mode", "c"), ("head", "-3"), ("spans", "[[1]]")],
)
def test_what_does_not_fit_is_replaced_and_reported(name: str, value: str) -> None:
    state, notices = Settings.from_query({name: value, "on": "true"}, Settings())
    assert state == Settings(on=True)
    assert len(notices) == 1
    assert notices[0].startswith(Settings.model_fields[name].title or "")


def test_a_state_too_long_for_an_address_has_no_link() -> None:
    assert Settings(text="long " * 2000).to_query(Settings()) == ""


def test_values_of_widgets_are_checked() -> None:
    assert Settings.from_values({"seed": 5.0, "other": 1}, Settings()).seed == 5
    with pytest.raises(InputError, match="Seed"):
        Settings.from_values({"seed": None}, Settings())
    assert Settings.from_values({"seed": None, "on": True}, Settings(seed=7), strict=False) == Settings(seed=7, on=True)


def test_bounds_and_choices_are_those_of_the_field() -> None:
    assert bounds_of(Settings.model_fields["rate"]) == (0.1, 2)
    assert bounds_of(Settings.model_fields["text"]) == (None, None)
    assert choices_of(Settings.model_fields["mode"]) == [("first one", "a"), ("second one", "b")]
    assert choices_of(Settings.model_fields["weights"]) == [("embedded", "embedded"), ("published", "published")]
    assert Settings.fields_with("display", "selection") == ("head", "latents")
