"""The actions of the page "Build one", with a backend that trains nothing."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args
from urllib.parse import parse_qsl

import numpy as np
import pytest

from models.data.build_one import preset, problems, shapes, spec_of
from models.schema import (
    AskBuildRequest,
    AskBuildResult,
    Build,
    InputError,
    LatentAttention,
    Prediction,
    TrainBuildProgress,
    TrainBuildRequest,
    TrainBuildResult,
    Training,
    TrainingState,
)
from models.schema.build_one import Data
from pages.build_one.screen import BuildOneScreen
from pages.build_one.state import EXPERIMENTS, NAMES
from pages.screen import Update, updates
from pages.session import Session
from tests.fake_backend import RUN, FakeBackend
from tests.markup import Elements

REQUEST = TrainBuildRequest(Build(latents=4, channels=16, layers=1), Training(steps=4, batch_size=8), steps=2)
"""For tests over all tasks."""


def answer(request: TrainBuildRequest) -> Iterator[TrainBuildProgress | TrainBuildResult]:
    """A loss that falls with each step, and a score that rises."""
    spec, found = spec_of(request.build), shapes(request.build)
    begun = request.resume.step if request.resume else 0
    step = min(begun + request.steps, request.training.steps)
    losses = tuple(2.0 / (number + 1) for number in range(begun, step))
    for at, loss in enumerate(losses):
        yield TrainBuildProgress(begun + at + 1, (loss,))
    inputs: dict[Any, np.ndarray] = {
        name: np.ones(shape, np.int64 if name == "letters" else np.float32) for name, shape in spec.inputs.items()
    }
    outputs: dict[Any, np.ndarray] = {
        name: np.ones(shape[:1], np.int64) if name == "letters" else np.full(shape, 1 / shape[-1], np.float32)
        for name, shape in spec.outputs.items()
    }
    targets = {name: np.array(1) if name == "label" else values for name, values in outputs.items()}
    attention = np.full((min(8, request.build.latents), found.inputs), 1 / found.inputs, np.float32)
    yield TrainBuildResult(
        TrainingState(step, b"weights", b"moments", "a build"),
        losses,
        1.0,
        step / request.training.steps,
        (Prediction(inputs, outputs, targets),) * 2,
        LatentAttention(attention, found.grids),
        step == request.training.steps,
        RUN,
    )


def ask(request: AskBuildRequest) -> AskBuildResult:
    """The first class, or the letters as they are."""
    spec = spec_of(request.build)
    outputs: dict[Any, np.ndarray] = {
        name: request.inputs["letters"] if name == "letters" else np.eye(shape[0], dtype=np.float32)[0]
        for name, shape in spec.outputs.items()
    }
    return AskBuildResult(Prediction(request.inputs, outputs), shapes(request.build).grids, None, RUN)


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend({TrainBuildRequest: answer, AskBuildRequest: ask})


@pytest.fixture
def screen(backend: FakeBackend) -> BuildOneScreen:
    return BuildOneScreen(backend)


def last(parts: Any) -> Update:
    """All parts of the page in the end."""
    shown: Update = {}
    for update in updates(parts):
        shown |= update
    return shown


def opened(screen: BuildOneScreen, session: Session, **link: str) -> Update:
    return last(screen.open(session, link))


# The design


def test_opens_with_a_model_that_has_learned_nothing(
    screen: BuildOneScreen, backend: FakeBackend, session: Session
) -> None:
    shown = opened(screen, session)
    (request,) = backend.requests
    assert (request.build, request.steps) == (Build(), 0)
    assert shown["submit"].properties["interactive"]
    assert shown["link"] == ""
    assert session.get().curve.step == 0


@pytest.mark.parametrize("data", get_args(Data))
def test_every_data_set_has_parts_that_fit(screen: BuildOneScreen, session: Session, data: Data) -> None:
    state = screen.state(data=data)
    chosen = screen.choose_data(session, state)
    values = {name: getattr(chosen[name], "properties", {}).get("value", chosen[name]) for name in NAMES}
    design = screen.state.from_values(values, state)
    assert (design.build, design.training) == preset(data)
    assert chosen["problems"] == ""
    assert len(Elements(chosen["drawing"]).of("li")) >= 5
    compile(chosen["code"], "script", "exec")
    shown = screen.show(screen.run(design))
    assert Elements(shown["latents_map"]).of("figure")


def test_what_does_not_fit_is_refused_at_once(screen: BuildOneScreen, backend: FakeBackend, session: Session) -> None:
    state = screen.initial.changed(preprocessor="multimodal")
    refused = screen.redesign(session, state)
    assert refused["problems"].level == "alert"
    assert all(problem in refused["problems"].text for problem in problems(state.build))
    assert not refused["submit"].properties["interactive"]
    assert "drawing" not in refused
    assert backend.requests == []
    assert screen.redesign(session, screen.initial)["submit"].properties["interactive"]


def test_only_settings_that_matter_are_shown(screen: BuildOneScreen, session: Session) -> None:
    def visible(**changes: object) -> set[str]:
        update = screen.redesign(session, screen.initial.changed(**changes))
        return {name for name, value in update.items() if getattr(value, "properties", {}).get("visible")}

    assert "bands" in visible()
    assert "bands" not in visible(positions="learned")
    assert {"letters"} == visible(data="sort") - visible()
    assert "query_residual" not in visible(decoder="projection")


def test_a_link_sets_the_design_and_does_not_train(
    screen: BuildOneScreen, backend: FakeBackend, session: Session
) -> None:
    link = {"latents": "3", "channels": "30", "positions": "learned", "seed": "7"}
    shown = opened(screen, session, **link)
    assert (shown["latents"], shown["channels"]) == (3, 32)
    assert [request.steps for request in backend.requests] == [0]
    params = dict(parse_qsl(shown["link"], keep_blank_values=True))
    assert screen.state.from_query(params, screen.state())[0] == session.get().state


def test_a_link_to_parts_that_do_not_fit_says_so(
    screen: BuildOneScreen, backend: FakeBackend, session: Session
) -> None:
    shown = opened(screen, session, decoder="optical_flow")
    assert shown["problems"].level == "alert"
    assert backend.requests == []


# Training


def test_trains_slice_by_slice_and_goes_on_from_the_state(
    screen: BuildOneScreen, backend: FakeBackend, session: Session
) -> None:
    state = screen.initial.changed(steps=40)
    shown = last(screen.submit(session, state))
    requests = [request for request in backend.requests if request.steps]
    assert sum(request.steps for request in requests) == 40
    assert len(requests) > 5
    assert [request.resume.step for request in requests[1:]] == list(np.cumsum([each.steps for each in requests[:-1]]))
    run = session.get()
    assert (run.curve.step, run.curve.score) == (40, 1.0)
    assert run.curve.losses == tuple(2.0 / (number + 1) for number in range(40))
    assert shown["answered"]
    assert not shown["stop"].properties["interactive"]
    assert shown["try"].properties["visible"]


def test_a_pause_keeps_the_model_and_training_goes_on(
    screen: BuildOneScreen, backend: FakeBackend, session: Session
) -> None:
    state = screen.initial.changed(steps=32)
    work = screen.submit(session, state)
    for _ in range(4):
        next(work)
    screen.stop(session, state)
    last(work)
    paused = session.get().curve.step
    assert 0 < paused < 32
    last(screen.advance(session, state))
    assert session.get().curve.step == paused + 1
    last(screen.submit(session, state))
    assert session.get().curve.step == 32
    assert session.get().curve.losses == tuple(2.0 / (number + 1) for number in range(32))


def test_another_design_starts_a_new_model(screen: BuildOneScreen, backend: FakeBackend, session: Session) -> None:
    last(screen.submit(session, screen.initial.changed(steps=4)))
    last(screen.submit(session, screen.initial.changed(steps=4, latents=2)))
    first = next(request for request in backend.requests if request.build.latents == 2)
    assert first.resume is None
    screen.reset(session, screen.initial)
    assert session.get().curve.step == 0


def test_the_notice_says_whether_training_continues_or_starts_again(screen: BuildOneScreen, session: Session) -> None:
    state = screen.initial.changed(steps=32)
    last(screen.advance(session, state))
    same = screen.redesign(session, state)["notice"]
    others = [
        screen.redesign(session, state.changed(latents=2))["notice"],
        screen.choose_data(session, state.changed(data="reverse"))["notice"],
        last(screen.submit(session, state))["notice"],
    ]
    assert same not in others
    assert others[0] == others[1] != others[2]


def test_training_that_begins_during_another_ends_with_its_result(screen: BuildOneScreen, session: Session) -> None:
    """As after a second click on Train."""
    state = screen.initial.changed(steps=32)
    screen.begin(session, state)
    first = screen.submit(session, state)
    next(first)
    screen.begin(session, state)
    second = screen.submit(session, state)
    next(second)
    assert "stop" not in last(first)
    assert not last(second)["stop"].properties["interactive"]
    assert session.get().curve.finished


def test_training_ends_when_the_visitor_leaves(session: Session) -> None:
    screen = BuildOneScreen(FakeBackend({TrainBuildRequest: answer}))
    work = screen.submit(session, screen.initial)
    next(work)
    next(work)
    session.start_job()
    assert last(work).keys() <= {"curves", "notice", "answered", "examples", "latents_map", "run_line"}
    assert len(list(work)) == 0


def test_visitors_train_models_of_their_own(screen: BuildOneScreen, session: Session) -> None:
    other = session.store.session("another", session.page)
    both = [screen.submit(session, screen.initial.changed(steps=8)), screen.submit(other, screen.initial)]
    for work in both:
        for _ in range(3):
            next(work)
    last(both[0])
    assert session.get().curve.steps == 8
    assert other.get() is None or other.get().curve.steps == 400


# Comparing


def test_keeps_four_runs_at_most(screen: BuildOneScreen, session: Session) -> None:
    assert "comparison" not in screen.keep_run(session, screen.initial)
    for latents in range(1, 7):
        state = screen.initial.changed(steps=2, latents=latents)
        last(screen.submit(session, state))
        shown = screen.keep_run(session, state)
    names = [run.name for run in session.get("kept")]
    assert names == [f"Run {number}" for number in (3, 4, 5, 6)]
    table = Elements(shown["comparison"])
    assert len(table.of("tr")) == 5
    assert "Latents" in table.text
    assert "Channels" not in table.text
    assert opened(screen, session)["comparison"] == shown["comparison"]
    assert screen.clear_runs(session, screen.initial)["comparison"] == ""


def test_a_sweep_trains_one_model_for_each_value(
    screen: BuildOneScreen, backend: FakeBackend, session: Session
) -> None:
    shown = last(screen.run_sweep(session, screen.initial.changed(steps=2, sweep="layers")))
    assert {request.build.layers for request in backend.requests} == {0, 1, 2, 4}
    assert [run.curve.score for run in session.get("kept")] == [1.0] * 4
    assert len(Elements(shown["comparison"]).of("tr")) == 5


def test_a_sweep_leaves_out_what_does_not_fit(screen: BuildOneScreen, backend: FakeBackend, session: Session) -> None:
    state = screen.initial.changed(steps=1, sweep="channels", cross_heads=1, self_heads=3)
    assert last(screen.run_sweep(session, state))["comparison_notice"].level == "alert"
    assert all(request.build.channels % 3 == 0 for request in backend.requests)


def test_a_stop_ends_a_sweep(screen: BuildOneScreen, backend: FakeBackend, session: Session) -> None:
    work = screen.run_sweep(session, screen.initial.changed(steps=4))
    next(work)
    screen.stop(session, screen.initial)
    last(work)
    assert {request.build.latents for request in backend.requests} == {1}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_asks_for_a_prediction_first(
    screen: BuildOneScreen, backend: FakeBackend, session: Session, name: str
) -> None:
    experiment, state = EXPERIMENTS[name], screen.initial.changed(experiment=name)
    chosen = screen.choose_experiment(session, state)
    assert [value for _, value in chosen["prediction"].properties["choices"]] == ["", *range(len(experiment.choices))]
    last(screen.run_experiment(session, state))
    assert backend.requests == []
    said = {}
    for prediction in (experiment.answer, (experiment.answer + 1) % len(experiment.choices)):
        shown = last(screen.run_experiment(session, state.changed(prediction=prediction)))
        said[prediction] = Elements(shown["explanation"]).text
        assert experiment.explanation in said[prediction]
    assert len(set(said.values())) == 2
    assert {request.build for request in backend.requests} == {build for build, _ in experiment.runs.values()}
    assert [run.name for run in session.get("kept")] == list(experiment.runs)


# Trying it, and taking it away


def test_classifies_a_drawing(screen: BuildOneScreen, backend: FakeBackend, session: Session) -> None:
    state = screen.initial.changed(steps=2)
    assert screen.ask(session, state, sketch=[], typed="") == {}
    last(screen.submit(session, state))
    shown = screen.ask(session, state, sketch=[[[0.5, 0.2], [0.5, 0.8]]], typed="")
    image = backend.requests[-1].inputs["image"]
    assert image.shape == (1, 8, 8)
    assert image[0, :, 3:5].min() > 0 > image[0, :, [0, 7]].max()
    assert Elements(shown["answer"]).text.startswith("0")
    assert screen.ask(session, state, sketch=[], typed="")["ask_notice"].level == "alert"


def test_reads_letters_and_refuses_others(screen: BuildOneScreen, backend: FakeBackend, session: Session) -> None:
    state = screen.initial.with_design(*preset("reverse")).changed(steps=1, letters=4)
    last(screen.submit(session, state))
    shown = screen.ask(session, state, sketch=[], typed="ab ad")
    assert backend.requests[-1].inputs["letters"].tolist() == [0, 1, 0, 3]
    assert "ABAD" in Elements(shown["answer"]).text
    for wrong in ("", "ABC", "ABCZ"):
        assert screen.ask(session, state, sketch=[], typed=wrong)["ask_notice"].level == "alert"


def test_saves_curves_model_and_code(screen: BuildOneScreen, session: Session, tmp_path: Path) -> None:
    opened(screen, session)
    files = screen.files(session, screen.initial, screen.build_files)
    assert set(files.write) == {"html", "png", "svg", "npz", "zip", "py", "ipynb"}
    with pytest.raises(InputError):
        files.write["zip"](tmp_path / "model.zip")
    last(screen.submit(session, screen.initial.changed(steps=2)))
    files = screen.files(session, screen.initial, screen.build_files)
    for kind in files.write:
        files.write_to(kind, tmp_path)
    with zipfile.ZipFile(tmp_path / "perceiver.zip") as archive:
        assert archive.read("model.safetensors") == b"weights"
        assert archive.read("build_one.py").decode() == (tmp_path / "perceiver.py").read_text()
    assert json.loads((tmp_path / "perceiver.ipynb").read_text())["nbformat"] == 4
    assert np.load(tmp_path / "perceiver.npz")["loss"].shape == (2,)


def test_a_program_gets_the_result(screen: BuildOneScreen) -> None:
    result = screen.call(screen.initial.changed(steps=4))
    assert isinstance(result, dict)
    assert (result["score"], result["metric"], len(result["losses"])) == (1.0, "accuracy", 4)
