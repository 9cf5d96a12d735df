"""Flows in Portable Float Maps (.pfm), as FlyingThings3D has them: a text header, then float32 rows, last row first."""

import re

import numpy as np

from models.schema import InputError

HEAD = 128
"""Bytes that hold any header."""
_HEADER = re.compile(rb"(P[Ff])\s+(\d{1,9})\s+(\d{1,9})\s+([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s")
_CHANNELS = 3


def is_pfm(head: bytes) -> bool:
    return _HEADER.match(head) is not None


def pfm_shape(head: bytes) -> tuple[int, int]:
    """(height, width). Raises InputError for a map with a single channel."""
    kind, width, height, _ = _header(head).groups()
    if kind != b"PF":
        raise InputError("The .pfm file has a single channel, such as a disparity. A flow needs x and y.")
    return int(height), int(width)


def pfm_bytes(head: bytes) -> int:
    """Size that the file must have."""
    height, width = pfm_shape(head)
    return _header(head).end() + 4 * _CHANNELS * height * width


def from_pfm(data: bytes) -> np.ndarray:
    """float32 [height, width, 2], rows from the top down. The third channel is not part of the flow."""
    header = _header(data)
    order = "<" if float(header[4]) < 0 else ">"
    values = np.frombuffer(data, f"{order}f4", offset=header.end())
    return values.reshape(*pfm_shape(data), _CHANNELS)[::-1, :, :2].astype(np.float32)


def _header(head: bytes) -> re.Match[bytes]:
    found = _HEADER.match(head)
    assert found is not None  # noqa: S101
    return found
