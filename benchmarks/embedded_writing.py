"""The embedded Perceiver AR as used by the page on text generation: time to the first token, and tokens per second.

python -m benchmarks.embedded_writing

Prints a table and, as its last line, the same as JSON. Each request is streamed through the backend as by the page,
five times after one that is not counted; medians.
"""

import json
import statistics
import time
from typing import Any

from benchmarks.start import print_machine
from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.schema import TextGenerationRequest

RUNS, TOKENS = 5, 200
FIRST, SPEED = 0.3, 20
"""Targets: seconds to the first token, and tokens per second."""
SENTENCE = "The old man looked at the sea and "
LONG = SENTENCE * 30
"""1,020 bytes: the context is almost full from the start."""
REQUESTS = {
    "34 bytes": TextGenerationRequest(SENTENCE, max_new_tokens=TOKENS),
    "34 bytes, greedy": TextGenerationRequest(SENTENCE, max_new_tokens=TOKENS, do_sample=False),
    "832 bytes, 64 of them latents": TextGenerationRequest(LONG[:832], 64, TOKENS),
    "1,020 bytes, 252 of them latents": TextGenerationRequest(LONG, 252, TOKENS),
}


def written(service: LocalBackend, request: TextGenerationRequest) -> dict[str, float]:
    """Seconds to the first token, tokens per second after it, and number of full passes."""
    began = time.perf_counter()
    # The first step has no token: the prompt is being read.
    steps = [(time.perf_counter() - began, step) for step in service.stream(request) if step.tokens]
    (first, _), (last, ended) = steps[0], steps[-1]
    if len(ended.tokens) != TOKENS:
        raise SystemExit(f"{len(ended.tokens)} tokens instead of {TOKENS}: {ended.finish_reason}")
    return {"first": first, "speed": (TOKENS - 1) / (last - first), "full_passes": ended.full_passes}


def measured(service: LocalBackend) -> dict[str, dict[str, float]]:
    runs = [{name: written(service, request) for name, request in REQUESTS.items()} for _ in range(RUNS + 1)][1:]
    return {
        name: {key: statistics.median(run[name][key] for run in runs) for key in runs[0][name]} for name in REQUESTS
    }


def report(found: dict[str, dict[str, Any]]) -> None:
    print(f"\n| prompt, {TOKENS} tokens | first token, s | tokens per second | full passes |")
    print("| --- | ---: | ---: | ---: |")
    for name, figures in found.items():
        print(f"| {name} | {figures['first']:.3f} | {figures['speed']:.0f} | {figures['full_passes']:.0f} |")
    met = all(figures["first"] < FIRST and figures["speed"] >= SPEED for figures in found.values())
    print(f"\ntargets, {FIRST} s and {SPEED} tokens per second: {'met' if met else 'missed'}")


def main() -> None:
    print_machine()
    found = measured(LocalBackend(Settings(device="cpu", weights="embedded")))
    report(found)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
