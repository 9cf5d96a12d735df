"""The web process with a backend elsewhere: it starts and serves its pages without torch."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROCESS = """
import sys

class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "safetensors"):
            raise ImportError(f"{name} is not installed here")

sys.meta_path.insert(0, NoTorch())

import httpx
from app import create_app, launch_options
from models.backend.settings import Settings
from pages.gradio_ui.pages import PAGES
from tests.fake_backend import FakeBackend

app = create_app(FakeBackend({}))
options = launch_options(Settings()) | {"server_port": None, "server_name": "127.0.0.1"}
_, url, _ = app.launch(**options, prevent_thread_lock=True, quiet=True)
paths = ["", *(page.name for page in PAGES[1:])]
print(*(httpx.get(url + path).status_code for path in paths))
print("torch" in sys.modules, "models.backend.local" in sys.modules)
app.close(verbose=False)
"""


def test_pages_are_served_without_torch() -> None:
    done = subprocess.run([sys.executable, "-c", PROCESS], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    statuses, loaded = done.stdout.strip().splitlines()[-2:]
    assert set(statuses.split()) == {"200"}
    assert loaded == "False False"
