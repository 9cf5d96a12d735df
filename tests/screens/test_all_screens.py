"""What holds for the screen of every page."""

from dataclasses import replace
from typing import Any, get_args

import pytest

from models.schema import InputError, Weights
from pages.gradio_ui.pages import PAGES
from pages.screen import Notice, Screen, millions, updates
from pages.session import Session
from tests.fake_backend import SHAPE, FakeBackend

SCREENS = [page.screen for page in PAGES]
OFFERS = [
    (screen, name)
    for screen in SCREENS
    for name in vars(screen)
    if name.endswith("_files") and not name.startswith("_")
]


@pytest.fixture(params=SCREENS, ids=lambda screen: screen.name)
def screen(request: pytest.FixtureRequest) -> Screen[Any, Any]:
    return request.param(FakeBackend({}))


def test_nothing_is_traced_or_drawn_without_a_run(screen: Screen[Any, Any], session: Session) -> None:
    assert screen.trace(session, screen.initial) == {}
    assert screen.redraw(session, screen.initial) == {}


@pytest.mark.parametrize(("kind", "offer"), OFFERS, ids=lambda each: each if isinstance(each, str) else each.name)
def test_nothing_is_saved_without_a_run(kind: type[Screen[Any, Any]], offer: str, session: Session) -> None:
    screen = kind(FakeBackend({}))
    with pytest.raises(InputError):
        screen.files(session, screen.initial, getattr(screen, offer))


def test_every_page_saves_something() -> None:
    assert {screen for screen, _ in OFFERS} == set(SCREENS)


@pytest.fixture(params=[screen for screen in SCREENS if screen.variants], ids=lambda screen: screen.name)
def model_screen(request: pytest.FixtureRequest) -> Screen[Any, Any]:
    """Of a page that runs models."""
    return request.param(FakeBackend({}))


@pytest.mark.parametrize("weights", get_args(Weights))
def test_a_model_is_described(model_screen: Screen[Any, Any], session: Session, weights: Weights) -> None:
    screen = model_screen
    update = screen.choose_weights(session, screen.initial.changed(weights=weights))
    assert isinstance(update["notice"], Notice)
    assert screen.shapes(weights)[0].name in update["notice"].text
    assert (screen.prose["original model"] in update["notice"].text) == (weights == "published")
    assert update.keys() - {"notice"} <= screen.controls(screen.initial).keys()


def test_each_choice_of_a_model_says_its_size(model_screen: Screen[Any, Any]) -> None:
    labels = {value: label for label, value in model_screen.weights_choices()}
    assert labels.keys() == set(get_args(Weights))
    assert all(millions(SHAPE) in label for label in labels.values())


@pytest.mark.parametrize(("parameters", "text"), [(4_902_662, "4.9 M"), (41_057_134, "41.1 M"), (201_108_230, "201 M")])
def test_parameters_in_millions(parameters: int, text: str) -> None:
    assert millions(replace(SHAPE, parameters=parameters)) == text


def test_every_page_has_its_prose(screen: Screen[Any, Any]) -> None:
    of_models = {"original model", "how it works"} if screen.variants else set()
    assert {"title", "lead", "api", "caveat", *of_models} <= screen.prose.keys()
    assert all(text and "{" not in text for text in screen.prose.values())


@pytest.mark.parametrize("index", [-1, 1000])
@pytest.mark.parametrize("kind", [each for each in SCREENS if each.examples], ids=lambda screen: screen.name)
def test_an_example_that_is_not_there_is_refused(kind: type[Screen[Any, Any]], session: Session, index: int) -> None:
    screen = kind(FakeBackend({}))
    with pytest.raises(InputError, match=f"no example {index}"):
        list(updates(screen.choose_example(session, screen.initial, index)))
