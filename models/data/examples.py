"""The examples of a task: `assets/examples/<task>/examples.json`, written by the project."""

import filecmp
import json
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Protocol, TypeVar

from models.schema import InputError

T = TypeVar("T")

FOLDER = Path(__file__).parents[2] / "assets" / "examples"
SMALL_EDIT = 0.85
"""Share of characters that two texts have in common, in order, for one to be an edit of the other."""


class Example(Protocol):
    """What all examples have. title: to choose it by. notice: what to look for in the result."""

    @property
    def title(self) -> str: ...

    @property
    def notice(self) -> str: ...


@dataclass(frozen=True, slots=True)
class TextExample:
    """spans: half-open UTF-8 byte ranges to hide. notice: what to look for in the result."""

    title: str
    text: str
    spans: tuple[tuple[int, int], ...]
    notice: str


@dataclass(frozen=True, slots=True)
class ImageExample:
    """file: the picture. notice: what to look for in the result."""

    title: str
    file: Path
    notice: str


@dataclass(frozen=True, slots=True)
class FlowExample:
    """first, second: the frames. truth: how everything moves between them. notice: what to look for in the result."""

    title: str
    first: Path
    second: Path
    truth: Path
    notice: str


@dataclass(frozen=True, slots=True)
class AvExample:
    """file: the clip. picture: a small still of it, to choose it by. notice: what to look for in the result."""

    title: str
    file: Path
    picture: Path
    notice: str


@dataclass(frozen=True, slots=True)
class DatasetExample:
    """file: CSV, with the columns text and label. unseen: a text that is not in it. notice: what its labels mean."""

    title: str
    file: Path
    unseen: str
    notice: str


def chosen(examples: Sequence[T], index: int) -> T:
    """Raises InputError for an index that only a request by hand can have."""
    if not 0 <= index < len(examples):
        raise InputError(f"There is no example {index}. This page has {len(examples)} of them, counting from 0.")
    return examples[index]


def dataset_examples(task: str) -> tuple[DatasetExample, ...]:
    folder = FOLDER / task
    return tuple(
        DatasetExample(row["title"], folder / row["file"], row["unseen"], row["notice"]) for row in _rows(task)
    )


def av_examples(task: str) -> tuple[AvExample, ...]:
    folder = FOLDER / task
    return tuple(
        AvExample(row["title"], folder / row["file"], folder / row["picture"], row["notice"]) for row in _rows(task)
    )


def flow_examples(task: str) -> tuple[FlowExample, ...]:
    folder = FOLDER / task
    return tuple(
        FlowExample(row["title"], folder / row["first"], folder / row["second"], folder / row["truth"], row["notice"])
        for row in _rows(task)
    )


def example_of(given: Sequence[Path], examples: Sequence[Sequence[Path]]) -> int | None:
    """Which example these files are, if they are one: fields have copies of them."""
    if not all(file.is_file() for file in given):  # a page may have been left open for longer than they are kept
        return None
    for index, files in enumerate(examples):
        if all(filecmp.cmp(*pair, shallow=False) for pair in zip(given, files, strict=True)):
            return index
    return None


def example_with_text(text: str, examples: Sequence[TextExample]) -> int | None:
    """Which example has this text, or one that a visitor made from it by a small edit."""
    similar = {index: _similarity(text, example.text) for index, example in enumerate(examples)}
    closest = max(similar, key=lambda index: similar[index], default=None)
    return closest if closest is not None and similar[closest] >= SMALL_EDIT else None


def _similarity(one: str, other: str) -> float:
    """1 for equal texts, 0 for texts without a common piece."""
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.ratio() if matcher.real_quick_ratio() >= SMALL_EDIT <= matcher.quick_ratio() else 0.0


def image_examples(task: str) -> tuple[ImageExample, ...]:
    return tuple(ImageExample(row["title"], FOLDER / task / row["file"], row["notice"]) for row in _rows(task))


def text_examples(task: str) -> tuple[TextExample, ...]:
    """`hide` names pieces of the text, each to be found once; `hide_bytes` byte ranges."""
    return tuple(TextExample(row["title"], row["text"], _spans(row), row["notice"]) for row in _rows(task))


def _rows(task: str) -> list[dict]:
    return json.loads((FOLDER / task / "examples.json").read_text(encoding="utf-8"))


def _spans(row: dict) -> tuple[tuple[int, int], ...]:
    raw = row["text"].encode("utf-8")
    spans = [tuple(span) for span in row.get("hide_bytes", [])]
    for piece in row.get("hide", []):
        start = raw.index(piece.encode("utf-8"))
        spans.append((start, start + len(piece.encode("utf-8"))))
    return tuple(sorted(spans))
