"""How much memory values take."""

import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass

import numpy as np
from PIL.Image import Image


def size_of(value: object) -> int:
    """Bytes that a value holds, in its arrays, images and texts."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, Image):
        return value.width * value.height * len(value.getbands())
    if isinstance(value, str | bytes):
        return sys.getsizeof(value)
    if is_dataclass(value) and not isinstance(value, type):
        return sum(size_of(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, Mapping):
        return sum(map(size_of, value.values()))
    if isinstance(value, tuple | list | frozenset):
        return sum(map(size_of, value))
    return 64
