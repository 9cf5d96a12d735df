"""A cluster with two replicas as front ends use it: same results, cached latents, and nothing lost with a replica."""

import os
import signal
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import psutil
import pytest

from models.backend.local import LocalBackend
from models.backend.ray import RayBackend
from models.schema import (
    AvAutoencodingRequest,
    ByteAt,
    CheckpointUnavailable,
    FineTunedModel,
    FineTuneRequest,
    InputError,
    MaskedBytesRequest,
    Probe,
    SentimentRequest,
)
from models.tasks import TASKS
from pages.session import SessionStore
from tests.cluster.conftest import Cluster, CountingTransport
from tests.fine_tuning_rows import ROWS
from tests.plain import TIMES, plain

BESIDE = TIMES | {"job", "films", "file", "encoder_cached"}
"""Fields that are not part of a result."""


@pytest.fixture(scope="module")
def remote(cluster: Cluster) -> RayBackend:
    return cluster.backend()


@pytest.fixture
def transport() -> CountingTransport:
    return CountingTransport()


def texts(count: int) -> list[MaskedBytesRequest]:
    return [
        MaskedBytesRequest(f"Film number {number} was the best of them all.", ((2, 6),), probe=Probe())
        for number in range(count)
    ]


@pytest.mark.parametrize("name", [task.name for task in TASKS])
def test_screens_show_the_same_results(name: str, remote: RayBackend, local: LocalBackend) -> None:
    screens = vars(import_module(f"pages.{name}.screen")).values()
    (screen,) = (each for each in screens if isinstance(each, type) and vars(each).get("name") == name)
    with ThreadPoolExecutor(2) as pool:
        here, there = pool.map(lambda backend: first_result(screen(backend)), (local, remote))
    assert here
    assert plain(there, BESIDE) == plain(here, BESIDE)


def first_result(screen: Any) -> Any:
    """What a page shows first, traced in another way. A page that needs rows answers as it does to a program."""
    if "rows" in screen.required:
        return screen.call(screen.initial.changed(rows=ROWS[:12], epochs=1, texts=("up above",)))
    session = SessionStore().session("visitor", screen.name)
    screen.open_first(session)
    screen.trace(session, screen.initial.changed(method="encoder"))
    return session.get()


def test_second_questions_use_cached_latents(cluster: Cluster, remote: RayBackend) -> None:
    before = cluster.counts()
    remote.run_all(texts(40))
    grown = [process for process, count in cluster.counts().items() if count > before.get(process, 0) + 10]
    assert len(grown) == 2  # both replicas have a fair share of the texts
    second = remote.run_all([replace(request, probe=Probe(ByteAt(4), "encoder")) for request in texts(40)])
    assert np.mean([result.run.encoder_cached for result in second]) >= 0.95


def test_refusals_of_a_cluster(cluster: Cluster, remote: RayBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = SentimentRequest("good"), SentimentRequest("")
    first, second = remote.run_all([bad, good])
    assert isinstance(first, InputError)
    assert second.labels
    with closing(remote.stream(bad)) as parts, pytest.raises(InputError):
        next(parts)
    with pytest.raises(CheckpointUnavailable):
        cluster.backend(token="wrong").run(good)
    monkeypatch.setattr("models.backend.ray.CONTENT_TYPE", "application/x-perceiver; schema=older")
    with pytest.raises(CheckpointUnavailable):
        cluster.backend().run(good)


def test_a_large_input_travels_once(cluster: Cluster, transport: CountingTransport, local: LocalBackend) -> None:
    remote = cluster.backend(transport=transport)
    frames = np.random.default_rng(0).integers(0, 256, (16, 64, 64, 3), np.uint8)
    request = AvAutoencodingRequest(frames, 25.0, np.zeros(16 * 1920, np.float32), 48_000)
    questions = [replace(request, blank=blank) for blank in (frozenset(), frozenset({"audio"}), frozenset({"image"}))]
    assert plain([remote.run(each) for each in questions], BESIDE) == plain(local.run_all(questions), BESIDE)
    once = request.frames.nbytes + request.audio.nbytes
    assert once < transport.sent < 1.1 * once


def test_closing_a_stream_stops_its_work(cluster: Cluster, remote: RayBackend) -> None:
    request, before = FineTuneRequest(ROWS, epochs=50, batch_size=1), sum(cluster.counts().values())
    with closing(remote.stream(request)) as steps:
        last = [next(steps) for _ in range(3)][-1]
    counts = [0, before]
    while counts[-1] != counts[-2]:  # until nothing is read beside this
        remote.run(MaskedBytesRequest("the same text again", ((0, 3),)))
        counts.append(sum(cluster.counts().values()))
    assert counts[-1] - before < last.steps / 2


def test_nothing_is_lost_with_a_replica(cluster: Cluster, transport: CountingTransport, local: LocalBackend) -> None:
    """Neither requests that are under way nor the model that it has fine-tuned."""
    remote, before = cluster.backend(transport=transport), cluster.counts()
    model = remote.run(FineTuneRequest(ROWS[:12], epochs=1)).model
    assert isinstance(model, FineTunedModel)
    (trainer,) = (process for process, count in cluster.counts().items() if count > before[process])

    requests = [replace(request, text=f"{request.text} Or not.") for request in texts(20)]
    with ThreadPoolExecutor(len(requests)) as pool:
        running = [pool.submit(remote.run, request) for request in requests]
        wait(running, return_when=FIRST_COMPLETED)
        os.kill(trainer, signal.SIGKILL)
        results = [each.result() for each in running]
    assert plain(results, BESIDE) == plain(local.run_all(requests), BESIDE)

    question = SentimentRequest("up above 3", Probe(), model=model)
    assert plain(remote.run(question), BESIDE) == plain(local.run(question), BESIDE)
    assert transport.sent < model.nbytes / 10


def test_the_cluster_closes_cleanly(cluster: Cluster) -> None:
    import psutil as P

    [
        print("CPU", round(sum(p.cpu_times()[:2]), 1), (p.cmdline() or [""])[0][-40:], (p.cmdline() or ["", ""])[1:3])
        for p in [P.Process(), *P.Process().children(recursive=True)]
    ]
    cluster.close()
    assert len(cluster.processes) > 5
    _, alive = psutil.wait_procs(cluster.processes, timeout=20)
    assert alive == []
