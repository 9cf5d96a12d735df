"""Saves what is on the page: a file is written when a visitor asks for it."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import gradio as gr

from pages.binding import format_error
from pages.screen import AnyScreen, Offer
from pages.session import Session
from pages.state import State


def file_writer(screen: AnyScreen, offer: Offer) -> Callable[[str, Session, State], Iterator[str | None]]:
    """Yields the path of a file that exists until the generator goes on."""

    def write(kind: str, session: Session, state: State) -> Iterator[str | None]:
        try:
            files = screen.files(session, state, offer)
            with tempfile.TemporaryDirectory(prefix="perceiver-") as folder:
                yield str(
                    files.write_to(kind, Path(folder))
                )  # Gradio copies it into a cache of its own before it goes on
        except Exception as error:  # the last place before the visitor
            gr.Warning(format_error(error))
            yield None

    return write
