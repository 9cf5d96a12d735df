"""Builds to start from."""

import hashlib
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from models.schema import Build, Training
from models.schema.build_one import Data

_LETTERS: dict[str, Any] = {
    "preprocessor": "text",
    "positions": "learned",
    "combine": "add",
    "input_channels": 64,
    "decoder": "basic",
    "initial_std": 0.5,
}
_NUMBERS: dict[str, Any] = {"preprocessor": "audio", "positions": "learned", "samples": 1, "initial_std": 0.5}
_TONE: dict[str, Any] = {"preprocessor": "multimodal", "patch": 2, "input_channels": 32, "initial_std": 0.5}
_PRESETS: dict[Data, dict[str, Any]] = {
    "digits": {},
    "reverse": _LETTERS,
    "sort": _LETTERS | {"latents": 8},
    "copy": _LETTERS,
    "motion": {"decoder": "optical_flow", "latents": 24},
    "tones": {"preprocessor": "audio", "samples": 16},
    "digit_tone": _TONE,
    "digit_tone_autoencoding": _TONE | {"decoder": "multimodal", "postprocessor": "multimodal"},
    "points": _NUMBERS,
    "picture": {"decoder": "optical_flow"},
    "table": _NUMBERS,
}


def preset(data: Data) -> tuple[Build, Training]:
    """Parts that learn a data set in a few hundred steps."""
    return Build(data=data, **_PRESETS[data]), Training()


def sweep(build: Build, setting: str, values: Sequence[Any]) -> tuple[Build, ...]:
    """The same build with each value of a setting."""
    return tuple(replace(build, **{setting: value}) for value in values)


def fingerprint(build: Build, training: Training) -> str:
    """Identifies what a `TrainingState` belongs to: 16 hexadecimal digits."""
    values = [(field.name, getattr(each, field.name)) for each in (build, training) for field in fields(each)]
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]
