"""Medians of alternating runs, so that a machine that slows down affects all of them."""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any


def medians(calls: Mapping[str, Callable[[], Any]], runs: int = 5) -> dict[str, float]:
    """Seconds of each call: the median of `runs`, after one that is not counted, A B C A B C …"""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(runs + 1):
        for name, call in calls.items():
            began = time.perf_counter()
            call()
            if turn:
                seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(times) for name, times in seconds.items()}
