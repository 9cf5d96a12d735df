"""The web process with a backend elsewhere: it starts and serves its pages without torch."""

import subprocess
import sys

from tests.test_architecture import FILES, MAY_BE_HEAVY, ROOT, inside, module_of

PROCESS = """
import sys
from importlib import import_module

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
app.close(verbose=False)
for module in sys.argv[1:]:
    import_module(module)
print("torch" in sys.modules, "models.backend.local" in sys.modules)
"""


def test_both_front_ends_need_no_torch() -> None:
    """The pages of Gradio are served, and everything else that may not import torch is imported."""
    modules = [module_of(path) for path in FILES]
    free = [module for module in modules if not inside(module, *MAY_BE_HEAVY, "models.service", "tools")]
    assert {"app", "streamlit_app", "models.backend.protocol", "components.render.sentiment"} <= set(free)
    command = [sys.executable, "-c", PROCESS, *free]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    statuses, loaded = done.stdout.strip().splitlines()[-2:]
    assert set(statuses.split()) == {"200"}
    assert loaded == "False False"
