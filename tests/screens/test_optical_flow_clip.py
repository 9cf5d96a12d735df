"""What a visitor does with a clip on the page of optical flow, with a backend that has no model."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models.data.media import frame_pairs
from models.data.media.frame_pairs import FramePair
from models.data.media.reading import open_clip
from models.data.media.writing import write_clip
from models.schema import InputError, OpticalFlowRequest
from pages.optical_flow import clip as clips
from pages.optical_flow.clip import ClipActions
from pages.optical_flow.screen import OpticalFlowScreen, OpticalFlowState
from pages.session import Session
from tests.clip_files import number_of, numbered
from tests.fake_backend import FakeBackend
from tests.screens.test_optical_flow import answer


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend({OpticalFlowRequest: answer})


@pytest.fixture
def actions(backend: FakeBackend) -> ClipActions:
    return ClipActions(OpticalFlowScreen(backend))


@pytest.fixture
def state() -> OpticalFlowState:
    return OpticalFlowState(baseline="none")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Eight frames, each with its number in it."""
    write_clip(tmp_path / "clip.mp4", map(numbered, range(8)), 4)
    return tmp_path / "clip.mp4"


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where temporary files are."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(clips.tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path / "temporary"


def film_of(actions: ClipActions, session: Session, state: OpticalFlowState, start: int, distance: int) -> Any:
    """Properties of the film and what it is about; the texts of the progress."""
    actions.queue_film(session, state)
    film, texts = None, []
    for update in actions.make_film(session, state, start, distance):
        texts += [update["clip_notice"].text] if "clip_notice" in update else []
        if "film" in update:
            film = open_clip(Path(update["film"].properties["value"]))
    return film, texts


def test_a_clip_opens_with_its_first_two_frames(actions, session, state, file) -> None:
    update = actions.open(session, state, file)
    assert [number_of(np.asarray(update[name])) for name in ("first", "second")] == [0, 1]
    assert update["truth"] is None
    assert update["answered"]
    assert (update["start"].properties["maximum"], update["distance"].properties["maximum"]) == (7, 7)
    assert session.get().state.example is None


@pytest.mark.parametrize(
    ("start", "distance", "taken"), [(1, 1, (0, 1)), (3, 2, (2, 4)), (7, 1, (6, 7)), (7, 3, (4, 7)), (5, 10, (0, 7))]
)
def test_a_pair_is_as_far_apart_as_the_control_says(actions, session, state, file, start, distance, taken) -> None:
    actions.open(session, state, file)
    update = actions.pick(session, state, start, distance)
    assert tuple(number_of(np.asarray(update[name])) for name in ("first", "second")) == taken
    assert update["start"].properties["value"] == taken[0] + 1


@pytest.mark.parametrize(("start", "distance"), [(None, 1), (1, None)])
def test_an_emptied_control_changes_nothing(actions, session, state, file, start, distance) -> None:
    assert actions.pick(session, state, 1, 1) == {}
    actions.open(session, state, file)
    assert actions.pick(session, state, start, distance) == {}


def test_a_clip_that_is_gone_changes_nothing(actions, session, state, file) -> None:
    actions.open(session, state, file)
    run = session.get()
    file.unlink()
    with pytest.raises(InputError):
        actions.pick(session, state, 3, 1)
    assert session.get() is run


def test_clips_without_motion_are_refused(actions, session, state, tmp_path) -> None:
    write_clip(tmp_path / "one.mp4", [numbered(0)], 4)
    (tmp_path / "text.mp4").write_text("not a clip")
    for file in (None, tmp_path / "one.mp4", tmp_path / "text.mp4"):
        with pytest.raises(InputError):
            actions.open(session, state, file)
    assert session.get("pair") is None


def test_the_sample_has_25_frames(actions, session, state) -> None:
    actions.open_sample(session, state)
    assert session.get("pair").clip.frames == 25


def test_the_film_has_a_frame_for_each_pair_and_leaves_no_file(actions, session, state, file, folder, backend) -> None:
    actions.open(session, state, file)
    backend.requests.clear()
    film, texts = film_of(actions, session, state, 2, 2)
    assert (film.frames, film.width, film.height, film.fps) == (5, 2 * 64, 48, pytest.approx(4))
    pairs = [(number_of(np.asarray(each.first)), number_of(np.asarray(each.second))) for each in backend.requests]
    assert pairs == [(at, at + 2) for at in range(1, 6)]
    assert ["2 of 5" in text or "4 of 5" in text for text in texts].count(True) == 1
    assert list(folder.iterdir()) == []


def test_a_film_has_a_largest_number_of_pairs(actions, session, state, file, monkeypatch) -> None:
    monkeypatch.setattr(frame_pairs, "MAX_PAIRS", 3)
    actions.open(session, state, file)
    assert film_of(actions, session, state, 1, 1)[0].frames == 3


@pytest.mark.parametrize(("start", "distance"), [(8, 1), (7, 2)])
def test_a_film_without_pairs_is_refused_and_can_be_made_again(actions, session, state, file, start, distance) -> None:
    actions.open(session, state, file)
    actions.queue_film(session, state)
    film = actions.make_film(session, state, start, distance)
    assert next(film)["make_film"].properties["interactive"]
    with pytest.raises(InputError):
        next(film)


def test_a_film_that_is_stopped_shows_what_there_is(actions, session, state, file, backend) -> None:
    actions.open(session, state, file)
    actions.queue_film(session, state)
    film = actions.make_film(session, state, 1, 1)
    before = len(backend.requests)
    while len(backend.requests) < before + 3:
        next(film)
    actions.stop_film(session, state)
    shown: dict[str, Any] = {}
    for update in film:
        shown |= update
        if "film" in update:
            assert open_clip(Path(update["film"].properties["value"])).frames == 6  # a call was under way
    assert "film" in shown
    assert shown["make_film"].properties["interactive"]


def test_another_clip_ends_the_film_of_the_one_before(actions, session, state, file, backend) -> None:
    actions.open(session, state, file)
    actions.queue_film(session, state)
    film = actions.make_film(session, state, 1, 1)
    next(film)
    actions.open(session, state, file)
    assert all("make_film" not in update and "film" not in update for update in film)
    assert session.get("film") is None


def test_a_film_that_was_never_queued_is_not_made(actions, session, state, file) -> None:
    actions.open(session, state, file)
    assert list(actions.make_film(session, state, 1, 1)) == []


def test_clip_and_film_are_there_when_the_visitor_comes_back(actions, session, state, file, folder) -> None:
    assert list(actions.restore(session, state)) == []
    actions.open(session, state, file)
    actions.pick(session, state, 3, 2)
    film_of(actions, session, state, 1, 1)
    updates = actions.restore(session, state)
    controls = next(updates)
    assert (controls["start"].properties["value"], controls["distance"].properties["value"]) == (3, 2)
    assert open_clip(Path(next(updates)["film"].properties["value"])).frames == 7
    updates.close()
    assert list(folder.iterdir()) == []
    actions.clear_film(session, state)
    assert len(list(actions.restore(session, state))) == 1


def test_frames_of_a_large_clip_are_reduced(tmp_path) -> None:
    write_clip(tmp_path / "wide.mp4", [np.zeros((40, 2000, 3), np.uint8)] * 2, 5)
    one, other = FramePair(open_clip(tmp_path / "wide.mp4")).images()
    assert one.size == other.size == (960, 19)
    assert isinstance(one, Image.Image)
