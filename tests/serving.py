"""The app in this process, served as a visitor or a program reaches it."""

from collections.abc import Iterator
from typing import Any

import pytest

from app import create_app, launch_options
from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.perceiver.checkpoints import Checkpoint, load_checkpoint
from models.schema import CheckpointUnavailable


def load_embedded_only(checkpoint: Checkpoint, *options: Any) -> Any:
    """The real loader, on a machine without a network."""
    if checkpoint.weights == "published":
        raise CheckpointUnavailable(f"{checkpoint.name}: it is not on this machine and could not be downloaded.")
    return load_checkpoint(checkpoint, *options)


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Of the app, with a slash at the end."""
    settings = Settings(device="cpu", weights="embedded", port=0)
    app = create_app(LocalBackend(settings, load_embedded_only))
    options = launch_options(settings) | {"server_port": None}
    _, url, _ = app.launch(**options, prevent_thread_lock=True, quiet=True)
    yield url
    app.close()
