"""What holds for every page of the Streamlit front end."""

import threading
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from models.schema import (
    DROPPED,
    InputError,
)
from pages.binding import APOLOGY
from pages.fine_tuning.screen import DATASETS
from pages.session import SessionStore
from pages.streamlit_ui.pages import PAGES
from tests.streamlit.conftest import EveryTask
from tests.streamlit.visitor import SCRIPT, alerts, click, markup, settled, view_of, visit

NAMES = [page.name for page in PAGES if page.screen.variants]
"""Of pages that run models."""
KNOWN: dict[str, Any] = {name: import_module(f"tests.screens.test_{name}") for name in NAMES}
"""By page: the tests of its screen."""


def button(at: AppTest, name: str) -> Any:
    return at.button(f"{name}-{KNOWN[name].BUTTON}")


def result(at: AppTest, name: str) -> dict[str, Any]:
    return markup(at, f"{name}-{KNOWN[name].PART}")


@pytest.mark.parametrize("name", NAMES)
def test_a_page_opens_and_runs(name: str, backend: EveryTask) -> None:
    at = visit(page=name)
    assert at.title[0].value == next(page.title for page in PAGES if page.name == name)
    before = len(backend.requests)
    settled(button(at, name).click().run())
    assert type(backend.requests[before]) is type(KNOWN[name].REQUEST)
    assert result(at, name)["markup"]
    assert not result(at, name)["outdated"]
    assert not view_of(at, name).running


@pytest.mark.parametrize("name", NAMES)
def test_an_error_is_shown_and_the_result_stays(name: str, backend: EveryTask) -> None:
    at = visit(page=name)
    shown = result(at, name)
    for refusal, message in ((InputError("No <such> input."), "No <such> input."), (RuntimeError("secret"), APOLOGY)):
        backend.refusals[type(KNOWN[name].REQUEST)] = refusal
        settled(button(at, name).click().run())
        assert alerts(at) == [message]
        assert not view_of(at, name).running
    if name != "fine_tuning":  # a new training discards the earlier model
        assert result(at, name) == shown


@pytest.mark.parametrize("name", NAMES)
def test_a_link_opens_the_same_view(name: str) -> None:
    at = visit(page=name, **KNOWN[name].LINK)
    if name == "fine_tuning":  # a link does not train
        settled(button(at, name).click().run())
    view = view_of(at, name)
    expected, problems = view.screen.state.from_query(KNOWN[name].LINK, view.screen.initial)
    assert problems == ()
    linked, _ = view.screen.state.from_query(at.query_params, view.screen.state())
    assert linked.model_dump(exclude={"max_new_tokens"}) == expected.model_dump(exclude={"max_new_tokens"})
    assert "page" not in at.query_params


def test_a_link_with_a_value_that_does_not_fit_says_so() -> None:
    at = visit(page="masked_bytes", text="a cat", mask="[[2,5]]", top_k="99")
    assert "Candidates" in alerts(at)[0]
    assert view_of(at, "masked_bytes").values["top_k"] == 5


def test_a_result_of_other_inputs_is_marked_until_it_runs_again() -> None:
    at = visit()
    assert not markup(at, "masked_bytes-filled")["outdated"]
    settled(at.radio("masked_bytes-decoding").set_value("parallel").run())
    assert markup(at, "masked_bytes-filled")["outdated"]
    click(at, "masked_bytes-filled", position=3)
    assert markup(at, "masked_bytes-filled")["outdated"]
    settled(button(at, "masked_bytes").click().run())
    assert not markup(at, "masked_bytes-filled")["outdated"]


def test_another_page_keeps_what_was_set(store: SessionStore) -> None:
    at = visit()
    settled(at.text_area("masked_bytes-text").set_value("a cat").run())
    for name in ("sentiment", "masked_bytes"):
        at.query_params["page"] = name
        settled(at.run())
    assert at.text_area("masked_bytes-text").value == "a cat"
    assert markup(at, "masked_bytes-filled")["outdated"]


def test_visitors_do_not_see_each_other() -> None:
    one, other = visit(), visit()
    click(one, "masked_bytes-filled", position=3)
    assert "byte" in one.query_params
    before = markup(other, "masked_bytes-filled")
    assert markup(other.run(), "masked_bytes-filled") == before != markup(one, "masked_bytes-filled")
    assert view_of(one, "masked_bytes").session.visitor != view_of(other, "masked_bytes").session.visitor


@pytest.mark.parametrize(("name", "times"), [(name, 40 if name == "masked_bytes" else 2) for name in NAMES])
def test_running_again_holds_no_more_memory(name: str, times: int, store: SessionStore) -> None:
    at = visit(page=name)
    settled(button(at, name).click().run())
    values, held, threads = len(store), store.nbytes, threading.active_count()
    for _ in range(times):
        settled(button(at, name).click().run())
    assert len(store) == values
    assert store.nbytes <= 1.01 * held
    assert threading.active_count() <= threads


def test_a_result_that_was_dropped_says_so(store: SessionStore) -> None:
    at = visit()
    view = view_of(at, "masked_bytes")
    for key in [key for key in store._slots if key[0] == view.session.visitor]:
        store._drop(key)
    settled(at.run())
    assert alerts(at) == [DROPPED]
    settled(button(at, "masked_bytes").click().run())
    assert markup(at, "masked_bytes-filled")["markup"]


@pytest.mark.parametrize("name", sorted({*NAMES} - {"fine_tuning"}))
def test_every_example_can_be_chosen(name: str) -> None:
    at = visit(page=name)
    view = view_of(at, name)
    for index in reversed(range(len(view.screen.examples))):
        buttons = [each for each in at.button if each.key == f"{name}-example-{index}"]
        if buttons:
            settled(buttons[0].click().run())
        else:
            click(at, f"{name}-examples", position=index)
        state = view.session.get().state
        assert index in (getattr(state, "example", None), view.screen.example_of(state))
        assert not result(at, name)["outdated"]


@pytest.mark.parametrize("index", range(len(DATASETS)))
def test_every_dataset_can_be_trained_on(index: int, backend: EveryTask) -> None:
    at = visit(page="fine_tuning")
    settled(at.radio("fine_tuning-example").set_value(index).run())
    assert at.text_area("fine_tuning-text").value == DATASETS[index].unseen
    settled(button(at, "fine_tuning").click().run())
    rows = DATASETS[index].file.read_text(encoding="utf-8")
    assert all(label in rows for _, label in backend.requests[-1].rows)
    assert result(at, "fine_tuning")["markup"]


def test_fine_tuned_models_are_those_of_their_visitors(backend: EveryTask) -> None:
    one, other = visit(page="fine_tuning", example="1"), visit(page="fine_tuning", example="0")
    settled(button(one, "fine_tuning").click().run())
    assert not one.button("fine_tuning-test").disabled
    assert other.run().button("fine_tuning-test").disabled
    assert not other.download_button
    settled(button(other, "fine_tuning").click().run())
    classifying = []
    for at in (one, other):
        settled(at.button("fine_tuning-test").click().run())
        classifying.append(backend.requests[-1].model.labels)
    assert classifying == [view_of(at, "fine_tuning").session.get().model.labels for at in (one, other)]
    assert classifying[0] != classifying[1]


def test_the_script_is_not_next_to_the_modules_of_the_pages() -> None:
    """Streamlit would offer them as pages."""
    assert not Path(SCRIPT).with_name("pages").exists()
