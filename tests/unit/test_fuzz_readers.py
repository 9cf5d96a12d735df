"""Any file is read or refused with `InputError`, in bounded time: small valid files of each kind, damaged at random."""

import time
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from PIL import Image

from models.data.csv_table import read_table
from models.data.flow_files import flo_bytes, read_flow
from models.data.images import is_animated, open_image
from models.data.labeled_rows import guess_columns, labeled_rows, texts_in
from models.data.media.reading import open_clip, read_frames
from models.data.media.sound import read_sound
from models.schema import InputError
from tests.clip_files import clip_bytes, numbered, tone

SECONDS = 5
"""Of the processor, for a file of a few kilobytes."""
EXAMPLES = 400
"""Files of each kind."""
TABLE = 'text,label\n"a, ""b""",yes\nc,no\n' * 4
PIXELS = np.arange(8 * 6 * 3, dtype=np.uint8).reshape(8, 6, 3)


def read_rows(file: Path) -> None:
    table = read_table(file, sample=True)
    text, label = guess_columns(table)
    for read in (partial(labeled_rows, table, text, label), partial(texts_in, table, text)):
        with suppress(InputError):
            read()


def read_picture(file: Path) -> None:
    is_animated(file)
    assert open_image(file).mode == "RGB"


def read_clip(file: Path) -> None:
    clip = open_clip(file)
    for read in (lambda: [*read_frames(clip, 0, clip.frames, 32)], lambda: read_sound(clip, 8000)):
        with suppress(InputError):
            read()


def table(encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    return TABLE.replace(",", delimiter).encode(encoding)


def workbook() -> bytes:
    book, file = Workbook(), BytesIO()
    for row in (["text", "label"], ["a", 1], ["b", True], ["c", 2.5]):
        book.worksheets[0].append(row)
    book.save(file)
    stored = BytesIO()  # without compression, so that damage reaches the XML
    with zipfile.ZipFile(file) as packed, zipfile.ZipFile(stored, "w") as plain:
        for name in packed.namelist():
            plain.writestr(name, packed.read(name))
    return stored.getvalue()


def kitti() -> bytes:
    return cv2.imencode(".png", np.full((4, 5, 3), 2**15, np.uint16))[1].tobytes()


def picture(kind: str, mode: str = "RGB", **options: Any) -> bytes:
    file = BytesIO()
    Image.fromarray(PIXELS).convert(mode).save(file, kind, **options)
    return file.getvalue()


def animation(kind: str) -> bytes:
    return picture(kind, save_all=True, append_images=[Image.fromarray(255 - PIXELS)], duration=80)


@dataclass(frozen=True)
class Kind:
    """files: by name, a function that makes a valid one."""

    read: Callable[[Path], object]
    files: Mapping[str, Callable[[], bytes]]


KINDS = {
    "tables": Kind(
        read_rows,
        {
            "csv": table,
            "utf-16": partial(table, "utf-16"),
            "semicolons": partial(table, "cp1252", ";"),
            "xlsx": workbook,
        },
    ),
    "flows": Kind(
        read_flow,
        {
            "flo": lambda: flo_bytes(np.ones((4, 5, 2), np.float32)),
            "pfm": lambda: b"PF\n5 4\n-1.0e0\n" + np.ones((4, 5, 3), "<f4").tobytes(),
            "kitti": kitti,
        },
    ),
    "images": Kind(
        read_picture,
        {
            "png": lambda: picture("PNG", "RGBA"),
            "jpeg": lambda: picture("JPEG", exif=Image.Exif().tobytes()),
            "gif": lambda: animation("GIF"),
            "webp": lambda: animation("WEBP"),
            "tiff": lambda: picture("TIFF", "CMYK", compression="tiff_lzw"),
            "gray": lambda: picture("TIFF", "I;16"),
            "bmp": lambda: picture("BMP", "P"),
            "ico": lambda: picture("ICO", sizes=[(4, 4)]),
            "ppm": lambda: picture("PPM"),
        },
    ),
    "clips": Kind(
        read_clip,
        {
            "mp4": lambda: clip_bytes(frames=[numbered(n, (32, 32)) for n in range(3)], sound=tone(440, 0.1, 48_000)),
            "webm": lambda: clip_bytes("webm", "libvpx", [numbered(n, (32, 32)) for n in range(3)]),
            "gif": lambda: animation("GIF"),
        },
    ),
}


@st.composite
def damaged(draw: st.DrawFn, files: list[bytes]) -> bytes:
    """One of the files with bytes replaced, removed or repeated, or any bytes."""
    data = bytearray(draw(st.sampled_from([b"", *files])))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        stop = min(len(data), start + draw(st.integers(0, 8)))
        data[start:stop] = draw(
            st.one_of(
                st.binary(max_size=8),
                st.sampled_from([b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0", b"99999999", b"-1", b"nan"]),
                st.sampled_from([b'"', b",", b"\n", b"\t", b".1", b"e9", b" ", b"</c>"]),
                st.just(bytes(data[start : start + 64])),
            )
        )
        if draw(st.integers(0, 7)) == 7:
            del data[draw(st.integers(0, len(data))) :]
    return bytes(data)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow tells of damage
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_read_or_refused(kind: str, tmp_path: Path) -> None:
    file, files = tmp_path / "file", [make() for make in KINDS[kind].files.values()]

    @settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(damaged(files))
    def check(data: bytes) -> None:
        file.write_bytes(data)
        began = time.process_time()
        with suppress(InputError):
            KINDS[kind].read(file)
        assert time.process_time() - began < SECONDS

    for data in files:
        file.write_bytes(data)
        KINDS[kind].read(file)  # the undamaged files are read
    check()
