"""The app in this process, served as a visitor or a program reaches it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any

import pytest

from app import create_app, launch_options
from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.perceiver.checkpoints import Checkpoint, load_checkpoint
from models.schema import CheckpointUnavailable
from pages.gradio_ui.pages import PAGES

Serve = Callable[[str | None], str]


def load_embedded_only(checkpoint: Checkpoint, *options: Any) -> Any:
    """The real loader, on a machine without a network."""
    if checkpoint.weights == "published":
        raise CheckpointUnavailable(f"{checkpoint.name}: it is not on this machine and could not be downloaded.")
    return load_checkpoint(checkpoint, *options)


@pytest.fixture(scope="session")
def serve() -> Iterator[Serve]:
    """serve(name) -> address of the app with that page only, which opens in half the time; None: with all pages."""
    settings = Settings(device="cpu", weights="embedded", port=0)
    backend = LocalBackend(settings, load_embedded_only)
    options = launch_options(settings) | {"server_port": None}
    with ExitStack() as running:

        @cache
        def started(name: str | None) -> str:
            app = create_app(backend, [page for page in PAGES if name in (None, page.name)])
            _, url, _ = app.launch(**options, prevent_thread_lock=True, quiet=True)
            running.callback(app.close)
            return url

        yield started
