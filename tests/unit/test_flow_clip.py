"""What the events of a clip do: which frames they take, what they say, and what they leave alone."""

from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest

from models.data.media.reading import open_clip
from models.data.media.writing import write_clip
from pages import flow_clip
from pages.flow_clip import ClipHandlers, Film, Opened, pair_of
from pages.flow_handlers import Answer, Handlers
from tests.clip_files import number_of, numbered

SETTINGS = ("embedded", "", "encoder", "linear")


@pytest.fixture
def handlers(service) -> ClipHandlers:
    return ClipHandlers(service, Handlers(service))


@pytest.fixture
def clip(tmp_path):
    write_clip(tmp_path / "clip.mp4", map(numbered, range(8)), 4)
    return open_clip(tmp_path / "clip.mp4")


def parts(updates: tuple[Any, ...]) -> tuple[Opened, Answer]:
    count = len(Opened._fields)
    return Opened._make(updates[:count]), Answer._make(updates[count:])


def untouched(update: Any) -> bool:
    return update == gr.skip()


@pytest.mark.parametrize(
    ("pair", "apart", "taken"), [(1, 1, (0, 1)), (3, 2, (2, 4)), (7, 1, (6, 7)), (7, 3, (4, 7)), (5, 10, (0, 7))]
)
def test_a_pair_is_as_far_apart_as_the_control_says(handlers, clip, pair, apart, taken):
    opened, answer = parts(handlers.pick(clip, pair, apart, *SETTINGS))
    assert (number_of(np.asarray(opened.first)), number_of(np.asarray(opened.second))) == taken
    assert f"Frames {taken[0] + 1} and {taken[1] + 1} of 8" in opened.told
    assert opened.pair == taken[0] + 1
    assert answer.notice == ""
    assert not untouched(answer.motion)


@pytest.mark.parametrize(("pair", "apart"), [(None, 1), (1, None)])
def test_an_emptied_control_changes_nothing(handlers, clip, pair, apart):
    assert all(map(untouched, handlers.pick(clip, pair, apart, *SETTINGS)))


def test_without_a_clip_nothing_changes(handlers):
    assert all(map(untouched, handlers.pick(None, 1, 1, *SETTINGS)))


def test_a_clip_that_has_gone_changes_nothing_but_what_is_said(handlers, clip, tmp_path):
    (tmp_path / "clip.mp4").unlink()
    opened, answer = parts(handlers.pick(clip, 1, 1, *SETTINGS))
    assert "no longer kept here" in opened.told
    assert all(map(untouched, (*opened[1:], *answer)))


def test_a_file_that_was_not_uploaded_is_not_read(handlers, tmp_path, clip):
    opened, answer = parts(handlers.open({"path": str(tmp_path / "clip.mp4")}, *SETTINGS))
    assert "Only a file that was uploaded here" in opened.told
    assert all(map(untouched, (*opened[1:], *answer)))


def test_the_film_has_a_frame_for_each_pair_and_leaves_no_file(handlers, clip, monkeypatch, tmp_path):
    monkeypatch.setattr(flow_clip.tempfile, "tempdir", str(tmp_path / "temp"))
    (tmp_path / "temp").mkdir()
    told, film = [], None
    for updates in handlers.film(clip, 2, 2, "embedded"):
        step = Film._make(updates)
        told.append(step.told)
        if not untouched(step.video):
            film = open_clip(Path(step.video["value"]))
    assert film is not None
    assert (film.frames, film.width, film.height) == (5, 2 * 64, 48)
    assert film.fps == pytest.approx(4)
    assert "Pair 1 of 5" in told[1]
    assert "Pair 4 of 5, about" in told[2]
    assert "Done: 5 pairs." in told[3]
    assert list((tmp_path / "temp").iterdir()) == []


def test_a_film_is_no_longer_than_may_be(handlers, clip, monkeypatch):
    monkeypatch.setattr(flow_clip, "MOST_PAIRS", 3)
    told = [Film._make(updates).told for updates in handlers.film(clip, 1, 1, "embedded")]
    assert "Done: 3 pairs, the first of 7." in told[-2]


def test_a_film_that_is_stopped_leaves_no_file(handlers, clip, monkeypatch, tmp_path):
    monkeypatch.setattr(flow_clip.tempfile, "tempdir", str(tmp_path / "temp"))
    (tmp_path / "temp").mkdir()
    film = handlers.film(clip, 1, 1, "embedded")
    while untouched(Film._make(next(film)).video):
        pass
    film.close()
    assert list((tmp_path / "temp").iterdir()) == []


@pytest.mark.parametrize(("pair", "apart"), [(8, 1), (7, 2)])
def test_a_film_of_no_pairs_is_refused(handlers, clip, pair, apart):
    (step,) = (Film._make(updates) for updates in handlers.film(clip, pair, apart, "embedded"))
    assert "no two frames so far apart" in step.told
    assert step.ask == gr.update(interactive=True)


def test_two_frames_of_a_large_clip_are_shrunk(tmp_path):
    write_clip(tmp_path / "wide.mp4", [np.zeros((40, 2000, 3), np.uint8)] * 2, 5)
    one, other = pair_of(open_clip(tmp_path / "wide.mp4"), 0, 1)
    assert one.size == other.size == (960, 19)
