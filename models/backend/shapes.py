"""Sizes of all models, recorded in a file: a page is built from them before torch is imported."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from models.schema import ModelShape, Weights

RECORD = Path(__file__).parents[2] / "assets" / "model_shapes.json"
"""Written by `tools/model_shapes.py`."""
ShapeKey = tuple[str, Weights, str]
"""(task, weights, variant)."""


class Shapes(Mapping[ShapeKey, ModelShape]):
    """Recorded shapes, and shapes of the models that replace published ones, each computed on first use.

    folders: replacements for hub ids. compute: reads the shape of a replacement from its config.
    """

    def __init__(self, folders: Mapping[str, Path], compute: Callable[[ShapeKey], ModelShape]):
        self._folders, self._compute = folders, compute
        self._lock = threading.Lock()
        self._computed: dict[ShapeKey, ModelShape] = {}

    def __getitem__(self, key: ShapeKey) -> ModelShape:
        shape = recorded()[key]
        if shape.name not in self._folders:
            return shape
        with self._lock:
            if key not in self._computed:
                self._computed[key] = self._compute(key)
            return self._computed[key]

    def __iter__(self) -> Iterator[ShapeKey]:
        return iter(recorded())

    def __len__(self) -> int:
        return len(recorded())

    def __reduce__(self) -> tuple[type[dict], tuple[dict]]:
        """Pickles as a plain dict, since the receiver may not have torch."""
        return dict, (dict(self),)


@cache
def recorded() -> Mapping[ShapeKey, ModelShape]:
    entries = json.loads(RECORD.read_text(encoding="utf-8"))
    read = TypeAdapter(ModelShape).validate_python
    return {(entry["task"], entry["weights"], entry["variant"]): read(entry["shape"]) for entry in entries}
