"""What the examples say about the demo models is so."""

import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from pydantic import TypeAdapter

from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.data.examples import FOLDER
from models.tasks import TASKS
from models.tasks.task import Task


def rows(task: str) -> list[dict[str, Any]]:
    return json.loads((FOLDER / task / "examples.json").read_text(encoding="utf-8"))


def claims() -> Iterator[Any]:
    """Each example with each of its claims. Raises ValidationError for a claim that is not one."""
    for task in TASKS:
        known = import_module(f"tests.claims.{task.name}")
        kind = TypeAdapter(known.Kind)
        for example, row in zip(known.EXAMPLES, rows(task.name), strict=True):
            for number, claim in enumerate(row["claims"]):
                parsed = kind.validate_python(claim)
                yield pytest.param(example, parsed, id=f"{task.name}-{example.title}-{number}-{parsed.kind}")


@pytest.fixture(scope="module")
def backend() -> LocalBackend:
    return LocalBackend(Settings(device="cpu"))


@pytest.mark.parametrize(("example", "claim"), list(claims()))
def test_claim(backend: LocalBackend, example: Any, claim: Any) -> None:
    claim.check(backend, example)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_every_example_has_a_claim(task: Task) -> None:
    assert all(row["claims"] for row in rows(task.name))
