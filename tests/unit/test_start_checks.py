"""What keeps a process from starting is said in words, all of it at once, without anything slow being imported."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file

from models.backend import start_checks
from models.backend.start_checks import check_start
from models.data.weight_files import EMBEDDED, folder_problem
from models.perceiver.ar_weights import save
from tests.tiny_models import tiny_model, tiny_text_writer

ROOT = Path(__file__).parents[2]
HUB_ID = "deepmind/language-perceiver"
SLOW = ("gradio", "torch", "transformers", "matplotlib", "starlette")
PROCESS = f"""
import runpy, sys

class Slow:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {SLOW}:
            raise ImportError(f"{{name}} is slow")

sys.meta_path.insert(0, Slow())
runpy.run_path("app.py", run_name="__main__")
"""


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program uses."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture(autouse=True)
def _free_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERCEIVER_PORT", "0")


@pytest.fixture
def perceiver(tmp_path: Path) -> Path:
    """Folder of a model, to spoil."""
    tiny_model("PerceiverForMaskedLM").save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def problems(serves: bool = True) -> list[str]:
    with pytest.raises(SystemExit) as caught:
        check_start(serves)
    text = str(caught.value)
    return [line for line in text.splitlines() if line != "Invalid settings:"]


def test_nothing_is_wrong():
    check_start()
    check_start(serves=False)


# Addresses


def test_port_in_use(monkeypatch, taken):
    monkeypatch.setenv("PERCEIVER_PORT", str(taken))
    (problem,) = problems()
    assert problem.startswith(f"PERCEIVER_PORT={taken}: ")
    assert "in use" in problem
    check_start(serves=False)  # Streamlit has a port of its own


def test_port_is_named_as_it_was_given(monkeypatch, taken):
    monkeypatch.delenv("PERCEIVER_PORT")
    monkeypatch.setenv("GRADIO_SERVER_PORT", str(taken))
    assert problems()[0].startswith(f"GRADIO_SERVER_PORT={taken}: ")


def test_metrics_have_a_port_of_their_own(monkeypatch, taken):
    monkeypatch.setenv("PERCEIVER_METRICS_PORT", str(taken))
    assert problems(serves=False)[0].startswith(f"PERCEIVER_METRICS_PORT={taken}: ")


def test_one_port_for_two(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
    monkeypatch.setenv("PERCEIVER_PORT", port)
    monkeypatch.setenv("PERCEIVER_METRICS_PORT", port)
    assert [problem.split(":")[0] for problem in problems()] == [f"PERCEIVER_METRICS_PORT={port}"]


@pytest.mark.parametrize("host", ["nowhere.invalid", "192.0.2.1", "a" * 70, "1.2.3.4.5", "::zz"])
def test_unknown_host(monkeypatch, host):
    monkeypatch.setenv("PERCEIVER_HOST", host)
    monkeypatch.setenv("PERCEIVER_METRICS_PORT", "0")
    (problem,) = problems()
    assert problem.startswith(f"PERCEIVER_HOST={host}: ")


@pytest.mark.parametrize("host", ["localhost", "0.0.0.0", "127.0.0.1"])
def test_known_host(monkeypatch, host):
    monkeypatch.setenv("PERCEIVER_HOST", host)
    check_start()


# Folders for temporary files


@pytest.mark.parametrize("variable", ["TMPDIR", "GRADIO_TEMP_DIR"])
@pytest.mark.parametrize("folder", ["/proc", "/nowhere", "/etc/hosts"])
def test_folder_that_cannot_be_written(monkeypatch, variable, folder):
    monkeypatch.setenv(variable, folder)
    (problem,) = problems()
    assert problem.startswith(f"{variable}={folder}: ")


def test_no_temporary_folder_at_all(monkeypatch):
    def none_is_usable() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(start_checks.tempfile, "gettempdir", none_is_usable)
    assert problems()[0].startswith("TMPDIR: ")


def test_full_temporary_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(start_checks.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(2**40, 2**40, 5 * 2**20))
    (problem,) = problems()
    assert {f"TMPDIR={tmp_path}:", "5", "64"} <= set(problem.split())
    monkeypatch.setenv("PERCEIVER_MAX_UPLOAD_MIB", "5")
    check_start()


# Models


def spoil(folder: Path, how: str) -> None:
    config, weights = folder / "config.json", folder / "model.safetensors"
    written = json.loads(config.read_text())
    match how:
        case "no folder":
            shutil.rmtree(folder)
        case "no config":
            config.unlink()
        case "no JSON":
            config.write_text("{")
        case "not UTF-8":
            config.write_bytes(b"\xff\xfe{")
        case "deep JSON":
            config.write_text("[" * 100_000)
        case "a list":
            config.write_text("[]")
        case "other sizes":
            config.write_text(json.dumps(written | {"num_latents": 9}))
        case "words for numbers":
            config.write_text(json.dumps(written | {"num_latents": "many"}))
        case "no weights":
            weights.unlink()
        case "cut weights":
            weights.write_bytes(weights.read_bytes()[:-100])
        case "empty weights":
            weights.write_bytes(b"")
        case "another length":
            tensors = load_file(weights)
            save_file(tensors | {"perceiver.embeddings.latents": tensors["perceiver.embeddings.latents"][:-1]}, weights)


@pytest.mark.parametrize(
    "how",
    [
        "no folder",
        "no config",
        "no JSON",
        "not UTF-8",
        "deep JSON",
        "a list",
        "other sizes",
        "words for numbers",
        "no weights",
        "cut weights",
        "empty weights",
        "another length",
    ],
)
def test_folder_of_a_model(monkeypatch, perceiver, how):
    monkeypatch.setenv("PERCEIVER_CHECKPOINTS", json.dumps({HUB_ID: str(perceiver)}))
    check_start()
    spoil(perceiver, how)
    (problem,) = problems()
    assert problem.startswith(f"PERCEIVER_CHECKPOINTS[{HUB_ID}]: ")
    assert str(perceiver) in problem


def test_perceiver_ar_with_another_vocabulary(tmp_path):
    save(tiny_text_writer(3), tmp_path)
    assert folder_problem(tmp_path) is None
    config = json.loads((tmp_path / "config.json").read_text())
    config["model_config"]["vocab_size"] += 1
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert "vocab_size" in (folder_problem(tmp_path) or "")


def test_hub_id_in_place_of_a_folder(monkeypatch):
    monkeypatch.setenv("PERCEIVER_CHECKPOINTS", json.dumps({HUB_ID: "someone/model"}))
    check_start()


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A copy of the demo models, to spoil."""
    copy = Path(shutil.copytree(EMBEDDED, tmp_path / "weights"))
    monkeypatch.setattr(start_checks, "EMBEDDED", copy)
    return copy


def test_one_flipped_bit_of_a_demo_model(embedded):
    check_start()
    path = embedded / "sentiment" / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    (problem,) = problems()
    assert str(path) in problem
    assert "SHA-256" in problem


def test_card_of_a_demo_model_that_cannot_be_read(embedded):
    card = embedded / "optical_flow" / "card.md"
    card.write_text("---\n{\n---\n")
    (problem,) = problems()
    assert str(card) in problem


def test_front_end_of_a_cluster_needs_its_secret_and_no_models(monkeypatch, embedded):
    shutil.rmtree(embedded)
    monkeypatch.setenv("PERCEIVER_BACKEND", "ray")
    (problem,) = problems()
    assert problem.startswith("PERCEIVER_RAY_TOKEN: ")
    monkeypatch.setenv("PERCEIVER_RAY_TOKEN", "secret")
    check_start()


# The processes

WRONG = {
    "PERCEIVER_DTYPE": "float8",
    "PERCEIVER_PROT": "7860",
    "PERCEIVER_PORT": "99999",
    "PERCEIVER_CHECKPOINTS": "[" * 100_000,
    "GRADIO_NUM_PORTS": "many",
    "GRADIO_SERVER_PORT": "x",
    "GRADIO_NUM_WORKERS": "-1",
    "GRADIO_DEFAULT_CONCURRENCY_LIMIT": "several",
    "SPACES_ZERO_GPU": "perhaps",
}
STREAMLIT = (str(Path(sys.executable).with_name("streamlit")), "run", "streamlit_app.py", "--server.port", "0")


@pytest.mark.parametrize("command", [(sys.executable, "-c", PROCESS), STREAMLIT], ids=["gradio", "streamlit"])
def test_front_end_names_everything_at_once_and_ends(command):
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | WRONG, capture_output=True, text=True, timeout=120, check=False
    )
    lines = [line for line in done.stderr.splitlines() if line]
    assert done.returncode == 1
    assert {line.split("=")[0].split(":")[0] for line in lines[1:]} == WRONG.keys()
    assert max(map(len, lines)) < 400
