"""From the start of the process to the first page and to the first answer, next to `import gradio`.

python -m benchmarks.startup [--against COMMIT]

Prints a table and, as its last line, the same as JSON: medians of alternating runs. The first answer is that of the
API, which a program requests as soon as the first page is served.
"""

import argparse
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[1]
RUNS, LIMIT_SECONDS = 5, 120
BAR = 1.4
"""Target: the first page takes at most this many times `import gradio`."""
IMPORT = "import gradio"


def seconds_to_import() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", IMPORT], check=True)  # noqa: S603
    return time.perf_counter() - began


def seconds_to_serve(folder: Path) -> tuple[float, float]:
    """Seconds until the app of a folder has served its first page and its first answer."""
    began = time.perf_counter()
    with served(folder) as (address, _):
        page = time.perf_counter() - began
        ask(address)
        return page, time.perf_counter() - began


@contextmanager
def served(folder: Path = ROOT, more: Sequence[str] = ()) -> Iterator[tuple[str, int]]:
    """Address and process id of the app of a folder, from the moment when it serves its first page.

    more: settings, such as "TMPDIR=/tmp".
    """
    port = _free_port()
    settings = (f"PERCEIVER_PORT={port}", "PERCEIVER_DEVICE=cpu", *more)
    began = time.perf_counter()
    app = subprocess.Popen(  # noqa: S603
        ["/usr/bin/env", *settings, sys.executable, "app.py"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}/"
        _wait_for(address, began)
        yield address, app.pid
    finally:
        app.terminate()
        app.wait()


def ask(address: str) -> None:
    """Waits for an answer of the API, which counts as a session of its own."""
    call, given = f"{address}gradio_api/call/masked_bytes", {"text": "A silver coin.", "mask": [[2, 8]]}
    parameters = httpx.get(f"{address}gradio_api/info").json()["named_endpoints"]["/masked_bytes"]["parameters"]
    data = [given.get(each["parameter_name"], each.get("parameter_default")) for each in parameters]
    event = httpx.post(call, json={"data": data}).raise_for_status().json()["event_id"]
    answer = httpx.get(f"{call}/{event}", timeout=LIMIT_SECONDS).raise_for_status().text
    if "event: complete" not in answer:
        raise SystemExit(f"The API did not answer:\n{answer}")


def _wait_for(address: str, began: float) -> None:
    while True:
        try:
            httpx.get(address, timeout=LIMIT_SECONDS).raise_for_status()
            return
        except httpx.TransportError:
            if time.perf_counter() - began > LIMIT_SECONDS:
                raise
            time.sleep(0.02)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextmanager
def _checkout(commit: str) -> Iterator[Path]:
    """A folder with the files of a commit."""
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout  # noqa: S603, S607
        subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)  # noqa: S603, S607
        yield Path(folder)


def measured(folders: dict[str, Path]) -> dict[str, dict[str, float]]:
    """Medians by name; one more run at first fills the caches of the disk and is not counted."""
    runs = []
    for _ in range(RUNS + 1):
        found = {IMPORT: {"page": seconds_to_import()}}
        for name, folder in folders.items():
            found[name] = dict(zip(("page", "answer"), seconds_to_serve(folder), strict=True))
        runs.append(found)
    return {
        name: {key: statistics.median(run[name][key] for run in runs[1:]) for key in runs[0][name]} for name in runs[0]
    }


def report(found: dict[str, dict[str, float]]) -> None:
    imported = found[IMPORT]["page"]
    print("| | first page, s | times `import gradio` | first answer, s |\n| --- | ---: | ---: | ---: |")
    for name, seconds in found.items():
        answer = f"{seconds['answer']:.2f}" if "answer" in seconds else ""
        print(f"| {name} | {seconds['page']:.2f} | {seconds['page'] / imported:.2f} | {answer} |")
    met = found["this tree"]["page"] <= BAR * imported
    print(f"\ntarget, {BAR} times `import gradio`: {'met' if met else 'missed'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", metavar="COMMIT", help="measure the app of this commit as well")
    commit = parser.parse_args().against
    if commit is None:
        found = measured({"this tree": ROOT})
    else:
        with _checkout(commit) as before:
            found = measured({"this tree": ROOT, commit: before})
    report(found)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
