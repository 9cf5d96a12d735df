"""The actions of the page of audio-video autoencoding, with a backend that has no model."""

from base64 import b64decode
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest

from models.data.as_json import as_json
from models.schema import (
    AvAutoencodingRequest,
    AvAutoencodingResult,
    AvPart,
    FramePixel,
    InputDropped,
    InputError,
    InputKey,
    Probe,
    SoundAt,
)
from pages.av_autoencoding.screen import AvScreen
from pages.av_autoencoding.state import EXAMPLES, NAME
from pages.screen import Update
from pages.session import Session
from tests.clip_files import clip_bytes
from tests.fake_backend import SHAPE, FakeBackend
from tests.made_up_clip import FPS, SIDE, asked, pixel_trace, sound_trace

RATE = 8000
REQUEST = AvAutoencodingRequest(
    frames=np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), np.uint8),
    fps=31.25,
    audio=np.zeros(1280, np.float32),
    sample_rate=RATE,
    blank=frozenset({"audio"}),
    probe=Probe(),
)
"""For tests over all tasks, with the models of `tests.tiny_models`."""
LINK = {"example": "1", "mask": '["audio"]', "resolution": "pixels", "frame": "3"}
"""The query of a view."""
BUTTON, PART = "reconstruct", "labels"
"""What sends the request of the page, and what shows its result."""
MODEL = replace(SHAPE, fps=FPS, sample_rate=RATE, image_size=SIDE)
SOUND = np.sin(np.arange(int(6 * RATE / FPS)) / 5).astype(np.float32)


def answer(request: AvAutoencodingRequest, **more: Any) -> AvAutoencodingResult:
    """Six frames, and a trace of the kind of output that is asked about."""
    target = request.probe.target if request.probe else None
    trace = sound_trace() if isinstance(target, SoundAt) else pixel_trace()
    trace = trace if target else replace(trace, modality="label", area=())
    made = asked(trace, audio=SOUND / 2, original_audio=SOUND, sample_rate=RATE)
    return replace(made, **more)


class Backend(FakeBackend):
    """Keeps the frames of a request, and streams its first frame before the result."""

    def __init__(self, **more: Any):
        shapes = {(NAME, weights, ""): MODEL for weights in ("embedded", "published")}
        super().__init__({AvAutoencodingRequest: lambda request: answer(request, **more)}, shapes)
        self.uploaded: list[Any] = []

    def upload(self, request: Any) -> Any:
        self.uploaded.append(request)
        return replace(request, frames=InputKey("key", request.frames.shape))

    def stream(self, request: Any) -> Generator[Any]:
        frame = np.full((1, *request.frames.shape[1:]), 200, np.uint8)
        yield AvPart((0,), frame, 0, 2)
        yield AvPart((1,), frame, 1, 2)
        yield self.run(request)


@pytest.fixture
def backend() -> Backend:
    return Backend()


@pytest.fixture
def screen(backend: Backend) -> AvScreen:
    return AvScreen(backend)


def submitted(screen: AvScreen, session: Session, clip: Path = EXAMPLES[0].file, **state: Any) -> Update:
    shown: Update = {}
    for update in screen.submit(session, screen.initial.changed(**state), clip):
        shown |= update
    return shown


def own_clip(folder: Path) -> Path:
    (folder / "own.mp4").write_bytes(clip_bytes())
    return folder / "own.mp4"


def test_submit_asks_for_what_is_set_and_shows_it(screen: AvScreen, backend: Backend, session: Session) -> None:
    chosen = {"mask": ("image",), "label": 1, "resolution": "pixels", "method": "encoder"}
    shown = submitted(screen, session, EXAMPLES[1].file, **chosen)
    (request,) = backend.requests
    assert (request.blank, request.label, request.upsample) == (frozenset({"image"}), 1, "pixels")
    assert (request.probe.target, request.probe.method, request.probe.weighted) == (None, "encoder", True)
    assert backend.uploaded[0].frames.shape[1:] == (2 * SIDE, 2 * SIDE, 3)
    assert shown["answered"]
    assert shown["notice"].text == EXAMPLES[1].notice
    assert (shown["frame"].properties["maximum"], shown["frame"].properties["value"]) == (6, 1)
    params = dict(parse_qsl(shown["link"], keep_blank_values=True))
    assert screen.state.from_query(params, screen.initial)[0] == screen.initial.changed(example=1, **chosen)


def test_films_exist_only_until_they_are_copied(screen: AvScreen, session: Session) -> None:
    *progress, last = screen.submit(session, screen.initial, EXAMPLES[0].file)
    assert not any("original" in update for update in progress)
    assert not last["original"].exists()
    for update in screen.submit(session, screen.initial, EXAMPLES[0].file):
        if "original" in update:
            assert update["original"].read_bytes() != update["reconstruction"].read_bytes()
            assert update["original"].suffix == ".mp4"


def test_the_first_frame_is_shown_before_the_rest(screen: AvScreen, session: Session) -> None:
    _, first, second, last = screen.submit(session, screen.initial, EXAMPLES[0].file)
    assert "comparison" in first
    assert "comparison" not in second
    assert "answered" not in first
    assert last["comparison"] != first["comparison"]


def test_clicks_do_not_send_the_clip_again(screen: AvScreen, backend: Backend, session: Session) -> None:
    submitted(screen, session)
    screen.select_pixel(session, screen.initial, 0.9, 0.55)
    screen.select_sample(session, screen.initial, 0.5)
    assert len(backend.uploaded) == 1
    for request in backend.requests[1:]:
        assert isinstance(request.frames, InputKey)
        assert request.frame_indices == ()


@pytest.mark.parametrize(
    ("fps", "side", "target", "frame"),
    [
        (FPS, SIDE, FramePixel(2, 3, 1), 3),
        (FPS, 2 * SIDE, FramePixel(2, 3, 1), 3),
        (2 * FPS, SIDE, FramePixel(1, 3, 1), 3),
    ],
)
def test_a_pixel_is_counted_as_the_model_reads_the_clip(
    session: Session, fps: float, side: int, target: FramePixel, frame: int
) -> None:
    frames = np.zeros((6, side, side, 3), np.uint8)
    backend = Backend(fps=fps, frames=frames, original_frames=frames)
    screen = AvScreen(backend)
    submitted(screen, session)
    # The window shows its first four frames: the third one, 7/8 down the reconstruction, 3/8 to the right.
    update = screen.select_pixel(session, screen.initial, (1 + 7 / 8) / 2, (2 + 3 / 8) / 4)
    assert backend.requests[-1].probe.target == target
    assert update["frame"] == frame
    assert f"pixel=%5B{target.frame}%2C3%2C1%5D" in update["link"]


def test_sound_and_label_are_traced_by_the_controls(screen: AvScreen, backend: Backend, session: Session) -> None:
    assert screen.select_sample(session, screen.initial, 0.5) == {}
    submitted(screen, session)
    update = screen.select_sample(session, screen.initial.changed(method="encoder", mask=("audio",)), 0.5)
    request = backend.requests[-1]
    assert (request.probe.target, request.probe.method) == (SoundAt(len(SOUND) // 2), "encoder")
    assert request.blank == frozenset()
    assert f"sample={len(SOUND) // 2}" in update["link"]
    update = screen.select_label(session, screen.initial)
    assert backend.requests[-1].probe.target is None
    assert "sample" not in update["link"]


def test_another_method_traces_the_same_output(screen: AvScreen, backend: Backend, session: Session) -> None:
    submitted(screen, session)
    screen.select_sample(session, screen.initial, 0.5)
    screen.trace(session, screen.initial.changed(method="encoder"))
    assert backend.requests[-1].probe.target == SoundAt(len(SOUND) // 2)
    assert session.get().state.method == "encoder"


def test_scale_and_frame_need_no_model(screen: AvScreen, backend: Backend, session: Session) -> None:
    shown = submitted(screen, session)
    update = screen.redraw(session, screen.initial.changed(scale="log"))
    assert "scale=log" in update["link"]
    update = screen.redraw(session, screen.initial.changed(frame=99))
    assert update["frame"] == 6
    assert update["comparison"] != shown["comparison"]
    assert len(backend.requests) == 1


def test_a_dropped_clip_is_reported(screen: AvScreen, backend: Backend, session: Session) -> None:
    submitted(screen, session)

    def drop(request: Any) -> Any:
        raise InputDropped("gone")

    backend.run = drop
    with pytest.raises(InputDropped):
        screen.select_label(session, screen.initial)


def test_stop_keeps_the_previous_result(screen: AvScreen, session: Session) -> None:
    before = submitted(screen, session)["comparison"]
    run = session.get()
    screen.wait(session, screen.initial)
    steps = screen.submit(session, screen.initial, EXAMPLES[1].file)
    next(steps)
    next(steps)
    assert screen.stop(session, screen.initial)["stop"].properties == {"interactive": False}
    (last,) = steps
    assert last["comparison"] == before
    assert "answered" not in last
    assert session.get() is run


def test_a_stop_that_comes_after_the_result_changes_nothing(screen: AvScreen, session: Session) -> None:
    shown = []
    for update in screen.submit(session, screen.initial, EXAMPLES[1].file):
        shown.append(update)
        if "answered" in update:
            screen.stop(session, screen.initial)
    assert "answered" in shown[-1]


def test_a_job_is_stopped_while_it_waits(screen: AvScreen, backend: Backend, session: Session) -> None:
    assert screen.choose_example(session, screen.initial, 2)["clip"] == EXAMPLES[2].file
    assert "notice" in screen.stop(session, screen.initial)
    (last,) = screen.submit(session, screen.initial, EXAMPLES[2].file)
    assert backend.requests == []
    assert last["stop"].properties == {"interactive": False}
    screen.wait(session, screen.initial)
    assert submitted(screen, session)["answered"]


def test_another_job_supersedes_the_running_one(screen: AvScreen, backend: Backend, session: Session) -> None:
    steps = screen.submit(session, screen.initial, EXAMPLES[0].file)
    next(steps)
    next(steps)
    screen.wait(session, screen.initial)
    assert list(steps) == []
    assert backend.requests == []


def test_an_error_while_it_runs_brings_the_frame_back(screen: AvScreen, backend: Backend, session: Session) -> None:
    before = submitted(screen, session)["comparison"]

    def fail(request: Any) -> Any:
        raise InputError("no model")

    backend.run = fail
    steps = screen.submit(session, screen.initial, EXAMPLES[1].file)
    *_, last = (next(steps) for _ in range(4))
    assert last["comparison"] == before
    with pytest.raises(InputError, match="no model"):
        next(steps)


def test_no_clip_and_no_video(screen: AvScreen, session: Session, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        list(screen.submit(session, screen.initial, None))
    (tmp_path / "clip.mp4").write_text("no clip")
    with pytest.raises(InputError):
        list(screen.submit(session, screen.initial, tmp_path / "clip.mp4"))


def test_an_own_clip_is_described_and_found_again(screen: AvScreen, session: Session, tmp_path: Path) -> None:
    clip = own_clip(tmp_path)
    shown = submitted(screen, session, clip)
    assert "64 x 48" in shown["notice"].text
    assert "example=" in shown["link"].split("&")
    (update,) = screen.open(session, {})
    assert update["clip"] == clip
    assert "original" in update
    clip.unlink()
    (update,) = screen.open(session, {})
    assert update["clip"] is None


def test_opens_with_the_first_example_for_everybody(screen: AvScreen, backend: Backend, session: Session) -> None:
    (update,) = screen.open(session, {})
    assert update["link"] == ""
    (another,) = screen.open(session.store.session("another", "page"), {})
    assert another["original"] == update["original"]
    assert update["original"].exists()
    assert len(backend.requests) == 1


def test_opens_a_link(screen: AvScreen, backend: Backend, session: Session) -> None:
    params = {"example": "1", "pixel": "[2,3,1]", "frame": "3", "mask": '["audio"]', "method": "encoder"}
    first, *_, last = screen.open(session, params)
    assert first["clip"] == EXAMPLES[1].file
    assert first["mask"] == ["audio"]
    request = backend.requests[-1]
    assert (request.blank, request.probe.target) == (frozenset({"audio"}), FramePixel(2, 3, 1))
    assert last["frame"].properties["value"] == 3
    assert "original" in last


def test_a_link_that_does_not_fit_the_clip_or_the_model(screen: AvScreen, backend: Backend, session: Session) -> None:
    *_, last = screen.open(session, {"pixel": "[2,99,1]", "frame": "500", "label": "7", "resolution": "none"})
    assert backend.requests[-1].probe.target is None
    state = session.get().state
    assert (state.pixel, state.frame, state.label, state.resolution) == (None, 6, None, "native")
    assert last["notice"].level == "alert"


def test_a_link_of_an_own_clip_shows_an_example(screen: AvScreen, session: Session) -> None:
    *_, last = screen.open(session, {"example": "", "sample": "5", "mask": '["image"]'})
    state = session.get().state
    assert (state.example, state.sample, state.mask) == (0, None, ("image",))
    assert last["notice"].level == "alert"


def test_the_published_model_takes_no_label(screen: AvScreen, backend: Backend, session: Session) -> None:
    state = screen.initial.changed(label=1)
    assert screen.choose_weights(session, state)["label"].properties["value"] == 1
    label = screen.choose_weights(session, state.changed(weights="published"))["label"].properties
    assert (label["value"], label["interactive"], len(label["choices"])) == ("", False, 1)
    submitted(screen, session, label=1, weights="published")
    assert backend.requests[-1].label is None


def test_what_is_saved(screen: AvScreen, session: Session, tmp_path: Path) -> None:
    submitted(screen, session)
    clip, attention = (
        screen.files(session, screen.initial, offer) for offer in (screen.clip_files, screen.attention_files)
    )
    assert clip is not None
    assert attention is not None
    assert set(clip.write) == {"html", "png", "svg", "npz", "mp4", "wav", "flac", "ogg"}
    clip.write["wav"](tmp_path / "sound.wav")
    assert (tmp_path / "sound.wav").stat().st_size == 44 + 2 * len(SOUND)
    assert set(attention.write) == {"html", "png", "svg", "npz"}


def test_a_program_gets_film_and_result(screen: AvScreen) -> None:
    result = as_json(screen.call(screen.initial.changed(sample=5), EXAMPLES[0].file))
    assert b64decode(result.pop("mp4"))[4:8] == b"ftyp"
    assert set(result) == {
        "labels", "windows", "fps", "sample_rate", "psnr_db", "ssim", "snr_db", "numbers", "latent_numbers",
        "attention", "trace", "run",
    }  # fmt: skip
    assert result["trace"]["modality"] == "audio"
