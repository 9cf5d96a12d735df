"""The examples of a task: `assets/examples/<task>/examples.json`, written by the project."""

import json
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "assets" / "examples"


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
