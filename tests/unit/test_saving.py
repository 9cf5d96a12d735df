"""A file is written when it is requested, and is gone once it was handed over."""

import json
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest

from components.plots.plot import Plot, start_plot
from models.schema import InputError
from pages.gradio_ui.saving import file_writer
from pages.screen import Files, Screen
from pages.session import Session, SessionStore
from pages.state import ModelState

ANY: Any = None
SCREEN: Screen[Any, Any] = Screen(ANY)


@pytest.fixture
def session() -> Session:
    """With a run, which is a word."""
    session = SessionStore().session("visitor", "page")
    session.put("ab")
    return session


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    shown: list[str] = []
    monkeypatch.setattr(gr, "Warning", shown.append)
    return shown


def test_a_file_has_the_requested_name_and_content(session: Session, warnings: list[str]) -> None:
    def files(run: str, state: Any) -> Files:
        return Files("words", {"txt": lambda file: file.write_text(run * 3), "bin": lambda file: 1 / 0})

    handed_over = file_writer(SCREEN, files)("txt", session, ANY)
    path = Path(next(handed_over) or "")
    assert (path.name, path.read_text()) == ("words.txt", "ababab")
    assert list(handed_over) == []
    assert not path.exists()
    assert not path.parent.exists()
    assert warnings == []


def test_only_the_requested_kind_is_drawn(session: Session) -> None:
    drawn: list[str] = []

    def draw() -> Plot:
        drawn.append("plot")
        plot = start_plot("Title", "", [], "What is seen")
        plot.arrays["values"] = np.arange(3)
        return plot

    files = Files.of_plot(draw, "plot", ModelState(), txt=lambda file: file.write_text("text"))
    write = file_writer(SCREEN, lambda run, state: files)
    for _ in write("txt", session, ANY):
        assert drawn == []
    for path in write("npz", session, ANY):
        with np.load(path or "") as arrays:
            np.testing.assert_array_equal(arrays["values"], np.arange(3))
            assert json.loads(str(arrays["settings"])) == ModelState().model_dump()
    assert drawn == ["plot"]
    assert list(files.write) == ["png", "svg", "npz", "txt"]


def refuse(file: Path) -> None:
    raise InputError("It is gone.")


@pytest.mark.parametrize("files", [None, Files("gone", {"txt": refuse})], ids=["nothing", "gone"])
def test_what_cannot_be_saved_is_a_warning(session: Session, warnings: list[str], files: Files | None) -> None:
    assert list(file_writer(SCREEN, lambda run, state: files)("txt", session, ANY)) == [None]
    assert len(warnings) == 1
