"""How long a short request takes while a long one of another visitor is under way, and how soon a long one ends.

python -m benchmarks.turns

Runs the longest requests that the demo models take, one after another. Prints the slowest of several short requests
during each, and the seconds from the caller's leaving to the end of the work.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.schema import (
    AvAutoencodingRequest,
    FineTuneRequest,
    MaskedBytesRequest,
    OpticalFlowRequest,
    Probe,
    SentimentRequest,
    StreamRequest,
    TextGenerationRequest,
)
from models.schema.masked_bytes import MAX_ITERATIONS
from models.schema.sentiment import MAX_WORDS
from models.turns import Caller, CallerLeftError, called_by

TRIES, PAUSE_SECONDS = 3, 0.3
MOST_SECONDS, SOON_SECONDS = 2.0, 1.0
"""Targets: what a short request takes at most, and how soon work ends."""
WORDS = "a long and winding review of a film that was neither good nor bad "
REVIEW = " ".join(["extraordinarily-uncharacteristically"] * MAX_WORDS)


def long_requests() -> dict[str, Any]:
    frames = [
        Image.fromarray(np.random.default_rng(seed).integers(0, 255, (2160, 3840, 3), np.uint8)) for seed in (0, 1)
    ]
    clip = np.random.default_rng(0).integers(0, 255, (300, 224, 224, 3), np.uint8)
    rows = tuple((f"{WORDS}{number}", str(number % 2)) for number in range(400))
    return {
        "a 4K flow pair": OpticalFlowRequest(*frames),
        f"leave-one-out on {len(REVIEW):,} bytes": SentimentRequest(REVIEW, occlude=True),
        f"iterative filling of {MAX_ITERATIONS} bytes": MaskedBytesRequest(WORDS * 5, ((10, 10 + MAX_ITERATIONS),)),
        "2,000 generated tokens": TextGenerationRequest("Once", max_new_tokens=2000),
        "fine-tuning on 400 rows": FineTuneRequest(rows, epochs=5),
        "a clip of 300 frames": AvAutoencodingRequest(clip, 25.0, np.zeros(8000 * 12, np.float32), 8000),
    }


def seconds_of(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def run(backend: LocalBackend, request: Any) -> None:
    for _ in backend.stream(request) if isinstance(request, StreamRequest) else (backend.run(request),):
        pass


def slowest_short(backend: LocalBackend) -> float:
    """Seconds of the slowest of several short requests."""
    slowest = 0.0
    for number in range(TRIES):
        time.sleep(PAUSE_SECONDS)
        short = MaskedBytesRequest(f"A short text, number {time.time_ns()}", ((2, 4),), probe=Probe(None, "encoder"))
        with called_by(Caller(f"short {number}")):
            slowest = max(slowest, seconds_of(lambda short=short: backend.run(short)))
    return slowest


def measured(backend: LocalBackend, request: Any) -> tuple[float, float, bool]:
    """Seconds of the slowest short request, seconds to the end after the caller has left, and whether it had to end."""
    caller, cut = Caller("long"), []

    def work() -> None:
        try:
            with called_by(caller):
                run(backend, request)
        except CallerLeftError:
            cut.append(time.perf_counter())

    thread = threading.Thread(target=work)
    thread.start()
    slowest = slowest_short(backend)
    caller.left, began = True, time.perf_counter()
    thread.join()
    return slowest, (cut[0] if cut else began) - began, bool(cut)


def main() -> None:
    backend = LocalBackend(Settings(device="cpu"))
    for problem in backend.warm_up():
        print(problem)
    print("| while another visitor runs | slowest short request, s | end after leaving, s |\n| --- | ---: | ---: |")
    met = True
    print(f"| nothing | {slowest_short(backend):.2f} | |")
    for name, request in long_requests().items():
        slowest, end, cut = measured(backend, request)
        met &= slowest <= MOST_SECONDS and end <= SOON_SECONDS
        print(f"| {name} | {slowest:.2f} | {f'{end:.2f}' if cut else 'ended before'} |", flush=True)
    print(f"\ntargets, {MOST_SECONDS:g} s and {SOON_SECONDS:g} s: {'met' if met else 'missed'}")


if __name__ == "__main__":
    main()
