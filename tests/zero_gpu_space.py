"""A ZeroGPU Space on a machine without a GPU: the real `spaces` package, its forked process, a stand-in scheduler.

`python -m tests.zero_gpu_space` prints a JSON object of what happened.
"""

import json
import os
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

GPU = {"idle": False, "nvidiaIndex": 0, "nvidiaUUID": "0", "allowToken": "token"}


class Scheduler(BaseHTTPRequestHandler):
    """Grants GPUs until `left` is used up, as ZeroGPU's scheduler does. asked: seconds of each call."""

    left = 60
    asked: list[int]

    def do_POST(self) -> None:
        url = urlsplit(self.path)
        status, answer = 200, {}
        if url.path == "/schedule":
            seconds = int(parse_qs(url.query)["durationSeconds"][0])
            self.asked.append(seconds)
            granted = seconds <= type(self).left
            status, answer = (200, GPU) if granted else (429, {"left": self.left, "wait": 3600})
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


def main() -> None:
    Scheduler.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Scheduler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    # What a ZeroGPU Space sets.
    os.environ |= {
        "SPACES_ZERO_GPU": "true",
        "SPACES_ZERO_DEVICE_API_URL": f"http://127.0.0.1:{server.server_port}",
        "PERCEIVER_DEVICE": "cpu",
    }
    sys.modules["spaces.zero.torch"] = _without_cuda()
    import spaces

    from models.backend.local import LocalBackend
    from models.backend.settings import Settings
    from models.schema import SentimentRequest
    from tests.masked_sentence import GOOD
    from tests.tiny_models import load_tiny

    backend = LocalBackend(Settings.from_env(), load_tiny, spaces)
    published = replace(GOOD, weights="published")
    text = SentimentRequest("one two", weights="published", occlude=True)
    found = {
        "filled": [backend.run(request).filled for request in (GOOD, published)],
        "refused": str(backend.run_all([replace(published, mask=())])[0]),
        "parts": len(list(backend.stream(text))),
        "asked": list(Scheduler.asked),
    }
    Scheduler.left = 0
    found["without quota"] = str(backend.run_all([published])[0])
    found["demo without quota"] = backend.run(GOOD).filled
    print(json.dumps(found))


def _without_cuda() -> ModuleType:
    """Stands for the part of `spaces` that replaces CUDA until there is a GPU: here there is never one."""
    module = ModuleType("spaces.zero.torch")
    for name in ("enter_mode", "patch", "unpatch", "pack", "init", "size", "move", "is_in_bad_fork"):
        setattr(module, name, lambda *_, **__: 0)
    return module


if __name__ == "__main__":
    main()
