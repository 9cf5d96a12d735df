"""The embedded Perceiver AR as the page on writing asks it: how soon the first token comes, and how fast the others do.

    python -m benchmarks.embedded_writing

Prints a table and, as its last line, the same as JSON. Each way of asking is streamed through the service as the page
does, five times in turn after one that is not counted; medians. `anew`: how often the whole text was read.
"""

import json
import os
import platform
import statistics
import time
from typing import Any

import torch

from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.schema import TextGenerationRequest

RUNS, TOKENS = 5, 200
FIRST, SPEED = 0.3, 20
"""Bars: seconds until the first token is there, and tokens a second."""
SENTENCE = "The old man looked at the sea and "
LONG = SENTENCE * 30
"""1,020 bytes: the context is all but full from the start."""
ASKED = {
    "34 bytes": TextGenerationRequest(SENTENCE, max_new_tokens=TOKENS),
    "34 bytes, always the likeliest": TextGenerationRequest(SENTENCE, max_new_tokens=TOKENS, do_sample=False),
    "832 bytes, 64 of them latents": TextGenerationRequest(LONG[:832], 64, TOKENS),
    "1,020 bytes, 252 of them latents": TextGenerationRequest(LONG, 252, TOKENS),
}


def written(service: LocalBackend, request: TextGenerationRequest) -> dict[str, float]:
    """Seconds from asking to the first token, tokens a second from there on, and how often the text was read."""
    began = time.perf_counter()
    # Before the first token there is a step without any: the text is being read.
    steps = [(time.perf_counter() - began, step) for step in service.stream(request) if step.tokens]
    (first, _), (last, ended) = steps[0], steps[-1]
    if len(ended.tokens) != TOKENS:
        raise SystemExit(f"{len(ended.tokens)} tokens instead of {TOKENS}: {ended.finish_reason}")
    return {"first": first, "speed": (TOKENS - 1) / (last - first), "anew": ended.full_passes}


def measured(service: LocalBackend) -> dict[str, dict[str, float]]:
    runs = [{name: written(service, request) for name, request in ASKED.items()} for _ in range(RUNS + 1)][1:]
    return {name: {key: statistics.median(run[name][key] for run in runs) for key in runs[0][name]} for name in ASKED}


def report(found: dict[str, dict[str, Any]]) -> None:
    print(f"\n| prompt, {TOKENS} tokens written | first token, s | tokens a second | anew |")
    print("| --- | ---: | ---: | ---: |")
    for name, figures in found.items():
        print(f"| {name} | {figures['first']:.3f} | {figures['speed']:.0f} | {figures['anew']:.0f} |")
    met = all(figures["first"] < FIRST and figures["speed"] >= SPEED for figures in found.values())
    print(f"\nbars, {FIRST} s and {SPEED} tokens a second: {'met' if met else 'missed'}")


def main() -> None:
    threads = torch.get_num_threads()
    print(f"{platform.machine()}, {threads} threads of {os.cpu_count()} cores, torch {torch.__version__}")
    found = measured(LocalBackend(Settings(device="cpu", weights="embedded")))
    report(found)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
