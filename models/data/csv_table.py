"""Tables: reads uploaded CSV and Excel files and writes files that are safe to open in a spreadsheet.

Rows are numbered as in a spreadsheet: the header is row 1, and a line break within a quoted cell starts no new row.
"""

import codecs
import csv
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Literal

from models.data.decoding import decode
from models.data.spreadsheet import MARK, sheet_rows
from models.schema import InputError

MAX_BYTES = 32 * 2**20
MAX_ROWS = 2000
MAX_COLUMNS = 50
LONGEST_CELL = 10_000
"""Characters of the longest cell."""
LONGEST_NAME = 60
"""Characters of the longest column name; longer ones are probably text."""

_Record = tuple[int, list[str]]
"""Number of a row, and its cells."""
_Dialect = tuple[str, Literal[0, 3]]
"""Delimiter, and how csv treats quotation marks."""
_DIALECTS: tuple[_Dialect, ...] = (*((delimiter, csv.QUOTE_MINIMAL) for delimiter in ",;\t|"), ("\t", csv.QUOTE_NONE))
_SEPARATOR = re.compile(r'"?sep=(.)"?[ ,;\t]*(\r\n|\r|\n|$)', re.IGNORECASE)
_SNIFFED = 10_000  # records that the delimiter is detected from
_MAX_LABELS = 20  # most different values in a column of labels
_XLS = b"\xd0\xcf\x11\xe0"
# OWASP, "CSV Injection"; the last four are their full-width forms.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

_HEADER = "The first row must contain the column names."
_NO_HEADER = "The first row looks like data, so that the columns are numbered and all rows are used."
_INDEX = "The first column, which only numbers the rows, is left out."
_OLD_EXCEL = 'The file is an old Excel file. Save it as .xlsx, or in the format "CSV UTF-8".'

csv.field_size_limit(MAX_BYTES)  # a longer cell is a problem of its row, not of the file


@dataclass(frozen=True, slots=True)
class RowNote:
    """A remark on a row.

    message: a full sentence that names the row.
    """

    row: int
    message: str


@dataclass(frozen=True, slots=True)
class TableRow:
    """cells: one per column."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """columns: their names, all different.

    rows: rows that match the columns; empty rows are skipped.
    problems: remarks on the rows that do not match.
    delimiter, encoding: as detected. notices: what was guessed, and what is left out.

    Cells are the text of the file, including formulas.
    """

    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]
    problems: tuple[RowNote, ...]
    delimiter: str
    encoding: str
    notices: tuple[str, ...] = ()

    def column(self, name: str) -> tuple[str, ...]:
        """Cells of a column, one per row. Raises InputError if there is no such column."""
        if name not in self.columns:
            raise InputError(
                f"There is no column {quoted(name)}. The columns are {', '.join(map(quoted, self.columns))}."
            )
        index = self.columns.index(name)
        return tuple(row.cells[index] for row in self.rows)


def read_table(path: Path, sample: bool = False) -> Table:
    """Reads a table: CSV in any usual encoding and with any usual delimiter, or the first sheet of an Excel file.

    sample: of more than MAX_ROWS rows, take as many at random; else they are refused.

    Raises InputError for any other file. The size is checked before the file is read.
    """
    data = _content(path)
    if data.startswith(MARK):
        records, delimiter, encoding, notices = enumerate(sheet_rows(data), 1), "", "Excel", []
    elif data.startswith(_XLS):
        raise InputError(_OLD_EXCEL)
    else:
        decoded = decode(data)
        (delimiter, quoting), text = _dialect_of(decoded.text)
        records, encoding = _records(text, (delimiter, quoting)), decoded.encoding
        notices = [f"The encoding is not named in the file; {encoding} is a guess."] if decoded.guessed else []
    rows = [(number, cells) for number, cells in records if _has_content(cells)]
    if _has_index(rows):
        rows = [(number, cells[1:]) for number, cells in rows]
        notices.append(_INDEX)
    columns, rows = _with_columns(rows, notices)
    kept = _limited(rows, sample, notices)
    good, problems = _split_rows(kept, len(columns))
    if not good and not problems:
        raise InputError(f"The table has a single row. {_HEADER} Add rows below it.")
    if not good:
        raise InputError(f"No row of the table can be read. {problems[0].message}")
    return Table(columns, tuple(good), tuple(problems), delimiter, encoding, tuple(notices))


def _content(path: Path) -> bytes:
    try:
        _check_size(path.stat().st_size)
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise InputError("The file is no longer available. Upload it again.") from error
    except OSError as error:
        raise InputError("The file cannot be read.") from error
    _check_size(len(data))  # the file may have grown since
    return data


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[str | int | float]]) -> bytes:
    """UTF-8 with a BOM, so that spreadsheets detect the encoding; lines end with CR LF (RFC 4180).

    Text that a spreadsheet would evaluate as a formula is prefixed with an apostrophe, and all text is quoted, so that
    no character in it starts a new cell. Numbers are written unquoted.
    """
    file = StringIO(newline="")
    writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow([_escaped(name) for name in columns])
    writer.writerows([_escaped(cell) for cell in row] for row in rows)
    return codecs.BOM_UTF8 + file.getvalue().encode("utf-8")


def quoted(value: str) -> str:
    """A value for a message: on one line, and no longer than a column name."""
    line = " ".join(value.split())
    return f'"{line if len(line) <= LONGEST_NAME else line[: LONGEST_NAME - 1] + "…"}"'


def _escaped(cell: str | int | float) -> str | int | float:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


# Bytes


def _check_size(size: int) -> None:
    if size == 0:
        raise InputError("The file is empty (0 bytes). Upload it again.")
    if size > MAX_BYTES:
        raise InputError(
            f"The file is too large: {size / 2**20:,.1f} MiB. The limit is {MAX_BYTES // 2**20} MiB. Remove some rows."
        )


# Records


def _records(text: str, dialect: _Dialect) -> Iterator[tuple[int, list[str]]]:
    """Yields (row number, cells). Strict, since an unclosed quotation mark would swallow all rows below it."""
    delimiter, quoting = dialect
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            yield number, cells
    except csv.Error as error:
        unclosed = "end of data" in str(error)
        fault = (
            "a quotation mark in it is never closed"
            if unclosed
            else "text follows the closing quotation mark of a cell"
        )
        raise InputError(
            f"Row {number + 1:,} cannot be read: {fault}. Double the quotation marks within quoted cells."
        ) from error


def _dialect_of(text: str) -> tuple[_Dialect, str]:
    """The dialect, and the text without a first line that names it, which spreadsheets do not show.

    Without such a line: the one that splits the header and for which most rows have as many cells as the header.
    """
    if named := _SEPARATOR.match(text):
        return (named[1], csv.QUOTE_MINIMAL), text[named.end() :]
    return max(_DIALECTS, key=lambda dialect: _fit(text, dialect)), text


def _fit(text: str, dialect: _Dialect) -> tuple[bool, int]:
    """Whether a dialect splits the header, and how many of the first non-empty rows have its width."""
    widths: list[int] = []
    with suppress(InputError):  # errors are reported when the rows are read
        for _, cells in islice(_records(text, dialect), _SNIFFED):
            if _has_content(cells):
                widths.append(len(cells))
    return (widths[0] > 1, widths.count(widths[0])) if widths else (False, 0)


def _has_content(cells: Sequence[str]) -> bool:
    return any(map(str.strip, cells))


# Columns and rows


def _has_index(rows: list[_Record]) -> bool:
    """Whether the first column has no name and numbers the rows, as pandas writes it."""
    if len(rows) < 2 or len(rows[0][1]) < 2 or rows[0][1][0].strip():
        return False
    return [cells[0].strip() for _, cells in rows[1:]] == [str(number) for number in range(len(rows) - 1)]


def _with_columns(rows: list[_Record], notices: list[str]) -> tuple[tuple[str, ...], list[_Record]]:
    """Column names and the rows below them; columns without a name are numbered."""
    if not rows:
        raise InputError(f"The file has no table, only blank cells. {_HEADER}")
    (number, header), *below = rows
    if len(header) > MAX_COLUMNS:
        raise InputError(f"The table has {len(header):,} columns. The limit is {MAX_COLUMNS}. Remove some columns.")
    names = [name.strip() for name in header]
    if below and _is_data(names, below):
        notices.append(_NO_HEADER)
        names, below = [""] * len(header), rows
    names = [name or f"column {place}" for place, name in enumerate(names, 1)]
    if twice := next((name for place, name in enumerate(names) if name in names[:place]), None):
        raise InputError(f"{_HEADER} Row {number} has {quoted(twice)} twice. Rename one of them.")
    return tuple(names), below


def _is_data(names: list[str], below: list[_Record]) -> bool:
    """Whether the first row is one of the data: it has a text, or one of few values that a column has."""
    if any(len(name) > LONGEST_NAME for name in names):
        return True
    for index, name in enumerate(names):
        values = {cells[index].strip() for _, cells in below if len(cells) == len(names)}
        if name in values and len(values) <= _MAX_LABELS:
            return True
    return False


def _limited(rows: list[_Record], sample: bool, notices: list[str]) -> list[_Record]:
    """At most MAX_ROWS rows, in their order."""
    if len(rows) <= MAX_ROWS:
        return rows
    if not sample:
        raise InputError(
            f"The table has {len(rows):,} rows below its header. The limit is {MAX_ROWS:,}. Remove some rows."
        )
    notices.append(f"The table has {len(rows):,} rows; a random sample of {MAX_ROWS:,} is used.")
    return sorted(random.Random(0).sample(rows, MAX_ROWS))  # noqa: S311


def _split_rows(records: Iterable[_Record], width: int) -> tuple[list[TableRow], list[RowNote]]:
    """Rows of this width, and remarks on the others."""
    rows: list[TableRow] = []
    problems: list[RowNote] = []
    for number, cells in records:
        while len(cells) > width and not cells[-1]:  # spreadsheets write cells that were cleared
            cells.pop()
        if fault := _fault(cells, width):
            problems.append(RowNote(number, f"Row {number:,} {fault}"))
        else:
            rows.append(TableRow(number, tuple(cells)))
    return rows, problems


def _fault(cells: list[str], width: int) -> str:
    has = f"has {len(cells):,} {'cell' if len(cells) == 1 else 'cells'} but the header has {width}"
    if len(cells) > width:
        return f"{has}. Put text that contains the delimiter in quotation marks."
    if len(cells) < width:
        return f"{has}. Add the missing cells."
    longest = max(map(len, cells))
    if longest > LONGEST_CELL:
        return f"has a cell of {longest:,} characters. The limit is {LONGEST_CELL:,}. Shorten or split it."
    return ""
