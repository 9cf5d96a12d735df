"""What examples and lessons say about the demo models is so."""

import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from pydantic import TypeAdapter

from components.analysis.cost import Sizes
from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.data.examples import FOLDER, TextExample
from models.data.lessons import Prepared, read_lessons
from models.tasks import TASKS
from models.tasks.task import Task
from pages.lessons.prepared import state_of

STEPS = [(lesson, step) for lesson in read_lessons() for step in lesson.steps]


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


def lesson_claims() -> Iterator[Any]:
    """Each claim of a step of a lesson, with what its page is opened with, in the form of an example."""
    for lesson, step in STEPS:
        for number, claim in enumerate(step.claims):
            assert step.open
            kind = import_module(f"tests.claims.{step.open.page}").Kind
            parsed = TypeAdapter(kind).validate_python(claim)
            yield pytest.param(
                opened(step.open), parsed, id=f"lesson-{lesson.number}-{step.title}-{number}-{parsed.kind}"
            )


def opened(prepared: Prepared) -> Any:
    state: Any = state_of(prepared)
    if prepared.page == "overview":
        return Sizes(**dict(state))
    if "example" in type(state).model_fields:
        return import_module(f"tests.claims.{prepared.page}").EXAMPLES[state.example]
    text = state.prompt if prepared.page == "text_generation" else state.text
    return TextExample("", text, getattr(state, "mask", ()), "")


@pytest.fixture(scope="module")
def backend() -> LocalBackend:
    return LocalBackend(Settings(device="cpu"))


@pytest.mark.parametrize(("example", "claim"), [*claims(), *lesson_claims()])
def test_claim(backend: LocalBackend, example: Any, claim: Any) -> None:
    claim.check(backend, example)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_every_example_has_a_claim(task: Task) -> None:
    assert all(row["claims"] for row in rows(task.name))
