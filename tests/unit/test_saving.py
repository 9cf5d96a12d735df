"""A file is written when it is requested, and is gone once it was handed over."""

from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest

from components.plots.plot import Plot, start_plot
from models.schema import InputError
from pages.gradio_ui.saving import file_writer
from pages.screen import Files

ANY: Any = None


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    shown: list[str] = []
    monkeypatch.setattr(gr, "Warning", shown.append)
    return shown


def test_a_file_has_the_requested_name_and_content(warnings: list[str]) -> None:
    def files(session: Any, state: str) -> Files:
        return Files("words", {"txt": lambda file: file.write_text(state * 3), "bin": lambda file: 1 / 0})

    handed_over = file_writer(files)("txt", ANY, "ab")
    path = Path(next(handed_over) or "")
    assert (path.name, path.read_text()) == ("words.txt", "ababab")
    assert list(handed_over) == []
    assert not path.exists()
    assert not path.parent.exists()
    assert warnings == []


def test_only_the_requested_kind_is_drawn() -> None:
    drawn: list[str] = []

    def draw() -> Plot:
        drawn.append("plot")
        plot = start_plot("Title", "", [], "What is seen")
        plot.arrays["values"] = np.arange(3)
        return plot

    files = Files.of_plot(draw, "plot", txt=lambda file: file.write_text("text"))
    write = file_writer(lambda session, state: files)
    for _ in write("txt", ANY, ANY):
        assert drawn == []
    for path in write("npz", ANY, ANY):
        with np.load(path or "") as arrays:
            np.testing.assert_array_equal(arrays["values"], np.arange(3))
    assert drawn == ["plot"]
    assert list(files.write) == ["png", "svg", "npz", "txt"]


def refuse(file: Path) -> None:
    raise InputError("It is gone.")


@pytest.mark.parametrize("files", [None, Files("gone", {"txt": refuse})], ids=["nothing", "gone"])
def test_what_cannot_be_saved_is_a_warning(warnings: list[str], files: Files | None) -> None:
    assert list(file_writer(lambda session, state: files)("txt", ANY, ANY)) == [None]
    assert len(warnings) == 1
