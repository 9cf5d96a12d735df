"""The figure of a run, on the pages that have one, with a backend that has no model."""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.schema import EachHead, EachLatent, Effects, InputsAt, Stages
from pages.gradio_ui.pages import PAGES
from pages.interventions import FigureScreen
from pages.optical_flow.screen import OpticalFlowScreen
from pages.screen import AnyScreen, Update, updates
from pages.session import Session
from pages.text_generation.screen import TextGenerationScreen
from tests.fake_backend import FakeBackend
from tests.markup import Elements

WITH_FIGURE = [page.screen for page in PAGES if issubclass(page.screen, FigureScreen) and page.name != "fine_tuning"]
"""Fine-tuning has its figure once a visitor has trained and tested a model."""


def staged(answer: Any) -> Any:
    """An answer with the attention of all stages: one output, two latents."""

    def staged_answer(request: Any) -> Any:
        result, probe = answer(request), request.probe
        if not probe or not probe.stages:
            return result
        positions = getattr(result, "positions", None)
        count = 1 if positions is None else len(positions)
        parts = np.full((2, count), 0.25), np.full((count, 2), 0.5)
        effects = Effects(np.full(count, 0.5), *parts, np.full(count, np.nan))
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


def updates_of(update: Update | Iterator[Update]) -> Update:
    return {name: value for each in updates(update) for name, value in each.items()}


def test_a_page_opens_with_the_figure_of_its_first_run(screen: AnyScreen, session: Session) -> None:
    figure = Elements(opened(screen, session)["network"])
    latents = [cell["aria-label"] for cell in figure.of("span", "cell") if "latents" in str(cell["id"])]
    assert latents == ["latent 3", "latent 1"]


def measured(update: Update) -> dict[str, Any]:
    """What the figure says of the effects."""
    return json.loads(str(Elements(update["network"]).of("figure")[0]["data-maps"]))["effects"]


def test_parts_are_left_out_on_request_only(screen: AnyScreen, session: Session) -> None:
    shown = opened(screen, session)
    asked = screen.backend.requests
    assert all(request.probe.stages and not request.probe.without for request in asked)
    assert measured(shown)["latents"] is None
    before = len(asked)
    update = updates_of(screen.intervene(session, screen.initial, "latents"))
    (request,) = asked[before:]
    assert request.probe.without == (EachLatent(),)
    assert request.probe.method == asked[0].probe.method
    assert measured(update)["latents"]["without"]


def test_heads_are_switched_off_from_the_last_layer_to_the_first(screen: AnyScreen, session: Session) -> None:
    opened(screen, session)
    before = len(screen.backend.requests)
    found = [measured(update)["heads"] for update in screen.intervene(session, screen.initial, "heads")]
    asked = [each for request in screen.backend.requests[before:] for each in request.probe.without]
    assert asked == [EachHead(layer) for layer in (3, 2, 1, 0)]
    assert [sorted(map(int, each)) for each in found] == [[1, 2, 3], [0, 1, 2, 3]]


def test_effects_add_up_and_those_of_inputs_can_be_removed(screen: AnyScreen, session: Session) -> None:
    opened(screen, session)
    for part, cells in (("latents", ()), ("inputs", (1, 2)), ("inputs", (3,))):
        update = updates_of(screen.intervene(session, screen.initial, part, cells))
    assert isinstance(screen.backend.requests[-1].probe.without[0], InputsAt)
    assert measured(update)["inputs"]["cells"] == [3]
    assert measured(update)["latents"]
    asked = len(screen.backend.requests)
    update = updates_of(screen.intervene(session, screen.initial, "inputs"))
    assert measured(update)["inputs"] is None
    assert measured(update)["latents"]
    assert len(screen.backend.requests) == asked


def test_another_result_ends_the_interventions_on_the_one_before(screen: AnyScreen, session: Session) -> None:
    opened(screen, session)
    updates_to_come = screen.intervene(session, screen.initial, "heads")
    next(updates_to_come)
    run = replace(session.get())
    session.put(run)
    assert list(updates_to_come) == []
    assert session.get() is run


def test_programs_do_not_get_the_maps_of_the_figure(screen: AnyScreen, session: Session) -> None:
    opened(screen, session)
    uploads = {"image": screen.examples[0].file} if "image" in screen.uploads else {}
    screen.call(screen.initial, **uploads)
    assert not screen.backend.requests[-1].probe.stages


TASKS = ("text_generation", "optical_flow", "av_autoencoding")
"""Without interventions."""


class Recording(LocalBackend):
    """With the demo models. requests: all that was asked, in order."""

    def __init__(self) -> None:
        super().__init__(Settings(device="cpu"))
        self.requests: list[Any] = []

    def run_all(self, requests: Sequence[Any]) -> list[Any]:
        self.requests += requests
        return super().run_all(requests)


@pytest.mark.parametrize("name", TASKS)
def test_every_task_has_a_figure_of_less_than_500_kb_and_programs_do_not_get_its_maps(
    name: str, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TextGenerationScreen, "initial", property(lambda self: self.state(max_new_tokens=2)))
    monkeypatch.setattr(OpticalFlowScreen, "_check", lambda *_: "checks")  # they take most of the time
    page, backend = next(page for page in PAGES if page.name == name), Recording()
    screen: AnyScreen = page.screen(backend)
    figure = opened(screen, session)["network"]
    assert len(figure.encode()) < 500_000
    elements = Elements(figure)
    maps = json.loads(str(elements.of("figure")[0]["data-maps"]))
    for side, (name, width) in {"latents": ("decoder", "outputs"), "inputs": ("encoder", "latents")}.items():
        cells = [cell for cell in elements.of("span", "cell") if side in str(cell["id"])]
        rows = [cell for cell in elements.of("span", "cell") if width in str(cell["id"])]
        assert len(base64.b64decode(maps[name]["rows"])) == len(cells) * len(rows) > 0
    uploads = {
        name: getattr(screen.examples[0], "file" if name in ("clip", "image") else name) for name in screen.uploads
    }
    before = len(backend.requests)
    screen.call(screen.initial, **uploads)
    assert backend.requests[before:]
    assert not any(request.probe and request.probe.stages for request in backend.requests[before:])
