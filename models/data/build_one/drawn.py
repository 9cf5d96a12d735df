"""Examples of a data set, split into training and validation."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from models.data.build_one import sets
from models.data.build_one.specs import spec_of
from models.schema import Build
from models.schema.build_one import Modality, Output

SHOWN_ROWS = 128
"""Validation examples that the loss and the score are computed from: an evaluation takes about as long as an update."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Inputs and targets by name, one example per row; see `DataSpec` for their shapes."""

    inputs: Mapping[Modality, np.ndarray]
    targets: Mapping[Output, np.ndarray]

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())))

    def rows(self, chosen: slice | np.ndarray) -> "Examples":
        return Examples(
            {name: values[chosen] for name, values in self.inputs.items()},
            {name: values[chosen] for name, values in self.targets.items()},
        )


def draw(build: Build) -> tuple[Examples, Examples]:
    """Training and validation examples. Raises InputError for the visitor's data if they cannot be used."""
    training, validation = spec_of(build).rows
    examples = _drawn(*drawing(build))
    return examples.rows(slice(0, training)), examples.rows(slice(training, training + validation))


def drawing(build: Build) -> tuple[str, tuple[object, ...]]:
    """Name of the function of `sets`, and its arguments."""
    match build.data:
        case "reverse" | "sort" | "copy":
            return "sequences", (build.data, build.letters)
        case "digit_tone" | "digit_tone_autoencoding":
            return "digit_tone", (build.data == "digit_tone_autoencoding",)
        case "points":
            return "points", (build.points,)
        case "table":
            return "table", (build.table,)
        case name:
            return name, ()


@lru_cache(maxsize=8)
def _drawn(name: str, arguments: tuple[object, ...]) -> Examples:
    return Examples(*getattr(sets, name)(*arguments))
