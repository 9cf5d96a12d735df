"""The script that a visitor copies gives the losses of the app."""

import ast
import json
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from models.backend.local import LocalBackend
from models.data.build_one import preset, saved_files, write_notebook, write_script
from models.schema import Build, TrainBuildRequest, TrainBuildResult, Training

TRAINING = Training(steps=8, batch_size=16)
TABLE = "size,color,kind\n" + "".join(
    f"{row % 7},{'red' if row % 3 else 'blue'},{'ab'[row % 2]}\n" for row in range(40)
)
BUILDS = {
    "digits": preset("digits")[0],
    "sort": replace(preset("sort")[0], letters=4, positions="none"),
    "motion": replace(preset("motion")[0], decoder="video", latents=4, channels=16),
    "autoencoding": replace(preset("digit_tone_autoencoding")[0], query_positions="fourier", bands=3),
    "projection": Build(preprocessor="one_hot", positions="none", decoder="projection"),
    "table": replace(preset("table")[0], table=TABLE),
    "picture": replace(preset("picture")[0], combine="add"),
}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[str], str]:
    """Runs a script in its folder. Returns what it prints."""
    monkeypatch.chdir(tmp_path)

    def printed(name: str) -> str:
        capsys.readouterr()
        runpy.run_path(name, run_name="__main__")
        return capsys.readouterr().out

    return printed


def run_in_fresh_process(path: Path) -> str:
    return subprocess.run(
        [sys.executable, path.name], cwd=path.parent, check=True, capture_output=True, text=True, timeout=300
    ).stdout


def loss(output: str, name: str) -> float:
    (value,) = re.findall(rf"{name} loss (\S+)", output)
    return float(value)


def train(build: Build) -> TrainBuildResult:
    return LocalBackend().run(TrainBuildRequest(build, TRAINING, TRAINING.steps, seconds=5.0))


def test_the_script_runs_alone(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(write_script(BUILDS["digits"], TRAINING), encoding="utf-8")
    printed, expected = run_in_fresh_process(path), train(BUILDS["digits"])
    assert loss(printed, "validation") == pytest.approx(expected.loss, abs=2e-6)


@pytest.mark.parametrize("name", BUILDS)
def test_the_script_gives_the_losses_of_the_app(name, tmp_path, run):
    (tmp_path / "script.py").write_text(write_script(BUILDS[name], TRAINING), encoding="utf-8")
    printed, expected = run("script.py"), train(BUILDS[name])
    assert loss(printed, "step 8") == pytest.approx(expected.losses[-1], abs=2e-6)
    assert loss(printed, "validation") == pytest.approx(expected.loss, abs=2e-6)


def test_the_saved_script_loads_the_saved_model(tmp_path, run):
    build, expected = BUILDS["autoencoding"], train(BUILDS["autoencoding"])
    for name, content in saved_files(build, TRAINING, expected.state).items():
        (tmp_path / name).write_bytes(content)
    printed = run("build_one.py")
    assert "step" not in printed
    assert loss(printed, "validation") == pytest.approx(expected.loss, abs=2e-6)


def test_a_notebook_has_the_script_in_cells():
    build = BUILDS["table"]
    cells = json.loads(write_notebook(build, TRAINING))["cells"]
    code = "\n\n".join("".join(cell["source"]) for cell in cells)
    assert [line for line in code.splitlines() if line] == [
        line for line in write_script(build, TRAINING).splitlines() if line
    ]


def test_what_a_visitor_types_stays_data():
    table = TABLE.replace("blue", "'''+__import__('os')+\\'")
    tree = ast.parse(write_script(replace(BUILDS["table"], table=table), TRAINING))
    assert table in [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
