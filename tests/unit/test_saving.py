"""A file is written for whom asks for it, and is gone once it was handed over."""

from pathlib import Path

import gradio as gr
import numpy as np
import pytest

from components.plots.plot import Plot, start_plot
from models.schema import InputError
from pages.saving import Files, figure_files, file_writer


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(gr, "Warning", said.append)
    return said


def test_a_file_has_the_name_and_the_content_that_were_asked_for(warnings: list[str]) -> None:
    def files_of(word: str, times: int) -> Files:
        return Files("words", {"txt": lambda file: file.write_text(word * times), "bin": lambda file: 1 / 0})

    handed_over = file_writer(files_of, "txt")("ab", 3)
    path = Path(next(handed_over) or "")
    assert (path.name, path.read_text()) == ("words.txt", "ababab")
    assert list(handed_over) == []
    assert not path.exists()
    assert not path.parent.exists()
    assert warnings == []


def test_only_the_kind_that_is_asked_for_is_drawn() -> None:
    drawn: list[str] = []

    def panel() -> Plot:
        drawn.append("figure")
        plot = start_plot("Title", "", [], "What is seen")
        plot.arrays["values"] = np.arange(3)
        return plot

    files = figure_files(panel, "figure", txt=lambda file: file.write_text("text"))
    for _ in file_writer(lambda: files, "txt")():
        assert drawn == []
    for path in file_writer(lambda: files, "npz")():
        with np.load(path or "") as arrays:
            np.testing.assert_array_equal(arrays["values"], np.arange(3))
    assert drawn == ["figure"]
    assert list(files.write) == ["png", "svg", "npz", "txt"]


@pytest.mark.parametrize(
    ("files_of", "said"),
    [
        (lambda: None, "There is nothing to save yet."),
        (lambda: Files("gone", {"txt": lambda file: refuse()}), "It is gone."),
    ],
    ids=["nothing", "gone"],
)
def test_what_cannot_be_saved_is_said(warnings: list[str], files_of, said: str) -> None:
    assert list(file_writer(files_of, "txt")()) == [None]
    assert warnings == [said]


def refuse() -> None:
    raise InputError("It is gone.")
