"""Tables that visitors bring and take away: CSV files, read with care and written so that no spreadsheet runs them.

Rows are numbered as a spreadsheet numbers them: the header is row 1, and a line break in a quoted cell starts no row.
"""

import codecs
import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from pathlib import Path

from models.schema import InputError

MAX_BYTES = 5 * 2**20
MAX_ROWS = 2000
MAX_COLUMNS = 50
LONGEST_CELL = 10_000
"""Characters of a cell."""
LONGEST_NAME = 60
"""Characters of a column's name: what is longer is text."""

_DELIMITERS = ",;\t"
_SNIFFED = 100  # records that the delimiter is told from
_MAX_LABELS = 20  # different values of a column that may be one of labels
_ENCODINGS = (  # by the mark at the beginning; without one, UTF-8
    (codecs.BOM_UTF8, "UTF-8 with BOM", "utf-8"),
    (codecs.BOM_UTF16_LE, "UTF-16", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "UTF-16", "utf-16-be"),
)
_SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .ods, which are zip archives; .xls
# OWASP, "CSV Injection"; the last four are the same signs at full width.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

_HEADER = "The first row of a table has to name its columns."
_SAVE_AS = 'In a spreadsheet, choose "Save as" or "Export" and the format "CSV UTF-8".'


@dataclass(frozen=True, slots=True)
class RowNote:
    """What is to be said of a row: a full sentence that names it."""

    row: int
    message: str


@dataclass(frozen=True, slots=True)
class TableRow:
    """cells: as many as the table has columns."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """columns: their names, all different. rows: those that fit them. problems: of the rows that do not.

    Cells are as they are in the file, formulas included: they are text here. Rows without anything in them are passed
    over. delimiter, encoding: what was noticed, to be shown.
    """

    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]
    problems: tuple[RowNote, ...]
    delimiter: str
    encoding: str

    def column(self, name: str) -> tuple[str, ...]:
        """Its cells, row by row. Raises InputError where there is no such column."""
        if name not in self.columns:
            raise InputError(
                f"There is no column {quoted(name)}. The first row names: {', '.join(map(quoted, self.columns))}."
            )
        index = self.columns.index(name)
        return tuple(row.cells[index] for row in self.rows)


def read_table(path: Path) -> Table:
    """A CSV file with names of columns in its first row: UTF-8 or UTF-16 with its mark; comma, semicolon or tab.

    Raises InputError, in words for the visitor, for whatever else the file is; its size is checked before it is read.
    """
    try:
        _check_size(path.stat().st_size)
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise InputError("This file is no longer kept here: choose it again.") from error
    except OSError as error:
        raise InputError("This file cannot be read.") from error
    _check_size(len(data))  # it may have been written to meanwhile
    text, encoding = _decoded(data)
    delimiter = _delimiter_of(text)
    records = ((number, cells) for number, cells in _records(text, delimiter) if _has_content(cells))
    first, header = next(records, (0, []))
    columns = _columns(header, first)
    rows, problems = _sorted_out(records, len(columns))
    _check_rows(columns, rows, problems, first)
    return Table(columns, tuple(rows), tuple(problems), delimiter, encoding)


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[str | int | float]]) -> bytes:
    """UTF-8 with the mark by which spreadsheets know it; lines end with CR LF (RFC 4180).

    A text that a spreadsheet would take for a formula gets an apostrophe before it, and every text is in quotation
    marks, so that no sign in it starts another cell. Numbers are written as they are.
    """
    file = StringIO(newline="")
    writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow([_escaped(name) for name in columns])
    writer.writerows([_escaped(cell) for cell in row] for row in rows)
    return codecs.BOM_UTF8 + file.getvalue().encode("utf-8")


def quoted(value: str) -> str:
    """As it is shown in a message: on one line, and not longer than a name."""
    line = " ".join(value.split())
    return f'"{line if len(line) <= LONGEST_NAME else line[: LONGEST_NAME - 1] + "…"}"'


def _escaped(cell: str | int | float) -> str | int | float:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


# Bytes


def _check_size(size: int) -> None:
    if size == 0:
        raise InputError("This file is empty: it has 0 bytes. Was the upload interrupted?")
    if size > MAX_BYTES:
        raise InputError(
            f"This file is too large: {size / 2**20:,.1f} MiB, and at most {MAX_BYTES // 2**20} MiB are read. "
            "Nothing was cut: take a part of its rows."
        )


def _decoded(data: bytes) -> tuple[str, str]:
    """The text and the name of its encoding, which is never guessed."""
    if data.startswith(_SPREADSHEETS):
        raise InputError(
            f"This is a spreadsheet (or another archive), not a CSV file, whatever its name says. {_SAVE_AS}"
        )
    mark, name, codec = next((known for known in _ENCODINGS if data.startswith(known[0])), (b"", "UTF-8", "utf-8"))
    try:
        text = data[len(mark) :].decode(codec)
    except UnicodeDecodeError as error:
        before = data[len(mark) : len(mark) + error.start].decode(codec, errors="replace")
        at, wrong = len(mark) + error.start, error.object[error.start]
        raise InputError(
            f"This file is not {name}: its byte {at + 1:,}, in line {_lines(before)}, is 0x{wrong:02X}, which cannot "
            f"stand there. It was saved in another encoding, which is not guessed at, or is no text. {_SAVE_AS}"
        ) from None
    if "\0" in text:
        line = _lines(text[: text.index("\0")])
        raise InputError(
            f"This is no CSV file, or not in UTF-8: in line {line} there is a zero byte, which no text has. {_SAVE_AS}"
        )
    return text, name


def _lines(before: str) -> str:
    """The number of the line that ends `before`."""
    return f"{before.count(chr(10)) + 1:,}"


# Records


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(row number, cells). Strict: a quotation mark that is never closed would swallow all rows below."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            yield number, cells
    except csv.Error as error:
        if "end of data" in str(error):
            fault = "a quotation mark opens a cell there and is never closed"
        elif "limit" in str(error):
            fault = "a cell in it does not end. Is a quotation mark there never closed?"
        else:
            fault = "after the quotation mark that closes a cell, there is more text"
        raise InputError(
            f"Row {number + 1:,} cannot be read: {fault}. A quotation mark inside of a quoted cell is written twice."
        ) from error


def _delimiter_of(text: str) -> str:
    """One that parts the header, if any does, and by which most rows have as many cells as the header."""
    return max(_DELIMITERS, key=lambda delimiter: _fit(text, delimiter))


def _fit(text: str, delimiter: str) -> tuple[bool, int]:
    """Whether it parts the header, and how many of the first rows that are not blank are as wide."""
    widths: list[int] = []
    with suppress(InputError):  # what cannot be read is said when the rows are
        for _, cells in islice(_records(text, delimiter), _SNIFFED):
            if _has_content(cells):
                widths.append(len(cells))
    return (widths[0] > 1, widths.count(widths[0])) if widths else (False, 0)


def _has_content(cells: Sequence[str]) -> bool:
    return any(map(str.strip, cells))


# Columns and rows


def _columns(header: list[str], number: int) -> tuple[str, ...]:
    """The names; a column without one is called by its place."""
    if not header:
        raise InputError(f"This file holds no table: nothing but blanks. {_HEADER}")
    if len(header) > MAX_COLUMNS:
        raise InputError(f"This table has {len(header):,} columns, and at most {MAX_COLUMNS} are read.")
    names = [name.strip() or f"column {place}" for place, name in enumerate(header, 1)]
    for place, name in enumerate(names, 1):
        if len(name) > LONGEST_NAME:
            raise InputError(f"{_HEADER} Row {number}, column {place} holds a text instead: {quoted(name)}.")
        if names.index(name) + 1 < place:
            raise InputError(f"{_HEADER} Row {number} has {quoted(name)} twice.")
    return tuple(names)


def _sorted_out(records: Iterable[tuple[int, list[str]]], width: int) -> tuple[list[TableRow], list[RowNote]]:
    """Rows of this width, and what is wrong with the others. Counts on where there are too many, to say how many."""
    rows: list[TableRow] = []
    problems: list[RowNote] = []
    count = 0
    for number, cells in records:
        count += 1
        if count > MAX_ROWS:
            continue
        while len(cells) > width and not cells[-1]:  # what spreadsheets leave of cells that have been emptied
            cells.pop()
        if fault := _fault(cells, width):
            problems.append(RowNote(number, f"Row {number:,} {fault}"))
        else:
            rows.append(TableRow(number, tuple(cells)))
    if count > MAX_ROWS:
        raise InputError(
            f"This table has {count:,} rows below its header, and at most {MAX_ROWS:,} are read. "
            "Nothing was cut: take a part of them."
        )
    return rows, problems


def _fault(cells: list[str], width: int) -> str:
    has = f"has {len(cells):,} {'cell' if len(cells) == 1 else 'cells'}, and the header {width}"
    if len(cells) > width:
        return f"{has}: put a text that holds the separator in quotation marks."
    if len(cells) < width:
        return f"{has}: one is missing."
    longest = max(map(len, cells))
    if longest > LONGEST_CELL:
        return f"has a cell of {longest:,} characters, and at most {LONGEST_CELL:,} are read: shorten or part it."
    return ""


def _check_rows(columns: tuple[str, ...], rows: list[TableRow], problems: list[RowNote], first: int) -> None:
    """Raises InputError where no row can be used, and where the header looks like one of the rows."""
    if not rows and not problems:
        raise InputError(f"This table has one row only, and none below it. {_HEADER}")
    if not rows:
        raise InputError(f"No row of this table can be read. {problems[0].message}")
    for index, name in enumerate(columns):
        cells = [row.cells[index].strip() for row in rows]
        if name in cells and len(set(cells)) <= _MAX_LABELS:
            again = rows[cells.index(name)].number
            raise InputError(
                f"{_HEADER} Its row {first} looks like data: {quoted(name)} stands in row {again:,} again."
            )
