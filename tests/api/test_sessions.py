"""Many visitors at once: what the server keeps of each."""

import tracemalloc
from collections.abc import Sequence
from functools import partial

import httpx

from app import create_app
from tests.fake_backend import FakeBackend


def call(address: str, endpoint: str, data: Sequence[object]) -> str:
    """The events of a call by a program, which is a session of its own."""
    url = f"{address}gradio_api/call/{endpoint}"
    event = httpx.post(url, json={"data": [*data]}).raise_for_status().json()["event_id"]
    return httpx.get(f"{url}/{event}", timeout=60).raise_for_status().text


def test_a_session_leaves_little_behind(address: str) -> None:
    parameters = httpx.get(f"{address}gradio_api/info").json()["named_endpoints"]["/cost"]["parameters"]
    data = [each["parameter_default"] if each["parameter_has_default"] else 1024 for each in parameters]
    for _ in range(3):
        call(address, "cost", data)
    tracemalloc.start()
    try:
        for _ in range(20):
            assert "event: complete" in call(address, "cost", data)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept / 20 < 100_000  # a copy of every component would take 1 MB


def test_the_configuration_of_the_pages_holds_no_events() -> None:
    """Gradio copies it for each visitor, and with an event all pages and their backend."""
    components = create_app(FakeBackend({})).get_config_file()["components"]
    assert not [name for each in components for name, value in each["props"].items() if isinstance(value, partial)]
