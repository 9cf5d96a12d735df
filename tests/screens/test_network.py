"""The figure of a run, on the pages that have one, with a backend that has no model."""

from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from models.schema import EachLatent, Effects, Stages
from pages.gradio_ui.pages import PAGES
from pages.screen import AnyScreen, Update, updates
from pages.session import Session
from tests.fake_backend import FakeBackend
from tests.markup import Elements

WITH_FIGURE = [page.screen for page in PAGES if hasattr(page.screen, "measure_effects")]


def staged(answer: Any) -> Any:
    """An answer with the attention of all stages: one output, two latents."""

    def staged_answer(request: Any) -> Any:
        result, probe = answer(request), request.probe
        if not probe or not probe.stages:
            return result
        positions = getattr(result, "positions", None)
        count = 1 if positions is None else len(positions)
        effects = Effects(
            np.full(count, 0.5), np.full((2, count), 0.25), np.full((count, 2), 0.5), np.full(count, np.nan)
        )
        inputs = result.attention.values.size
        stages = Stages(
            np.array([3, 1]), 6, np.full((count, 2), 0.5, np.float32), np.full((2, inputs), 1 / inputs, np.float32),
            np.full((count, inputs), 1 / inputs, np.float32), effects=dict.fromkeys(probe.without, effects),
        )  # fmt: skip
        return replace(result, attention=replace(result.attention, stages=stages))

    return staged_answer


@pytest.fixture(params=WITH_FIGURE, ids=lambda screen: screen.name)
def screen(request: pytest.FixtureRequest) -> AnyScreen:
    tests = import_module(f"tests.screens.test_{request.param.name}")
    return request.param(FakeBackend({type(tests.REQUEST): staged(tests.answer)}))


def opened(screen: AnyScreen, session: Session) -> Update:
    shown: Update = {}
    for update in screen.open(session, {}):
        shown |= updates_of(update)
    return shown


def updates_of(update: Update) -> Update:
    return {name: value for each in updates(update) for name, value in each.items()}


def test_a_page_opens_with_the_figure_of_its_first_run(screen: AnyScreen, session: Session) -> None:
    figure = Elements(opened(screen, session)["network"])
    latents = [cell["aria-label"] for cell in figure.of("span", "cell") if "latents" in str(cell["id"])]
    assert latents == ["latent 3", "latent 1"]


def test_latents_are_switched_off_on_request_only(screen: AnyScreen, session: Session) -> None:
    opened(screen, session)
    asked = screen.backend.requests
    assert all(request.probe.stages and not request.probe.without for request in asked)
    before = len(asked)
    update = screen.measure_effects(session, screen.initial)
    (request,) = asked[before:]
    assert request.probe.without == (EachLatent(),)
    assert request.probe.method == asked[0].probe.method
    assert '"without"' in str(Elements(update["network"]).of("figure")[0]["data-maps"])


def test_programs_do_not_get_the_maps_of_the_figure(screen: AnyScreen, session: Session) -> None:
    opened(screen, session)
    uploads = {"image": screen.examples[0].file} if "image" in screen.uploads else {}
    screen.call(screen.initial, **uploads)
    assert not screen.backend.requests[-1].probe.stages
