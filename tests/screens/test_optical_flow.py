"""The actions of the page of optical flow, with a backend that has no model."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest
from PIL import Image

from models.data.flow_files import read_flow, write_flo
from models.data.images import open_image
from models.schema import (
    AttentionMap,
    FlowTrace,
    InputDropped,
    InputError,
    OpticalFlowRequest,
    OpticalFlowResult,
    PixelAt,
    Probe,
)
from pages.optical_flow.screen import EXAMPLES, MAX_TVL1_PIXELS, OpticalFlowScreen, OpticalFlowState
from pages.screen import Notice, updates
from pages.session import Session
from tests.fake_backend import RUN, FakeBackend
from tests.noisy_frames import asked

REQUEST = asked(30, 40, probe=Probe())
"""For tests over all tasks, with the models of `tests.tiny_models`."""
LINK = {"example": "1", "baseline": "none", "pixel": "[3,4]", "opacity": "0.3"}
"""The query of a view."""
BUTTON, PART = "submit", "motion"
"""What sends the request of the page, and what shows its result."""
EXAMPLE = EXAMPLES[0]


def answer(request: OpticalFlowRequest) -> Any:
    """Everything moves 2 pixels to the right. Frames are read at two sizes."""
    width, height = request.first.size
    if request.step is not None and request.step > 1:
        return InputError(f"There is no step {request.step}.")
    target: Any = request.probe.target if request.probe else None
    row, column = (target.row, target.column) if target else (1, 2)
    trace = FlowTrace(
        row=row,
        column=column,
        sizes=((width // 2, height // 2), (width, height)),
        added=np.float32([[1, 0], [1, 0]]),
        step=request.step or 0,
        before=(0.0, 0.0),
        second=request.second,
        area=(0.0, 0.0, 1.0, 1.0),
    )
    attention = AttentionMap(np.full((2, 3), 1 / 6, np.float32), 0.0, 0.0, "encoder", "Title")
    flow = np.tile(np.float32([2, 0]), (height, width, 1))
    return OpticalFlowResult(flow, ((0, 0, height, width),), attention, trace if request.probe else None, RUN)


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend({OpticalFlowRequest: answer})


@pytest.fixture
def screen(backend: FakeBackend) -> OpticalFlowScreen:
    return OpticalFlowScreen(backend)


@pytest.fixture
def frames(tmp_path: Path) -> tuple[Path, Path]:
    """Two frames of 24x16 pixels that are no example."""
    files = tmp_path / "a.png", tmp_path / "b.png"
    for seed, file in enumerate(files):
        Image.fromarray(np.random.default_rng(seed).integers(0, 256, (16, 24, 3), np.uint8)).save(file)
    return files


@pytest.fixture
def state(screen: OpticalFlowScreen) -> OpticalFlowState:
    return screen.initial.changed(baseline="none")


def query(update: dict[str, Any]) -> dict[str, str]:
    return dict(parse_qsl(update["link"], keep_blank_values=True))


def opened(screen: OpticalFlowScreen, session: Session, params: dict[str, str]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for update in updates(screen.open(session, params)):
        shown |= update
    return shown


def test_submit_asks_for_uploaded_frames(screen, backend, session, state, frames) -> None:
    update = screen.submit(session, state.changed(method="rollout", pixel=(3, 3), step=1), *frames)
    (request,) = backend.requests
    assert request.first.tobytes() == open_image(frames[0]).tobytes()
    assert request.second.tobytes() == open_image(frames[1]).tobytes()
    assert (request.probe.target, request.probe.method, request.step) == (None, "rollout", None)
    assert update["answered"]
    assert query(update)["example"] == ""
    assert session.get().state.pixel == (1, 2)  # which the model chose


@pytest.mark.parametrize("given", [(True, False), (False, True), (False, False)])
def test_a_missing_frame_is_named(screen, session, state, frames, given) -> None:
    files = [file if there else None for file, there in zip(frames, given, strict=True)]
    with pytest.raises(InputError) as refusal:
        screen.submit(session, state, *files)
    assert [name in str(refusal.value) for name in ("first", "second")] == [not there for there in given]


def test_a_frame_that_cannot_be_read_is_named(screen, backend, session, state, frames) -> None:
    frames[1].write_text("not an image")
    with pytest.raises(InputError, match="second frame"):
        screen.submit(session, state, *frames)
    assert backend.requests == []


def test_frames_of_an_example_are_recognized(screen, session, state, tmp_path) -> None:
    copies = [tmp_path / name for name in ("one.png", "two.png")]
    for copy, file in zip(copies, (EXAMPLES[2].first, EXAMPLES[2].second), strict=True):
        copy.write_bytes(file.read_bytes())
    assert query(screen.submit(session, state, *copies, EXAMPLES[2].truth))["example"] == "2"
    assert session.get().truth is not None


def test_ground_truth_of_an_example_is_not_used_for_other_frames(screen, session, state, frames, tmp_path) -> None:
    update = screen.submit(session, state, *frames, EXAMPLE.truth)
    assert (session.get().truth, update["truth"]) == (None, None)
    own = np.full((16, 24, 2), 3, np.float32)
    write_flo(tmp_path / "own.flo", own)
    assert "truth" not in screen.submit(session, state, *frames, tmp_path / "own.flo")
    np.testing.assert_array_equal(session.get().truth, own)


def test_ground_truth_that_does_not_fit_is_said_and_not_used(screen, session, state, frames, tmp_path) -> None:
    write_flo(tmp_path / "small.flo", np.zeros((2, 2, 2), np.float32))
    update = screen.submit(session, state, *frames, tmp_path / "small.flo")
    assert update["notice"].level == "alert"
    assert session.get().truth is None


def test_an_animated_frame_is_said(screen, session, state, frames, tmp_path) -> None:
    images = [open_image(file) for file in frames]
    images[0].save(tmp_path / "two.gif", save_all=True, append_images=images[1:])
    assert isinstance(screen.submit(session, state, tmp_path / "two.gif", frames[1])["notice"], Notice)


def test_an_example_fills_the_fields_and_is_run(screen, backend, session, state) -> None:
    fields, update = screen.choose_example(session, state, 1)
    assert (fields["first"], fields["truth"]) == (EXAMPLES[1].first, EXAMPLES[1].truth)
    assert backend.requests[-1].first.tobytes() == open_image(EXAMPLES[1].first).tobytes()
    assert query(update)["example"] == "1"
    assert update["notice"].text == EXAMPLES[1].notice


def test_a_click_traces_that_pixel(screen, backend, session, state, frames) -> None:
    assert screen.select_pixel(session, state, 0.5, 0.5) == {}
    screen.submit(session, state, *frames)
    update = screen.select_pixel(session, state.changed(method="rollout"), 0.5, 0.26)
    assert backend.requests[-1].probe.target == PixelAt(8, 6)
    assert backend.requests[-1].probe.method == "rollout"
    assert query(update)["pixel"] == "[8,6]"
    assert "answered" not in update  # frames that were chosen since are still out of date


def test_method_and_size_trace_the_same_pixel(screen, backend, session, state, frames) -> None:
    screen.submit(session, state, *frames)
    screen.select_pixel(session, state, 0.5, 0.26)
    update = screen.trace(session, state.changed(method="rollout", step=1))
    request = backend.requests[-1]
    assert (request.probe.target, request.probe.method, request.step) == (PixelAt(8, 6), "rollout", 1)
    assert [choice[1] for choice in update["step"].properties["choices"]] == ["", 0, 1]
    assert update["step"].properties["value"] == 1


def test_another_scale_needs_no_model(screen, backend, session, state, frames) -> None:
    screen.submit(session, state, *frames)
    update = screen.redraw(session, state.changed(scale="log"))
    assert len(backend.requests) == 1
    assert query(update)["scale"] == "log"


def test_another_baseline_keeps_the_flow_and_is_checked_again(screen, backend, session, state, frames) -> None:
    assert screen.compare(session, state) == {}
    screen.submit(session, state, *frames)
    list(screen.check(session, state))
    assert len(backend.requests) == 2
    update = screen.compare(session, state.changed(baseline="farneback"))
    assert list(session.get().flows) == ["perceiver", "farneback"]
    assert len(backend.requests) == 2
    (checked,) = screen.check(session, state)
    assert checked["check"] != update["check"]
    assert checked["check"].count("comparison") == 2


def test_a_check_estimates_the_backward_flow_once(screen, backend, session, state, frames) -> None:
    assert list(screen.check(session, state)) == []
    screen.submit(session, state, *frames)
    list(screen.check(session, state))
    backward = backend.requests[-1]
    assert backward.first.tobytes() == open_image(frames[1]).tobytes()
    assert backward.second.tobytes() == open_image(frames[0]).tobytes()
    assert list(screen.check(session, state)) == []


def test_a_check_that_fails_is_not_announced_any_more(screen, backend, session, state, frames, monkeypatch) -> None:
    screen.submit(session, state, *frames)
    monkeypatch.setattr(backend, "run", lambda request: 1 / 0)
    check = screen.check(session, state)
    assert next(check) == {"check": ""}
    with pytest.raises(ZeroDivisionError):
        next(check)


def test_large_frames_are_not_compared_with_the_slow_baseline(screen, backend, session, state, tmp_path) -> None:
    file = tmp_path / "large.png"
    Image.new("RGB", (MAX_TVL1_PIXELS // 100 + 1, 100)).save(file)
    with pytest.raises(InputError):
        screen.submit(session, state.changed(baseline="tvl1"), file, file)
    assert backend.requests == []


def test_opens_with_the_first_example_checked(screen, backend, session) -> None:
    shown = opened(screen, session, {})
    assert shown["link"] == ""
    assert "comparison" in shown["check"]
    before = len(backend.requests)
    opened(screen, session.store.session("another", "page"), {})
    assert len(backend.requests) == before


def test_opens_as_the_visitor_left_it_with_their_frames(screen, backend, session, state, frames) -> None:
    link = screen.submit(session, state, *frames)["link"]
    before = len(backend.requests)
    for params in ({}, dict(parse_qsl(link, keep_blank_values=True))):
        shown = opened(screen, session, params)
        assert shown["first"].tobytes() == open_image(frames[0]).tobytes()
        assert shown["truth"] is None
    assert len(backend.requests) == before


def test_a_link_to_an_example_restores_the_view(screen, session, state) -> None:
    list(screen.choose_example(session, state.changed(method="rollout"), 3))
    link = query(screen.select_pixel(session, state, 0.5, 0.5))
    other = session.store.session("another", "page")
    shown = opened(screen, other, link)
    assert other.get().state == session.get().state
    assert shown["first"] == EXAMPLES[3].first


def test_a_link_to_uploaded_frames_shows_an_example(screen, session, state, frames) -> None:
    link = query(screen.submit(session, state, *frames)) | {"pixel": "[3,4]"}
    other = session.store.session("another", "page")
    shown = opened(screen, other, link)
    assert (other.get().state.example, other.get().state.pixel) == (0, (1, 2))
    assert isinstance(shown["notice"], Notice)


@pytest.mark.parametrize(
    "params",
    [
        {"pixel": "[9999,3]"},
        {"pixel": "[-1,3]"},
        {"pixel": "[1]"},
        {"step": "7"},
        {"example": "99"},
        {"baseline": "magic"},
        {"method": "decoder"},
    ],
)
def test_values_of_a_link_that_do_not_fit_are_replaced(screen, session, params) -> None:
    opened(screen, session, params)
    state = session.get().state
    assert (state.pixel, state.step, state.example) == ((1, 2), None, 0)
    assert (state.baseline, state.method) == ("farneback", "encoder")


def test_flow_and_attention_are_saved(screen, session, state, frames, tmp_path) -> None:
    screen.submit(session, state, *frames)
    files = screen.files(session, state, screen.flow_files)
    files.write["flo"](tmp_path / "saved.flo")
    np.testing.assert_array_equal(read_flow(tmp_path / "saved.flo"), session.get().result.flow)
    assert set(files.write) == {"html", "png", "svg", "npz", "flo"}
    assert set(screen.files(session, state, screen.attention_files).write) == {"html", "png", "svg", "npz"}


def test_another_model_is_named(screen, session, state) -> None:
    update = screen.choose_weights(session, state.changed(weights="published"))
    assert update["notice"].text.startswith(screen.shape("published").name)


def test_a_program_gets_the_result(screen, state, frames, tmp_path) -> None:
    result = screen.call(state.changed(pixel=(3, 5)), *frames)
    assert (result["width"], result["height"], result["mean"], result["largest"]) == (24, 16, 2.0, 2.0)
    assert result["vector"].tolist() == [2.0, 0.0]
    assert set(result["trace"]) == {"sizes", "added", "step", "area"}


def test_dropped_frames_are_uploaded_again(screen, backend, session, state, frames, monkeypatch) -> None:
    screen.submit(session, state, *frames)
    uploaded, run = [], backend.run
    held = session.get()

    def drop(request: OpticalFlowRequest) -> OpticalFlowResult:
        if not uploaded:
            raise InputDropped
        return run(request)

    monkeypatch.setattr(backend, "run", drop)
    monkeypatch.setattr(backend, "upload", lambda request: uploaded.append(request) or request)
    update = screen.select_pixel(session, state, 0.5, 0.26)
    assert [(each.first, each.second) for each in uploaded] == [(held.first, held.second)]
    assert query(update)["pixel"] == "[8,6]"
