"""What all tests share: the same random numbers every time, a bare environment, and no network but this machine's."""

import os
import socket

import pytest
import torch
from hypothesis import settings

from models.backend.local import LocalBackend
from models.backend.settings import Settings
from tests.tiny_models import load_tiny

settings.register_profile("seeded", derandomize=True, deadline=None, database=None)
settings.load_profile("seeded")

# Tests run side by side: with a thread for every core, they would mostly wait for one another.
torch.set_num_threads(1)

_SETTINGS = ("PERCEIVER_", "GRADIO_SERVER_", "SPACE_", "SPACES_")


@pytest.fixture(autouse=True)
def _seed() -> None:
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
def service() -> LocalBackend:
    """Runs every task on the CPU, with tiny random models."""
    return LocalBackend(Settings(device="cpu"), load_tiny)
