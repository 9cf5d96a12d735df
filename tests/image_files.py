"""Pictures as files for tests: as Pillow writes them, and by hand what it does not write."""

import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models.data.images import open_image

COLORS = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
PICTURE = Image.fromarray(COLORS)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def opened(source: bytes | Path) -> np.ndarray:
    """uint8 [height, width, 3]"""
    image = open_image(source)
    assert image.mode == "RGB"
    return np.asarray(image)


def assert_close(found: np.ndarray, expected: Any, atol: int = 0) -> None:
    assert found.dtype == np.uint8
    np.testing.assert_allclose(found.astype(int), np.asarray(expected, dtype=int), rtol=0, atol=atol)


def gray(image: np.ndarray) -> np.ndarray:
    """[height, width] of a picture whose channels are equal."""
    assert (image == image[..., :1]).all()
    return image[..., 0]


def png(width: int, height: int, depth: int, color: int, rows: bytes, **chunks: bytes) -> bytes:
    """Written by hand: what Pillow does not write, and what is not there."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    between = b"".join(chunk(name.encode(), data) for name, data in chunks.items())
    data = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + between + data + chunk(b"IEND", b"")


def spy_on_decoders(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the decoders that Pillow makes from now on; it decodes nothing without one."""
    made, make = [], Image._getdecoder
    monkeypatch.setattr(Image, "_getdecoder", lambda mode, name, *rest: made.append(name) or make(mode, name, *rest))
    return made
