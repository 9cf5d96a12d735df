"""Visitors of all pages at once, some of whom leave before they have their answer, as programs of the API.

python -m benchmarks.load [--visitors 1 8 32] [--minutes 5]

Prints answers, refusals and seconds of short requests (masked bytes and sentiment) for each number of visitors, the
resident memory of the server and the temporary files that it leaves. A visitor asks at random, with a fixed seed, waits
for the answer and asks again. Each has an address of its own. Answers to short requests must be about what only their
visitor wrote.
"""

import argparse
import base64
import json
import random
import statistics
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from benchmarks.memory import resident_mib
from benchmarks.startup import LIMIT_SECONDS, served
from models.data.examples import FOLDER

SHORT = ("masked_bytes", "sentiment")
ROWS = [
    [f"{word} number {number}", label] for number in range(6) for word, label in (("yes", "agree"), ("no", "refuse"))
]
OTHERS: dict[str, dict[str, Any]] = {
    "text_generation": {"prompt": "Once upon a time", "max_new_tokens": 64},
    "fine_tuning": {"rows": ROWS, "epochs": 1, "texts": ["yes"]},
    "image_classification": {"image": "image_classification/ship.jpg"},
    "optical_flow": {"first": "optical_flow/zoom_first.png", "second": "optical_flow/zoom_second.png"},
    "av_autoencoding": {"clip": "av_autoencoding/three.mp4"},
}
FILES = ("image", "first", "second", "clip")
SHORT_SHARE, LEAVES_SHARE = 0.7, 0.1
VISITORS, MOST_SPREAD = 8, 3.0
"""Target: 95th percentile of short requests over their median, with this many visitors."""


@dataclass(slots=True)
class Found:
    """short: seconds of each short request. ended: how requests ended. wrong: answers that are faults."""

    short: list[float] = field(default_factory=list)
    ended: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Visitor(threading.Thread):
    """Asks until `until`, a time of `time.monotonic`."""

    def __init__(self, address: str, number: int, until: float, found: Found):
        super().__init__()
        self._address, self._number, self._until, self._found = f"{address}gradio_api/", number, until, found
        self._random = random.Random(number)  # noqa: S311
        self._asked = 0

    def run(self) -> None:
        headers = {"X-Forwarded-For": f"10.0.0.{self._number}"}
        with httpx.Client(base_url=self._address, headers=headers, timeout=LIMIT_SECONDS) as client:
            while time.monotonic() < self._until:
                self._asked += 1
                try:
                    self._ask(client)
                except (httpx.HTTPError, ValueError) as error:
                    self._found.wrong.append(repr(error)[:200])

    def _ask(self, client: httpx.Client) -> None:
        short = self._random.random() < SHORT_SHARE
        name = self._random.choice(SHORT if short else [*OTHERS])
        mine = f"Visitor {self._number}{' again' * self._number}, request {self._asked}."
        given = {"text": mine} if short else {key: _sent(key, value) for key, value in OTHERS[name].items()}
        if name == "masked_bytes":
            given["mask"] = [[0, 1]]
        began = time.perf_counter()
        posted = client.post(f"call/v2/{name}", json=given)
        if posted.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            self._found.ended["busy"] += 1
            return
        posted.raise_for_status()
        with client.stream("GET", f"call/{name}/{posted.json()['event_id']}") as stream:
            if self._random.random() < LEAVES_SHARE:
                self._found.ended["left"] += 1
                return
            answer = stream.read().decode()
        self._judge(name, answer, mine)
        if short:
            self._found.short.append(time.perf_counter() - began)

    def _judge(self, name: str, answer: str, mine: str) -> None:
        event, data = answer.rstrip().rsplit("\n\n", 1)[-1].split("\n", 1)
        right = event == "event: complete" and is_about(name, json.loads(data.removeprefix("data: "))[0], mine)
        self._found.ended["answered" if right else "wrong"] += 1
        if not right:
            self._found.wrong.append(f"{name}: {answer[-300:]}")


def is_about(name: str, answer: dict[str, Any], text: str) -> bool:
    """Whether an answer is about the text of a request, which has a length and numbers of its own."""
    if name == "masked_bytes":
        return answer["filled"][1:] == text[1:]
    return name not in SHORT or len(answer["attention"]["values"]) == len(text) + 2


def _sent(key: str, value: Any) -> Any:
    """A value of a call; a file is sent in base64."""
    return base64.b64encode((FOLDER / value).read_bytes()).decode() if key in FILES else value


def load(address: str, visitors: int, seconds: float) -> Found:
    found, until = Found(), time.monotonic() + seconds
    threads = [Visitor(address, number, until, found) for number in range(visitors)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visitors", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--minutes", type=float, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        with served(more=(f"TMPDIR={folder}",)) as (address, process):
            load(address, 1, 20)  # models load
            report(address, process, options.visitors, 60 * options.minutes)
        left = [path for path in Path(folder).rglob("*") if path.is_file()]
        print(f"\ntemporary files after the end: {len(left)}")


def report(address: str, process: int, visitors: list[int], seconds: float) -> None:
    print("| visitors | answered | busy | left | wrong | short, p50 s | p95 s | p95 / p50 | resident, MiB |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for count in visitors:
        found = load(address, count, seconds)
        median, high = statistics.median(found.short), statistics.quantiles(found.short, n=20)[-1]
        ended = " | ".join(str(found.ended[name]) for name in ("answered", "busy", "left"))
        times = f"{median:.2f} | {high:.2f} | {high / median:.1f}"
        print(f"| {count} | {ended} | {len(found.wrong)} | {times} | {resident_mib(process):.0f} |", flush=True)
        for each in found.wrong[:3]:
            print(f"  {each!r}")
        if count == VISITORS:
            print(f"target, p95 / p50 below {MOST_SPREAD:g}: {'met' if high < MOST_SPREAD * median else 'missed'}")


if __name__ == "__main__":
    main()
