"""What each data set consists of, without drawing it."""

import csv
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from models.schema import Build, DataSpec, InputError
from models.schema.build_one import MAX_POINTS, MAX_TABLE_BYTES, Data, Preprocessor

LETTERS = "ABCDEFGHIJKLMNOP"
NOTES = ("C4", "D4", "E4", "F4", "G4", "A4", "B4", "C5")
_DIGITS = tuple("0123456789")
MAX_ROWS, MAX_COLUMNS, MAX_CLASSES = 1_000, 40, 20
"""Limits of a table. Columns are counted as the model reads them: text becomes one column for each value."""
_VALIDATION = 5
"""One in this number of the visitor's own examples is for validation."""

IMAGES: tuple[Preprocessor, ...] = ("pixels", "conv1x1", "conv", "patches")
READABLE: Mapping[Data, tuple[Preprocessor, ...]] = MappingProxyType(
    {
        "digits": (*IMAGES, "text", "audio", "one_hot"),
        "reverse": ("text", "one_hot"),
        "sort": ("text", "one_hot"),
        "copy": ("text", "one_hot"),
        "motion": IMAGES,
        "tones": ("audio", "one_hot"),
        "digit_tone": ("multimodal",),
        "digit_tone_autoencoding": ("multimodal",),
        "points": ("audio", "text"),
        "picture": ("pixels", "conv1x1", "patches"),
        "table": ("audio", "text", "one_hot"),
    }
)
"""Preprocessors that can read each data set."""

_FIXED: Mapping[Data, DataSpec] = MappingProxyType(
    {
        "digits": DataSpec("Handwritten digits", {"image": (1, 8, 8)}, {"label": (10,)}, _DIGITS, rows=(1437, 360)),
        "motion": DataSpec(
            "Motion of a shape",
            {"image": (2, 12, 12)},
            {"flow": (12, 12, 2)},
            rows=(2048, 256),
            metric="end-point error",
        ),
        "tones": DataSpec("Tones", {"audio": (256,)}, {"label": (8,)}, NOTES, rows=(2048, 256)),
        "digit_tone": DataSpec(
            "Half a digit and a tone",
            {"audio": (128,), "image": (1, 8, 8)},
            {"label": (10,)},
            _DIGITS,
            rows=(1437, 360),
        ),
        "digit_tone_autoencoding": DataSpec(
            "Digit and tone, reconstructed",
            {"audio": (128,), "image": (1, 8, 8), "label": (10,)},
            {"audio": (128,), "image": (8, 8, 1), "label": (10,)},
            _DIGITS,
            rows=(1437, 360),
            metric="mean absolute error",
        ),
        "picture": DataSpec(
            "A picture as a function of coordinates",
            {"image": (3, 16, 16)},
            {"image": (16, 16, 3)},
            rows=(1, 1),
            metric="mean absolute error",
        ),
    }
)
_RULES: Mapping[str, str] = {"reverse": "Reverse letters", "sort": "Sort letters", "copy": "Copy letters"}


def spec_of(build: Build) -> DataSpec:
    """Raises InputError for points or a table that cannot be used."""
    if build.data in _FIXED:
        return _FIXED[build.data]
    if build.data in _RULES:
        inputs, outputs = (build.letters,), (build.letters, len(LETTERS))
        return DataSpec(
            _RULES[build.data], {"letters": inputs}, {"letters": outputs}, letters=LETTERS, rows=(4096, 512)
        )
    return _spec_of_points(build.points) if build.data == "points" else _spec_of_table(build.table)


def _spec_of_points(points: tuple[tuple[float, float, int], ...]) -> DataSpec:
    classes = sorted({point[2] for point in points}) or [0, 1]
    if points and not 10 <= len(points) <= MAX_POINTS:
        raise InputError(f"There are {len(points)} points. Draw 10 to {MAX_POINTS}.")
    if not all(-1 <= value <= 1 for point in points for value in point[:2]):
        raise InputError("The coordinates of points must be -1 to 1.")
    if len(classes) < 2 or classes != list(range(len(classes))):
        raise InputError("The points need two or more classes, numbered from 0. Draw points of each color.")
    labels = tuple(f"Class {number}" for number in classes)
    return DataSpec(
        "Points in the plane", {"values": (2,)}, {"label": (len(labels),)}, labels, rows=_split(len(points) or 200)
    )


@lru_cache(maxsize=16)
def _spec_of_table(text: str) -> DataSpec:
    if not text:
        labels = ("setosa", "versicolor", "virginica")
        return DataSpec("Irises, a table", {"values": (4,)}, {"label": (3,)}, labels, rows=_split(150))
    if len(text.encode()) > MAX_TABLE_BYTES:
        raise InputError(f"The table has {len(text.encode()):,} bytes. The limit is {MAX_TABLE_BYTES:,}.")
    header, *rows = [row for row in csv.reader(text.splitlines()) if row] or [[]]
    odd = next((row for row in rows if len(row) != len(header)), None)
    if odd is not None or len(header) < 2:
        raise InputError(
            "Each row of the table needs as many cells as the header, and two or more, separated by commas."
        )
    if not 20 <= len(rows) <= MAX_ROWS:
        raise InputError(f"The table has {len(rows)} rows below the header. Use 20 to {MAX_ROWS:,}.")
    *columns, classes = zip(*rows, strict=True)
    labels = tuple(sorted(set(classes)))
    if not 2 <= len(labels) <= MAX_CLASSES:
        raise InputError(
            f"The last column, {header[-1]!r}, has {len(labels)} different values. It is the class: use 2 to "
            f"{MAX_CLASSES}."
        )
    width = sum(1 if _is_number(column) else len(set(column)) for column in columns)
    if width > MAX_COLUMNS:
        raise InputError(f"The table has {width} columns of numbers and values of text. Use at most {MAX_COLUMNS}.")
    return DataSpec("Your table", {"values": (width,)}, {"label": (len(labels),)}, labels, rows=_split(len(rows)))


def _is_number(cells: tuple[str, ...]) -> bool:
    try:
        return all(abs(float(cell)) < 1e30 for cell in cells)  # NaN and infinity are no numbers here
    except ValueError:
        return False


def _split(rows: int) -> tuple[int, int]:
    return rows - rows // _VALIDATION, rows // _VALIDATION
