"""The folder that is published as a Space."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.space import build, main, problems
from tests.test_architecture import PACKAGES, imports


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("space")
    build("someone/playground", folder)
    return folder


@pytest.fixture
def readme(folder: Path) -> Iterator[Path]:
    """A test may change it."""
    file = folder / "README.md"
    before = file.read_text(encoding="utf-8")
    yield file
    file.write_text(before, encoding="utf-8")


def test_it_has_no_problems_and_only_what_the_app_needs(folder):
    assert problems(folder) == []
    assert {path.name for path in folder.iterdir()} == {
        "LICENSE", "README.md", "app.py", "assets", "components", "models", "pages", "requirements.txt"
    }  # fmt: skip
    assert not [path for path in folder.rglob("*.py*") if "streamlit" in str(path) or path.suffix == ".pyc"]


def test_every_module_that_it_imports_is_in_it(folder):
    missing = set()
    for file in folder.rglob("*.py"):
        for name in imports(file.read_text(encoding="utf-8")):
            place = folder.joinpath(*name.split("."))
            known = (place, place.with_suffix(".py"), place.parent.with_suffix(".py"), place.parent / "__init__.py")
            if name.split(".")[0] in {*PACKAGES, "tests"} and not any(each.exists() for each in known):
                missing.add(name)
    assert missing == set()


def test_requirements_are_exact(folder):
    lines = (folder / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert "torch==2.13.0" in lines
    assert all(re.fullmatch(r"[\w\[\]-]+==[\d.]+", line) for line in lines)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("emoji:", "emoticon:"),
        ("sdk_version: ", "sdk_version: 1"),
        ("short_description: ", f"short_description: {'long ' * 20}"),
        ("  - addy88/perceiver_imdb\n", ""),
    ],
)
def test_a_wrong_front_matter_is_seen(folder, readme, before, after):
    readme.write_text(readme.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")
    assert problems(folder)


def test_an_unsupported_torch_and_a_large_file_are_seen(folder):
    requirements, large = folder / "requirements.txt", folder / "assets" / "large.bin"
    before = requirements.read_text(encoding="utf-8")
    try:
        requirements.write_text(before.replace("torch==2.13.0", "torch==2.14.0"), encoding="utf-8")
        with large.open("wb") as file:
            file.truncate(11 * 2**20)
        found = problems(folder)
    finally:
        requirements.write_text(before, encoding="utf-8")
        large.unlink()
    assert len(found) == 2
    assert any("torch" in problem for problem in found)
    assert any("large.bin" in problem for problem in found)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["playground"], "playground"),
        (["someone/playground", "--folder", "/proc/space"], "/proc/space"),
        (["someone/playground", "--folder", "{here}"], "{here}"),
        (["someone/playground", "--folder", "{here}/notes.txt"], "{here}/notes.txt"),
    ],
)
def test_what_is_wrong_is_said_in_words(arguments, named, monkeypatch, capsys, tmp_path):
    (tmp_path / "notes.txt").write_text("Not to be deleted.")
    monkeypatch.setattr(sys, "argv", ["space", *(each.format(here=tmp_path) for each in arguments), "--no-trial"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code != 0
    assert named.format(here=tmp_path) in f"{caught.value.code}{capsys.readouterr().err}"
    assert (tmp_path / "notes.txt").exists()
