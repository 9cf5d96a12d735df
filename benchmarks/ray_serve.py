"""Throughput and latency of the local backend and of a Ray Serve cluster with one and two replicas, in one run.

python -m benchmarks.ray_serve [--seconds 10]

Prints a table and, as its last line, the same as JSON. Clients ask about the sentiment of short texts with attention:
a new text, and then two more questions about it, which use its latents if they are cached. Every client waits for its
answer before it asks again. Replicas and the local backend have one thread each, so that two replicas are compared
with one, not with more threads of one; all of them and the clients share the cores of this machine. Before the timing,
the run checks that the cluster returns the same probabilities as the local backend. CPU is the time that all processes
take for a request, clients and Ray included: unlike the rest, it hardly depends on what else the machine does.
"""

import argparse
import itertools
import json
import os
import platform
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# Before Ray and torch are imported, which read them.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("PYTHONPATH", str(Path(__file__).parents[1]))  # of the replicas
os.environ.setdefault("RAY_AUTH_MODE", "token")
os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex())
os.environ.setdefault("RAY_SERVE_LOG_TO_STDERR", "0")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

import numpy as np
import psutil
import ray
import torch
from ray import serve

from models.backend.local import LocalBackend
from models.backend.protocol import Backend
from models.backend.ray import RayBackend
from models.backend.settings import Settings
from models.schema import LabelAt, Probe, SentimentRequest
from serving.ray.app import Models

CLIENTS = (1, 8, 32)
PROBES = (Probe(), Probe(LabelAt(0), "encoder"), Probe(LabelAt(1), "decoder"))
"""The first question about a text, and those after it."""
PORT = 8129
SETTINGS = Settings.model_validate(
    {"device": "cpu", "ray_address": f"http://127.0.0.1:{PORT}", "ray_token": secrets.token_hex()}
)
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Measured:
    """seconds: of each request. cached: for each question after the first, whether the latents were cached."""

    seconds: list[float]
    cached: list[bool]

    def figures(self, duration: float, cpu: float) -> dict[str, float]:
        count, (p50, p95) = len(self.seconds), np.percentile(self.seconds, (50, 95)) * 1000
        cached = float(np.mean(self.cached))
        return {"rate": count / duration, "p50": p50, "p95": p95, "cpu": cpu / count * 1000, "cached": cached}


def ask(backend: Backend, until: float, measured: Measured) -> None:
    """One client."""
    while time.perf_counter() < until:
        text = f"Take {next(_numbers)}: a long film, and not a good one, though some of its scenes are lovely."
        for index, probe in enumerate(PROBES):
            began = time.perf_counter()
            result = backend.run(SentimentRequest(text, probe))
            measured.seconds.append(time.perf_counter() - began)
            if index:
                measured.cached.append(result.run.encoder_cached)


def load(backend: Backend, clients: int, seconds: float) -> dict[str, float]:
    began, before, measured = time.perf_counter(), cpu_seconds(), Measured([], [])
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(lambda _: ask(backend, began + seconds, measured), range(clients)))
    return measured.figures(time.perf_counter() - began, cpu_seconds() - before)


def cpu_seconds() -> float:
    """This process and those that it started."""
    this = psutil.Process()
    times = [process.cpu_times() for process in (this, *this.children(recursive=True))]
    return sum(each.user + each.system for each in times)


@contextmanager
def cluster(replicas: int) -> Iterator[RayBackend]:
    serve.run(Models.options(num_replicas=replicas).bind(SETTINGS), name="perceiver")
    backend = RayBackend(SETTINGS)
    yield backend
    backend.close()


def check(backend: Backend, local: Backend) -> None:
    for number in range(8):
        request = SentimentRequest(f"Text {number} is the same for both.", Probe())
        if backend.run(request).labels != local.run(request).labels:
            raise SystemExit("the cluster and the local backend differ")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10, help="of each measurement")
    seconds = parser.parse_args().seconds
    torch.set_num_threads(1)
    local = LocalBackend(SETTINGS)
    local.warm_up()
    found = {"local": {clients: load(local, clients, seconds) for clients in CLIENTS}}
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")
    serve.start(http_options={"port": PORT})
    for replicas in (1, 2):
        with cluster(replicas) as backend:
            check(backend, local)
            found[f"{replicas} replica{'s' * (replicas > 1)}"] = {
                clients: load(backend, clients, seconds) for clients in CLIENTS
            }
    serve.shutdown()
    ray.shutdown()
    print(f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}, Ray {ray.__version__}\n")
    print("| backend | clients | requests/s | p50, ms | p95, ms | CPU, ms | cached |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, by_clients in found.items():
        for clients, each in by_clients.items():
            print(
                f"| {name} | {clients} | {each['rate']:.1f} | {each['p50']:.0f} | {each['p95']:.0f} "
                f"| {each['cpu']:.0f} | {each['cached']:.0%} |"
            )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
