"""The app in this process, served as a visitor or a program reaches it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from app import create_app, launch_options
from models.backend.local import LocalBackend
from models.backend.protocol import Backend
from models.backend.settings import Settings
from models.perceiver.checkpoints import Checkpoint, load_checkpoint
from models.schema import CheckpointUnavailable
from pages.gradio_ui.pages import PAGES
from pages.gradio_ui.shell import Page

WARM_UP_SECONDS = 60
SETTINGS = Settings(device="cpu", weights="embedded", port=0)


def load_embedded_only(checkpoint: Checkpoint, *options: Any) -> Any:
    """The real loader, on a machine without a network."""
    if checkpoint.weights == "published":
        raise CheckpointUnavailable(f"{checkpoint.name}: it is not on this machine and could not be downloaded.")
    return load_checkpoint(checkpoint, *options)


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Of the app, with a slash at the end."""
    with serving(LocalBackend(SETTINGS, load_embedded_only)) as url:
        yield url


@contextmanager
def serving(backend: Backend, pages: Sequence[Page] = PAGES) -> Iterator[str]:
    """Address of the app over a backend, with a slash at the end."""
    app = create_app(backend, pages)
    options = launch_options(SETTINGS) | {"server_port": None}
    _, url, _ = app.launch(**options, prevent_thread_lock=True, quiet=True, _frontend=False)
    httpx.get(f"{url}config", timeout=WARM_UP_SECONDS).raise_for_status()  # the first time, Gradio prepares it
    yield url
    app.close()
