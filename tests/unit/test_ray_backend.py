"""The front end's side of a cluster, and what travels: over a transport that a test makes, without Ray."""

import pickle
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from models.backend import ray
from models.backend.connect import connect
from models.backend.inputs import InputStore
from models.backend.ray import RayBackend
from models.backend.settings import Settings, SettingsError
from models.backend.wire import END, Call, Failure, frame, frames, pack, unpack
from models.schema import (
    CheckpointUnavailable,
    ImageClassificationRequest,
    InputDropped,
    InputError,
    InputKey,
    MaskedBytesProgress,
    MaskedBytesRequest,
    OpticalFlowRequest,
    Probe,
    Request,
    SentimentRequest,
)
from tests.noisy_frames import frame as noise
from tests.plain import plain
from tests.unit.test_backend import BY_TASK

TEXT = MaskedBytesRequest("abc", ((0, 1),))
Answer = Callable[[Call], Iterable[Any]]


class Cluster(httpx.BaseTransport):
    """Answers calls, but loses the first ones: each after so many bytes of its answer, or refuses the connection."""

    def __init__(self, answer: Answer, lose_after: Iterable[int | None] = ()):
        self._answer, self._lost = answer, list(lose_after)
        self.calls: list[tuple[str, Call]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.calls.append((request.headers[ray.SESSION_HEADER], unpack(request.read())))
        content = b"".join(map(frame, self._answer(self.calls[-1][1]))) + END
        if self._lost:
            kept = self._lost.pop(0)
            if kept is None:
                raise httpx.ConnectError("refused")
            content = content[:kept]
        return httpx.Response(200, content=content)


def echo(call: Call) -> Iterator[Any]:
    """Results that are the requests themselves."""
    yield list(call.argument)


def backend(answer: Answer = echo, lose_after: Iterable[int | None] = ()) -> tuple[RayBackend, Cluster]:
    cluster = Cluster(answer, lose_after)
    return RayBackend(Settings.model_validate({"ray_token": "secret"}), cluster), cluster


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray, "RETRY_SECONDS", (0.0, 0.0, 0.0))


def homes(cluster: Cluster) -> list[str]:
    return [home for home, _ in cluster.calls]


# What travels


@pytest.mark.parametrize("name", BY_TASK)
def test_requests_and_results_of_all_tasks_travel(service, name):
    result = service.run(unpack(pack(BY_TASK[name])))
    assert plain(unpack(pack(result))) == plain(result)


class Run:
    def __init__(self, function: Callable[..., Any], *args: Any):
        self._call = function, args

    def __reduce__(self) -> Any:
        return self._call


@pytest.mark.parametrize(
    "evil",
    [Run(eval, "1 + 1"), Run(np.load, "x"), Run(Image.open, "x"), Run(Settings.from_env), Run(unpack, pack(1))],
)
def test_nothing_but_plain_data_is_unpacked(evil):
    with pytest.raises(pickle.UnpicklingError):
        unpack(pickle.dumps(evil))


def test_frames_do_not_depend_on_how_they_are_cut():
    values = [b"", list(range(1000)), "text"]
    whole = b"".join(map(frame, values)) + END
    for size in (1, 7, len(whole)):
        assert list(frames(whole[start : start + size] for start in range(0, len(whole), size))) == values
    with pytest.raises(EOFError):
        list(frames([whole[:-1]]))


# Lost calls


@pytest.mark.parametrize("kept", [None, 0, 5, 40])
def test_a_lost_call_is_repeated(kept):
    remote, cluster = backend(lose_after=[kept, kept])
    assert remote.run(TEXT) == TEXT
    assert len(cluster.calls) == 3
    assert len(set(homes(cluster))) == 1


def test_a_repeated_stream_yields_each_part_once():
    parts = [MaskedBytesProgress(bytes([number]), np.zeros(1), np.zeros(1)) for number in range(4)]
    two = len(frame(parts[0])) + len(frame(parts[1]))
    remote, _ = backend(lambda call: parts, lose_after=[two + 3])
    assert [part.content for part in remote.stream(TEXT)] == [part.content for part in parts]


def test_a_repeated_stream_with_fewer_parts_ends_with_its_result():
    runs = iter([["a", "b", "c", "result"], ["a", "result"]])
    remote, _ = backend(lambda call: next(runs), lose_after=[3 * len(frame("a"))])
    assert list(remote.stream(TEXT)) == ["a", "b", "c", "result"]


def test_a_cluster_that_is_away_is_found_again():
    remote, _ = backend(lose_after=[None] * 4)
    with pytest.raises(CheckpointUnavailable):
        remote.run(TEXT)
    assert remote.run(TEXT) == TEXT


def test_pages_are_described_without_the_cluster():
    remote, cluster = backend()
    assert remote.describe().shape("masked_bytes", "embedded").parameters > 1_000_000
    assert cluster.calls == []


def test_refusals_are_values_and_failures_are_errors():
    remote, _ = backend(lambda call: [[InputError("no")]])
    assert str(remote.run_all([TEXT])[0]) == "no"
    with pytest.raises(InputError):
        remote.run(TEXT)
    remote, _ = backend(lambda call: [InputError("no")])
    with pytest.raises(InputError):
        list(remote.stream(TEXT))
    remote, cluster = backend(lambda call: [Failure("broken")])
    with pytest.raises(RuntimeError):
        remote.run(TEXT)
    assert len(cluster.calls) == 1


def test_a_front_end_needs_the_secret_of_its_cluster():
    with pytest.raises(SettingsError, match="PERCEIVER_RAY_TOKEN"):
        connect(Settings(backend="ray"))
    assert isinstance(connect(Settings.model_validate({"backend": "ray", "ray_token": "secret"})), RayBackend)


# Large inputs, and where requests go


class Replica:
    """Answers with the requests as a replica has them, which holds what it was sent."""

    def __init__(self) -> None:
        self.held = InputStore(2**24)
        self.received = 0

    def __call__(self, call: Call) -> Iterator[Any]:
        self.received += len(pack(call))
        requests = [call.argument] if isinstance(call.argument, Request) else call.argument
        answers = []
        for request in requests:
            try:
                answers.append(self.held.resolve(self.held.upload(request)))
            except InputDropped as dropped:
                answers.append(dropped)
        yield from answers if call.method == "stream" else [answers]


def test_a_large_input_travels_once_to_each_replica():
    first, second = noise(0, 200, 300), noise(1, 200, 300)
    request = OpticalFlowRequest(first, second)
    replica = Replica()
    remote, cluster = backend(replica)
    for probe in (None, Probe(), Probe(head=0)):
        assert plain(remote.run(replace(request, probe=probe))) == plain(replace(request, probe=probe))
    once = 2 * 200 * 300 * 3
    assert once < replica.received < 1.1 * once
    replica.held = InputStore(2**24)
    uploaded = remote.upload(request)
    assert isinstance(uploaded.first, InputKey)
    assert plain(list(remote.stream(uploaded))) == plain([request])
    assert len(set(homes(cluster))) == 1


def test_requests_about_one_input_go_to_one_replica():
    remote, cluster = backend()
    image = noise(0, 20, 20)
    shown = image.copy()
    for request in (
        SentimentRequest("a"),
        SentimentRequest("a", Probe()),
        SentimentRequest("b"),
        ImageClassificationRequest(image),
        ImageClassificationRequest(shown, "conv", cropped=True),
    ):
        remote.run(request)
    text, same_text, other_text, *images = homes(cluster)
    assert text == same_text
    assert len({text, other_text, *images}) == 3


def test_images_of_a_result_are_the_same_input():
    crop = noise(1, 16, 16)
    remote, cluster = backend(lambda call: [[ImageClassificationRequest(crop)]])
    remote.run(ImageClassificationRequest(noise(0, 20, 20)))
    remote.run(ImageClassificationRequest(crop, cropped=True))
    assert len(set(homes(cluster))) == 1


def test_requests_in_one_call_keep_their_order():
    remote, cluster = backend()
    requests = [SentimentRequest(str(number % 5), occlude=number > 7) for number in range(12)]
    assert remote.run_all(requests) == requests
    assert len(cluster.calls) == 5
