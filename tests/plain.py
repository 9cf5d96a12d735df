"""Requests and results as values that compare."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any

import numpy as np
from PIL import Image

TIMES = frozenset({"seconds", "seconds_left", "first_seconds", "tokens_per_second"})
"""Fields that differ from run to run."""


def plain(value: Any, without: frozenset[str] = frozenset()) -> Any:
    """Any request or result as tuples that compare by value; NaN equals NaN. without: fields that are left out."""
    each_plain = partial(plain, without=without)
    match value:
        case np.ndarray():
            return value.dtype.str, value.shape, value.tobytes()
        case Image.Image():
            return value.mode, value.size, value.tobytes()
        case Mapping():
            return tuple((key, each_plain(each)) for key, each in value.items())
        case tuple() | list():
            return type(value), tuple(map(each_plain, value))
        case float():
            return repr(value)
        case _ if is_dataclass(value):
            names = [field.name for field in fields(value) if field.name not in without]
            return type(value), tuple(each_plain(getattr(value, name)) for name in names)
    return value
