"""Saving what is on a page: a file is written when a visitor asks for it, of what is shown by then."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from components.plots.plot import Plot, save_plot
from models.schema import InputError
from pages.page import QUIET, in_words

Write = Callable[[Path], object]
FIGURE = ("PNG", "SVG", "NPZ")
"""The kinds of files that a figure is saved as."""
NOTHING_YET = "There is nothing to save yet."
SAVES: dict[str, Any] = {"concurrency_id": "save", "concurrency_limit": 1}
"""Events that write files: one at a time, whoever asks."""
DOWNLOAD = """(file) => {
  if (!file) return;
  const link = document.createElement('a');
  link.href = file.url;
  link.download = file.orig_name;
  link.click();
}"""
"""Client-side: the browser saves the file."""


@dataclass(frozen=True, slots=True)
class Files:
    """What can be saved. stem: the files' name. write: what writes each kind, by its ending."""

    stem: str
    write: Mapping[str, Write]


def figure_files(panel: Callable[[], Plot], stem: str, **more: Write) -> Files:
    """A figure, drawn once it is asked for, in each of its kinds; and `more`."""
    figure = {kind.lower(): lambda file: save_plot(panel(), file) for kind in FIGURE}
    return Files(stem, figure | more)


@dataclass(frozen=True, slots=True)
class SaveButtons:
    """A button for each kind of file. on_its_way: of each the file on its way to the browser, unseen."""

    buttons: Mapping[str, gr.Button]
    on_its_way: Mapping[str, gr.DownloadButton]

    def save(self, files_of: Callable[..., Files | None], shown: Sequence[gr.components.Component]) -> None:
        """Makes them save. files_of: the values of `shown` -> what can be saved of that, or None."""
        for kind, button in self.buttons.items():
            file = self.on_its_way[kind]
            asked = button.click(file_writer(files_of, kind), list(shown), file, **SAVES, **QUIET)
            asked.then(None, file, js=DOWNLOAD, **QUIET)


def save_buttons(page: str, kinds: Sequence[str] = FIGURE) -> SaveButtons:
    """In a row. page: its name, for ids that no other page has."""
    with gr.Row():
        buttons = {
            kind.lower(): gr.Button(f"Save {kind}", size="sm", elem_id=f"{page}-save-{kind.lower()}", min_width=90)
            for kind in kinds
        }
    return SaveButtons(buttons, {kind: gr.DownloadButton(visible="hidden") for kind in buttons})


def file_writer(files_of: Callable[..., Files | None], kind: str) -> Callable[..., Iterator[str | None]]:
    """The handler of a click: what it yields is the path of a file that is there until it is asked for more."""

    def write(*shown: Any) -> Iterator[str | None]:
        try:
            files = files_of(*shown)
            if files is None:
                raise InputError(NOTHING_YET)
            with tempfile.TemporaryDirectory(prefix="perceiver-") as folder:
                file = Path(folder, f"{files.stem}.{kind}")
                files.write[kind](file)
                yield str(file)  # Gradio copies it before it goes on, into a cache that it empties
        except Exception as error:  # the last place before the visitor
            gr.Warning(in_words(error))
            yield None

    return write
