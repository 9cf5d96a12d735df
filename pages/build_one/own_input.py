"""Inputs of the visitor for a trained model: a drawn digit, letters, or a point."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from models.data.build_one.sketch import Stroke, digit_of
from models.schema import DataSpec, InputError

Kind = Literal["sketch", "typed", ""]
"""What a visitor gives: a drawing, or text; nothing for data that cannot be given by hand."""


def kind_of(spec: DataSpec) -> Kind:
    if spec.inputs.get("image") == (1, 8, 8):
        return "sketch"
    return "typed" if "letters" in spec.inputs or spec.inputs.get("values") == (2,) else ""


def example_text(spec: DataSpec) -> str:
    """A text to start from."""
    return (spec.letters * 2)[3 : 3 + spec.inputs["letters"][0]] if "letters" in spec.inputs else "0.5, -0.2"


def own_inputs(spec: DataSpec, sketch: Sequence[Stroke], typed: str) -> dict[Any, np.ndarray]:
    """Raises InputError for what the model cannot read."""
    if kind_of(spec) == "sketch":
        return {"image": digit_of(sketch)}
    return {"letters": _letters(spec, typed)} if "letters" in spec.inputs else {"values": _point(typed)}


def _letters(spec: DataSpec, typed: str) -> np.ndarray:
    found, (length,) = "".join(typed.upper().split()), spec.inputs["letters"]
    if len(found) != length or set(found) - set(spec.letters):
        raise InputError(f"Type {length} letters from {spec.letters[0]} to {spec.letters[-1]}, not {typed!r}.")
    return np.array([spec.letters.index(letter) for letter in found], np.int64)


def _point(typed: str) -> np.ndarray:
    try:
        x, y = map(float, typed.split(","))
    except ValueError:
        raise InputError(f"Type two numbers from -1 to 1 with a comma between them, not {typed!r}.") from None
    return np.clip(np.array([x, y], np.float32), -1, 1)
