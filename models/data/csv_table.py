"""CSV tables: reads uploaded files and writes files that are safe to open in a spreadsheet.

Rows are numbered as in a spreadsheet: the header is row 1, and a line break within a quoted cell starts no new row.
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
"""Characters of the longest cell."""
LONGEST_NAME = 60
"""Characters of the longest column name; longer ones are probably text."""

_DELIMITERS = ",;\t"
_SNIFFED = 100  # records that the delimiter is detected from
_MAX_LABELS = 20  # most different values in a column of labels
_ENCODINGS = (  # detected by the BOM; without one, UTF-8
    (codecs.BOM_UTF8, "UTF-8 with BOM", "utf-8"),
    (codecs.BOM_UTF16_LE, "UTF-16", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "UTF-16", "utf-16-be"),
)
_SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .ods, which are zip archives; .xls
# OWASP, "CSV Injection"; the last four are their full-width forms.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

_HEADER = "The first row must contain the column names."
_SAVE_AS = 'Save it from the spreadsheet in the format "CSV UTF-8".'


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
    delimiter, encoding: as detected.

    Cells are the text of the file, including formulas.
    """

    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]
    problems: tuple[RowNote, ...]
    delimiter: str
    encoding: str

    def column(self, name: str) -> tuple[str, ...]:
        """Cells of a column, one per row. Raises InputError if there is no such column."""
        if name not in self.columns:
            raise InputError(
                f"There is no column {quoted(name)}. The columns are {', '.join(map(quoted, self.columns))}."
            )
        index = self.columns.index(name)
        return tuple(row.cells[index] for row in self.rows)


def read_table(path: Path) -> Table:
    """Reads a CSV file whose first row names the columns: UTF-8, or UTF-16 with a BOM; comma, semicolon or tab.

    Raises InputError for any other file. The size is checked before the file is read.
    """
    try:
        _check_size(path.stat().st_size)
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise InputError("The file is no longer available. Upload it again.") from error
    except OSError as error:
        raise InputError("The file cannot be read.") from error
    _check_size(len(data))  # the file may have grown since
    text, encoding = _decoded(data)
    delimiter = _delimiter_of(text)
    records = ((number, cells) for number, cells in _records(text, delimiter) if _has_content(cells))
    first, header = next(records, (0, []))
    columns = _columns(header, first)
    rows, problems = _split_rows(records, len(columns))
    _check_rows(columns, rows, problems, first)
    return Table(columns, tuple(rows), tuple(problems), delimiter, encoding)


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


def _decoded(data: bytes) -> tuple[str, str]:
    """Text and name of the encoding, which is never guessed."""
    if data.startswith(_SPREADSHEETS):
        raise InputError(f"The file is a spreadsheet or another archive, not a CSV file. {_SAVE_AS}")
    mark, name, codec = next((known for known in _ENCODINGS if data.startswith(known[0])), (b"", "UTF-8", "utf-8"))
    try:
        text = data[len(mark) :].decode(codec)
    except UnicodeDecodeError as error:
        before = data[len(mark) : len(mark) + error.start].decode(codec, errors="replace")
        at, wrong = len(mark) + error.start, error.object[error.start]
        raise InputError(
            f"The file is not valid {name}: byte {at + 1:,}, in line {_lines(before)}, is 0x{wrong:02X}. It has "
            f"another encoding or is not a text file. {_SAVE_AS}"
        ) from None
    if "\0" in text:
        line = _lines(text[: text.index("\0")])
        raise InputError(f"The file is not a CSV file in UTF-8: line {line} has a zero byte. {_SAVE_AS}")
    return text, name


def _lines(before: str) -> str:
    """Number of the line that `before` ends in."""
    return f"{before.count(chr(10)) + 1:,}"


# Records


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yields (row number, cells). Strict, since an unclosed quotation mark would swallow all rows below it."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            yield number, cells
    except csv.Error as error:
        if "end of data" in str(error):
            fault = "a quotation mark in it is never closed"
        elif "limit" in str(error):
            fault = "one of its cells is too long. A quotation mark may be unclosed"
        else:
            fault = "there is text after the closing quotation mark of a cell"
        raise InputError(
            f"Row {number + 1:,} cannot be read: {fault}. Double the quotation marks within quoted cells."
        ) from error


def _delimiter_of(text: str) -> str:
    """The delimiter that splits the header and for which most rows have as many cells as the header."""
    return max(_DELIMITERS, key=lambda delimiter: _fit(text, delimiter))


def _fit(text: str, delimiter: str) -> tuple[bool, int]:
    """Whether a delimiter splits the header, and how many of the first non-empty rows have its width."""
    widths: list[int] = []
    with suppress(InputError):  # errors are reported when the rows are read
        for _, cells in islice(_records(text, delimiter), _SNIFFED):
            if _has_content(cells):
                widths.append(len(cells))
    return (widths[0] > 1, widths.count(widths[0])) if widths else (False, 0)


def _has_content(cells: Sequence[str]) -> bool:
    return any(map(str.strip, cells))


# Columns and rows


def _columns(header: list[str], number: int) -> tuple[str, ...]:
    """Column names; a column without a name is called by its number."""
    if not header:
        raise InputError(f"The file has no table, only blank cells. {_HEADER}")
    if len(header) > MAX_COLUMNS:
        raise InputError(f"The table has {len(header):,} columns. The limit is {MAX_COLUMNS}. Remove some columns.")
    names = [name.strip() or f"column {place}" for place, name in enumerate(header, 1)]
    for place, name in enumerate(names, 1):
        if len(name) > LONGEST_NAME:
            raise InputError(f"{_HEADER} Column {place} of row {number} contains text instead: {quoted(name)}.")
        if names.index(name) + 1 < place:
            raise InputError(f"{_HEADER} Row {number} has {quoted(name)} twice. Rename one of them.")
    return tuple(names)


def _split_rows(records: Iterable[tuple[int, list[str]]], width: int) -> tuple[list[TableRow], list[RowNote]]:
    """Rows of this width, and remarks on the others. Counts all rows even if there are too many, for the message."""
    rows: list[TableRow] = []
    problems: list[RowNote] = []
    count = 0
    for number, cells in records:
        count += 1
        if count > MAX_ROWS:
            continue
        while len(cells) > width and not cells[-1]:  # spreadsheets write cells that were cleared
            cells.pop()
        if fault := _fault(cells, width):
            problems.append(RowNote(number, f"Row {number:,} {fault}"))
        else:
            rows.append(TableRow(number, tuple(cells)))
    if count > MAX_ROWS:
        raise InputError(f"The table has {count:,} rows below its header. The limit is {MAX_ROWS:,}. Remove some rows.")
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


def _check_rows(columns: tuple[str, ...], rows: list[TableRow], problems: list[RowNote], first: int) -> None:
    """Raises InputError if no row can be used, and if the header looks like data."""
    if not rows and not problems:
        raise InputError(f"The table has a single row. {_HEADER} Add rows below it.")
    if not rows:
        raise InputError(f"No row of the table can be read. {problems[0].message}")
    for index, name in enumerate(columns):
        cells = [row.cells[index].strip() for row in rows]
        if name in cells and len(set(cells)) <= _MAX_LABELS:
            again = rows[cells.index(name)].number
            raise InputError(f"{_HEADER} Row {first} looks like data: {quoted(name)} occurs again in row {again:,}.")
