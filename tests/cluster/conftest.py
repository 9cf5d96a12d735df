"""A Ray cluster on this machine with two replicas of the demo models, and a local backend with the same models."""

import os
import secrets
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import ray
from ray import serve

from models.backend.local import LocalBackend
from models.backend.ray import RayBackend
from models.backend.settings import Settings
from models.perceiver.ar import PerceiverAr
from models.perceiver.checkpoints import Checkpoint, load_checkpoint
from serving.ray.app import Models

TOKEN = secrets.token_hex()
SETTINGS = Settings.model_validate({"device": "cpu", "ray_token": TOKEN})


class CountingTransport(httpx.HTTPTransport):
    """Counts the bytes that it sends."""

    sent = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent += len(request.content)
        return super().handle_request(request)


@dataclass(frozen=True, slots=True)
class Cluster:
    """address: of its application. reads: a file for each replica, named after its process, one byte per read input.

    processes: all that were started for it.
    """

    address: str
    reads: Path
    processes: list[psutil.Process]

    def backend(self, token: str = TOKEN, transport: httpx.BaseTransport | None = None) -> RayBackend:
        settings = Settings.model_validate({"backend": "ray", "ray_address": self.address, "ray_token": token})
        return RayBackend(settings, transport)

    def counts(self) -> dict[int, int]:
        """Process id of each replica that has read inputs -> how many."""
        return {int(file.name): file.stat().st_size for file in self.reads.iterdir()}

    def close(self) -> None:
        if ray.is_initialized():
            serve.shutdown()
            ray.shutdown()


@pytest.fixture(scope="module")
def local() -> LocalBackend:
    backend = LocalBackend(SETTINGS)
    backend.warm_up()  # as replicas do
    return backend


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    reads, before = tmp_path_factory.mktemp("reads"), set(psutil.Process().children())
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=128 * 2**20)
    cluster = Cluster(f"http://127.0.0.1:{port}", reads, [])
    try:
        serve.start(http_options={"port": port})
        app = Models.options(num_replicas=2, graceful_shutdown_timeout_s=1).bind(SETTINGS, partial(load_watched, reads))
        serve.run(app, name="perceiver")
        started = set(psutil.Process().children()) - before
        cluster.processes.extend(each for process in started for each in (process, *process.children(recursive=True)))
        yield cluster
    finally:
        cluster.close()


def load_watched(reads: Path, checkpoint: Checkpoint, *options: Any) -> Any:
    """`load_checkpoint`, of a model that writes a byte whenever it reads inputs."""
    model = load_checkpoint(checkpoint, *options)
    reader = model.token_embedding if isinstance(model, PerceiverAr) else model.perceiver.input_preprocessor

    def note(*_: Any) -> None:
        with (reads / str(os.getpid())).open("ab") as file:
            file.write(b".")

    reader.register_forward_hook(note)
    return model
