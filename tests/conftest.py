"""What all tests share: the same random numbers every time, a bare environment, and no network but this machine's."""

import os
import socket
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("seeded", derandomize=True, deadline=None, database=None)
settings.load_profile("seeded")

# Tests run side by side: with a thread for every core, they would mostly wait for one another. numpy and torch read
# this when they are imported, which is why nothing here imports them, nor does the process that hands out the tests.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", OPENCV_FOR_THREADS_NUM="1")

_SETTINGS = ("PERCEIVER_", "GRADIO_SERVER_", "GRADIO_NUM_", "GRADIO_DEFAULT_", "SPACE_", "SPACES_")


@pytest.fixture(autouse=True)
def _seed() -> None:
    import torch

    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have the app's settings in their environment; the tests bring their own."""
    for name in [name for name in os.environ if name.startswith(_SETTINGS)]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that reached out would pass or fail by the weather."""
    connect = socket.socket.connect

    def connect_here(self: socket.socket, address):
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test reached out to {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_here)


@pytest.fixture
def service() -> Any:
    """A `LocalBackend` that runs every task on the CPU, with tiny random models."""
    from models.backend.local import LocalBackend
    from models.backend.settings import Settings
    from tests.tiny_models import load_tiny

    return LocalBackend(Settings(device="cpu"), load_tiny)
