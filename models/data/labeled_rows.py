"""Labeled texts from a table: the rows to train on, and a reason for each row that is left out."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from models.data.csv_table import RowNote, Table, quoted
from models.schema import InputError

MIN_LABELS, MAX_LABELS = 2, 20
MIN_ROWS = 4
"""Rows per label: a fifth of them, at least one, is held out, and the rest must be enough to train on."""
LONGEST_LABEL = 40
"""Characters."""

_TEXT_NAMES = ("text", "sentence", "review", "message", "comment", "content", "body", "question")
_LABEL_NAMES = ("label", "class", "category", "sentiment", "target", "topic", "intent", "tag")
_NAMED = 3  # labels that a message lists


@dataclass(frozen=True, slots=True)
class Labeled:
    """rows: (text, label), in the order of the table; labels are stripped of whitespace.

    counts: number of rows per label, in order of appearance.
    problems: remarks on the rows that are left out.
    notices: remarks on rows that are kept but may contain a mistake.
    """

    rows: tuple[tuple[str, str], ...]
    counts: dict[str, int]
    problems: tuple[RowNote, ...]
    notices: tuple[RowNote, ...]


@dataclass(frozen=True, slots=True)
class Texts:
    """rows: (row number, text) to classify.

    problems: remarks on the rows that are left out.
    """

    rows: tuple[tuple[int, str], ...]
    problems: tuple[RowNote, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    text: str
    label: str


def labeled_rows(table: Table, text_column: str | None, label_column: str | None) -> Labeled:
    """Raises InputError if the rows cannot be used: no or unknown columns, too few labels, or too many."""
    if len(table.columns) == 1:
        raise InputError(f"This table has only one column, {quoted(table.columns[0])}. Add one with labels.")
    if text_column is None or label_column is None:
        raise InputError("Select the column with the texts and the one with their labels.")
    if text_column == label_column:
        raise InputError(f"Text and label are both read from {quoted(text_column)}. Choose two different columns.")
    good: list[_Row] = []
    problems = list(table.problems)
    columns = zip(table.rows, table.column(text_column), table.column(label_column), strict=True)
    for table_row, text, label in columns:
        row = _Row(table_row.number, text, label.strip())
        if fault := _fault(row, text_column, label_column):
            problems.append(RowNote(row.number, f"Row {row.number:,} {fault}"))
        else:
            good.append(row)
    if not good:
        raise InputError(f"No row can be used. {min(problems, key=lambda note: note.row).message}")
    kept, rare = _without_rare_labels(good, label_column)
    return Labeled(
        tuple((row.text, row.label) for row in kept),
        dict(Counter(row.label for row in kept)),
        tuple(sorted([*problems, *rare], key=lambda note: note.row)),
        tuple(sorted([*_repeated(kept), *_alike(kept)], key=lambda note: note.row)),
    )


def texts_in(table: Table, column: str) -> Texts:
    """Raises InputError if the column does not exist or has no text."""
    cells = [(row.number, text) for row, text in zip(table.rows, table.column(column), strict=True)]
    texts = tuple((number, text) for number, text in cells if text.strip())
    if not texts:
        raise InputError(f"The column {quoted(column)} has no text. Choose another column.")
    empty = [RowNote(number, f"Row {number:,} {_no_text(column)}") for number, text in cells if not text.strip()]
    return Texts(texts, tuple(sorted([*table.problems, *empty], key=lambda note: note.row)))


def guess_columns(table: Table) -> tuple[str, str | None]:
    """The columns of text and label: by name, or else the longest cells and, of the others, the fewest values.

    The label is None if there is only one column.
    """
    text = _named(table.columns, _TEXT_NAMES)
    label = _named(table.columns, _LABEL_NAMES)
    if text is None:
        others = [name for name in table.columns if name != label] or list(table.columns)
        text = max(others, key=lambda name: sum(map(len, table.column(name))))
    if label is None or label == text:
        others = [name for name in table.columns if name != text]
        label = min(others, key=lambda name: _label_order(table.column(name)), default=None)
    return text, label


def _named(columns: Sequence[str], names: Sequence[str]) -> str | None:
    known = {column.casefold(): column for column in reversed(columns)}
    return next((known[name] for name in names if name in known), None)


def _label_order(cells: tuple[str, ...]) -> tuple[bool, int]:
    """Fewest values first, and columns with a single value last."""
    values = len({cell.strip() for cell in cells})
    return values < MIN_LABELS, values


# Single rows


def _fault(row: _Row, text_column: str, label_column: str) -> str:
    if not row.text.strip():
        return _no_text(text_column)
    if not row.label:
        return f"has no label: {quoted(label_column)} is empty."
    if len(row.label) > LONGEST_LABEL:
        return f"has a label of {len(row.label):,} characters ({quoted(row.label)}). The limit is {LONGEST_LABEL}."
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in row.label):
        return f"has a line break or an invisible character in its label {quoted(row.label)}. Remove it."
    return ""


def _no_text(column: str) -> str:
    return f"has no text: {quoted(column)} is empty."


# Labels


def _without_rare_labels(rows: list[_Row], column: str) -> tuple[list[_Row], list[RowNote]]:
    """Rows whose labels are frequent enough, and remarks on the others."""
    counts = Counter(row.label for row in rows)
    often = [label for label, count in counts.items() if count >= MIN_ROWS]
    if len(counts) > MAX_LABELS:
        raise InputError(_too_many(counts, len(rows), column))
    if len(often) < MIN_LABELS:
        raise InputError(_too_few(counts, often, column))
    kept = [row for row in rows if row.label in often]
    notes = [
        RowNote(
            row.number,
            f"Row {row.number:,} is left out: its label {quoted(row.label)} has only {counts[row.label]} of at least "
            f"{MIN_ROWS} rows.",
        )
        for row in rows
        if row.label not in often
    ]
    return kept, notes


def _too_many(counts: Counter[str], rows: int, column: str) -> str:
    many = f"The column {quoted(column)} has {len(counts):,} different values in {rows:,} rows"
    if 2 * len(counts) > rows:
        return f"{many}. These look like texts, not labels. Choose a column with at most {MAX_LABELS} values."
    rare = [label for label, count in counts.items() if count < MIN_ROWS]
    some = f" {len(rare):,} of them have fewer than {MIN_ROWS} rows, such as {_list(rare)}." if rare else ""
    return f"{many}. A classifier can have at most {MAX_LABELS} labels.{some}"


def _too_few(counts: Counter[str], often: list[str], column: str) -> str:
    if len(counts) == 1:
        return f"All rows have the same label, {_list(list(counts))}. Add rows with at least one other label."
    rare = ", ".join(f"{quoted(label)} {counts[label]}" for label in [*counts][:_NAMED])
    more = ", …" if len(counts) > _NAMED else ""
    enough = f"only {quoted(often[0])} has" if often else "none has"
    return (
        f"At least two labels with {MIN_ROWS} rows each are needed, but in {quoted(column)} {enough} enough rows "
        f"({rare}{more}). Add rows."
    )


def _list(labels: list[str]) -> str:
    return ", ".join(map(quoted, labels[:_NAMED]))


# Possible mistakes


def _repeated(rows: list[_Row]) -> list[RowNote]:
    """Repeated texts: if one copy is held out, the model has been trained on the other."""
    first: dict[str, _Row] = {}
    notes = []
    for row in rows:
        before = first.setdefault(row.text.strip(), row)
        if before is row:
            continue
        if before.label == row.label:
            message = f"Row {row.number:,} repeats the text and label of row {before.number:,}."
        else:
            labels = f"{quoted(row.label)}, not {quoted(before.label)}"
            message = f"Row {row.number:,} repeats the text of row {before.number:,} with another label ({labels})."
        notes.append(RowNote(row.number, message))
    return notes


def _alike(rows: list[_Row]) -> list[RowNote]:
    """Labels that differ only in case or whitespace, or are the same number."""
    first: dict[str, _Row] = {}
    notes: dict[str, RowNote] = {}
    for row in rows:
        before = first.setdefault(_plain_label(row.label), row)
        if before.label != row.label:
            pair = f"{quoted(row.label)}, row {before.number:,} the label {quoted(before.label)}"
            notes.setdefault(
                row.label,
                RowNote(row.number, f"Row {row.number:,} has the label {pair}. They count as different labels."),
            )
    return list(notes.values())


def _plain_label(label: str) -> str:
    try:
        return str(float(label))
    except ValueError:
        return " ".join(label.split()).casefold()
