"""What happens when the server is told to stop."""

import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
LIMIT = 120  # seconds until the test gives up


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def ask(address: str, answers: list[str]) -> None:
    call = f"{address}gradio_api/call/masked_bytes"
    parameters = httpx.get(f"{address}gradio_api/info", timeout=LIMIT).json()["named_endpoints"]["/masked_bytes"]
    given = {"text": "A silver coin.", "mask": [[2, 8]]}
    data = [given.get(each["parameter_name"], each.get("parameter_default")) for each in parameters["parameters"]]
    event = httpx.post(call, json={"data": data}, timeout=LIMIT).json()["event_id"]
    with httpx.stream("GET", f"{call}/{event}", timeout=LIMIT) as answer:
        answers.append("listening")
        answers.append(answer.read().decode())


def test_a_running_request_ends_and_nothing_is_left_behind(tmp_path: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}/"
    settings = (f"PERCEIVER_PORT={port}", "PERCEIVER_DEVICE=cpu", f"TMPDIR={tmp_path}")
    command = ["/usr/bin/env", *settings, sys.executable, "app.py"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as app:
        try:
            wait_for(f"{address}readyz")
            httpx.post(f"{address}gradio_api/upload", files={"files": ("a.txt", b"a")}).raise_for_status()
            assert any(tmp_path.rglob("a.txt"))
            answers: list[str] = []
            visitor = threading.Thread(target=ask, args=(address, answers))
            visitor.start()
            while not answers:
                time.sleep(0.01)
            app.send_signal(signal.SIGTERM)
            _, log = app.communicate(timeout=LIMIT)
            visitor.join(LIMIT)
        finally:
            app.kill()
    assert "event: complete" in answers[-1]
    assert app.returncode == 0
    assert b"Traceback" not in log
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def wait_for(url: str) -> None:
    until = time.monotonic() + LIMIT
    while time.monotonic() < until:
        try:
            if httpx.get(url, timeout=LIMIT).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"{url} did not answer")
