"""What the READMEs point to exists, and the examples hide what they say."""

import re
from pathlib import Path

import pytest
from PIL import Image

from models.data.examples import FOLDER, image_examples, text_examples
from models.tasks import TASKS

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted(
    path for path in ROOT.glob("**/*.md") if not {".venv", "runs", "data"} & set(path.relative_to(ROOT).parts)
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_resolve(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


def test_every_task_has_examples() -> None:
    assert {folder.name for folder in FOLDER.iterdir()} == {task.name for task in TASKS}


def test_pictures_are_small_files_that_open() -> None:
    examples = image_examples("image_classification")
    assert len({example.file for example in examples}) == len(examples) >= 6
    for example in examples:
        assert example.file.stat().st_size < 60_000
        assert example.title
        assert example.notice
        with Image.open(example.file) as image:
            image.load()


@pytest.mark.parametrize("task", ["masked_bytes"])
def test_examples_hide_something_and_leave_something(task: str) -> None:
    examples = text_examples(task)
    assert len(examples) >= 6
    for example in examples:
        length = len(example.text.encode())
        assert length <= 512
        assert 0 < sum(stop - start for start, stop in example.spans) < length / 2
