"""Buttons that save what is on the page: a file is written when a visitor asks for it."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from models.schema import InputError
from pages.gradio_ui.bind import Binding, format_error
from pages.screen import NOTHING_TO_SAVE, PNG_SVG_NPZ, Files
from pages.session import Session
from pages.state import State

Offer = Callable[[Session, Any], Files | None]
"""(session, state) -> the files that a visitor can save."""
SaveButtons = dict[str, tuple[gr.Button, gr.DownloadButton]]
"""For each kind of file a button, and the file on its way to the browser, which is not visible."""


def save_buttons(page: str, kinds: Sequence[str] = PNG_SVG_NPZ) -> SaveButtons:
    """A row of buttons. page: its name, or another prefix of their ids."""
    with gr.Row():
        return {
            kind: (
                gr.Button(f"Save {kind.upper()}", size="sm", elem_id=f"{page}-save-{kind}", min_width=90),
                gr.DownloadButton(visible="hidden"),
            )
            for kind in kinds
        }


def save(binding: Binding, buttons: SaveButtons, files: Offer) -> None:
    """Makes the buttons save what files(session, state) offers."""
    binding.save(buttons, file_writer(files))


def file_writer(files: Offer) -> Callable[..., Iterator[str | None]]:
    """Yields the path of a file that exists until the generator goes on."""

    def write(kind: str, session: Session, state: State) -> Iterator[str | None]:
        try:
            found = files(session, state)
            if found is None:
                raise InputError(NOTHING_TO_SAVE)
            with tempfile.TemporaryDirectory(prefix="perceiver-") as folder:
                file = Path(folder, f"{found.stem}.{kind}")
                found.write[kind](file)
                yield str(file)  # Gradio copies it into a cache of its own before it goes on
        except Exception as error:  # the last place before the visitor
            gr.Warning(format_error(error))
            yield None

    return write
