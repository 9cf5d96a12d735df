"""Lessons: `assets/lessons/<number>-<name>.md`.

A file begins with front matter in YAML: title, minutes and goal. Each heading of level 2 begins a step: text in
Markdown, and a block of YAML with the other fields of `Step`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

FOLDER = Path(__file__).parents[2] / "assets" / "lessons"
_FRONT_MATTER = re.compile(r"---\n(.*?)\n---\n(.*)", re.DOTALL)
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_STEP = re.compile(r"(.*?)^```yaml\n(.*?)^```\s*", re.DOTALL | re.MULTILINE)
_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?")
_STRICT = ConfigDict(extra="forbid")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, config=_STRICT)
class Question:
    """A choice, or, without `choices`, a number. text, explanation: Markdown; the latter is shown with the answer.

    answer: one of the choices, or the number, which is right within `tolerance`. unit: of the number.
    """

    text: str
    answer: str | float
    explanation: str
    choices: tuple[str, ...] = ()
    tolerance: float = 0
    unit: str = ""

    def __post_init__(self) -> None:
        if self.choices and (self.answer not in self.choices or len({*self.choices}) != len(self.choices)):
            raise ValueError("the answer must be one of the choices, and these must differ")
        if not self.choices and isinstance(self.answer, str):
            raise ValueError("without choices, the answer must be a number")

    @property
    def tries(self) -> int:
        """How many answers count: after a wrong one of two choices, the other one is no answer."""
        return 1 if len(self.choices) == 2 else 2

    def is_answer(self, given: str) -> bool:
        """Whether this is a choice, or one number, with or without thousands separators and its unit."""
        return given in self.choices if self.choices else _number(given, self.unit) is not None

    def is_right(self, given: str) -> bool:
        """given: a choice, or a number as it was typed."""
        if isinstance(self.answer, str):
            return given == self.answer
        number = _number(given, self.unit)
        return number is not None and abs(number - self.answer) <= self.tolerance

    def is_solved(self, given: Sequence[str]) -> bool:
        return any(map(self.is_right, given))

    def is_decided(self, given: Sequence[str]) -> bool:
        """Whether the answer is shown: no further answer counts."""
        return self.is_solved(given) or len(given) >= self.tries


@dataclass(frozen=True, slots=True, config=_STRICT)
class Prepared:
    """A state of the app. page: name of its screen. example: of that page, counting from 0.

    fields: of that screen's state, where they are neither the default nor of the example.
    """

    page: str
    example: int | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, config=_STRICT)
class Step:
    """text: Markdown. look: what to look at on the page; part: its name, with dashes; inside: heading of the section
    around it that is closed at first. claims: what it says about a model, for the tests."""

    title: str
    text: str
    question: Question
    open: Prepared | None = None
    look: str = ""
    part: str = ""
    inside: str = ""
    claims: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, config=_STRICT)
class Lesson:
    """goal: what a student can do afterwards, as it follows "Goal:"."""

    number: int
    title: str
    minutes: int
    goal: str
    steps: tuple[Step, ...]


def _number(given: str, unit: str) -> float | None:
    written = given.strip().removesuffix(unit).strip()
    return float(written.replace(",", "")) if written and _NUMBER.fullmatch(written) else None


@cache
def read_lessons(folder: Path = FOLDER) -> tuple[Lesson, ...]:
    """All lessons, by number. Raises ValueError."""
    lessons = sorted(map(read_lesson, folder.glob("*.md")), key=lambda lesson: lesson.number)
    if [lesson.number for lesson in lessons] != list(range(1, len(lessons) + 1)):
        raise ValueError(f"lessons in {folder.name} are not numbered from 1 without gaps")
    return tuple(lessons)


def read_lesson(file: Path) -> Lesson:
    """Raises ValueError, which names the file, the step and the field."""
    number, whole = file.name.partition("-")[0], _FRONT_MATTER.fullmatch(file.read_text(encoding="utf-8"))
    if whole is None or not number.isdecimal():
        raise ValueError(f"{file.name}: a lesson is named <number>-<name>.md and begins with front matter")
    facts, body = _mapping(whole[1], file.name), whole[2]
    return _made(Lesson, {**facts, "number": int(number), "steps": tuple(_steps(body, file.name))}, file.name)


def _steps(body: str, file: str) -> Iterator[Step]:
    before, *parts = _HEADING.split(body)
    if before.strip() or not parts:
        raise ValueError(f"{file}: after the front matter come steps, each below a heading of level 2")
    for title, part in zip(parts[::2], parts[1::2], strict=True):
        where = f'{file}, step "{title}"'
        found = _STEP.fullmatch(part)
        if found is None:
            raise ValueError(f"{where}: a step is text and then one block of YAML")
        yield _made(Step, {**_mapping(found[2], where), "title": title, "text": found[1].strip()}, where)


def _mapping(source: str, where: str) -> Mapping[str, Any]:
    try:
        facts = yaml.safe_load(source)
    except yaml.YAMLError as error:
        raise ValueError(f"{where}: {error}") from None
    if not isinstance(facts, dict):
        raise ValueError(f"{where}: the YAML must have fields")
    return facts


def _made(kind: type[T], facts: Mapping[str, Any], where: str) -> T:
    try:
        return TypeAdapter(kind).validate_python(facts)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(each) for each in first["loc"])
        raise ValueError(f"{where}: {field}: {first['msg']}") from None
