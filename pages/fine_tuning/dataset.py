"""The rows that a model is fine-tuned on: from a built-in dataset, or from a visitor's table."""

from pathlib import Path

from components.html.charts.tables import PreviewRow
from components.render import fine_tuning as render
from models.data.csv_table import Table, read_table
from models.data.labeled_rows import guess_columns, labeled_rows
from models.schema import InputError
from pages.screen import Control, Notice, Update

PREVIEW_ROWS = 8
"""Rows that are shown, in addition to those that cannot be used."""
MAX_PROBLEMS = 20
COLUMNS = ("text", "label")
"""The columns of the built-in datasets."""
Columns = tuple[str | None, str | None]
"""Names of the columns of texts and labels."""


def show_dataset(file: Path, columns: Columns) -> Update:
    """Labels, preview and problems of a dataset, and whether a model can learn from it. Raises InputError."""
    table = read_table(file, sample=True)
    try:
        labeled = labeled_rows(table, *columns)
    except InputError as error:
        return no_dataset(str(error)) | {"preview": _preview(table, (None, None), {})}
    notes = [*table.notices, *(note.message for note in (*labeled.problems, *labeled.notices))]
    summary = Notice(f"{len(labeled.rows):,} rows with {len(labeled.counts)} labels.")
    return {
        "dataset_notice": Notice(" ".join(notes[:MAX_PROBLEMS]), "alert") if notes else summary,
        "labels": render.fine_tuning_labels([label for _, label in labeled.rows]),
        "preview": _preview(table, columns, {note.row: note.message for note in labeled.problems}),
        "submit": Control.of(interactive=True),
    }


def no_dataset(problem: str = "") -> Update:
    """The same without rows to learn from."""
    closed: Update = {"labels": "", "preview": "", "submit": Control.of(interactive=False)}
    return closed | {"dataset_notice": Notice(problem, "alert") if problem else ""}


def column_choices(file: Path, columns: Columns = (None, None)) -> tuple[Columns, Update]:
    """The columns of a table, guessed where none are given, and the controls that select them. Raises InputError."""
    table = read_table(file, sample=True)
    guessed = guess_columns(table)
    chosen = (columns[0] or guessed[0], columns[1] or guessed[1])
    names = list(table.columns)
    return chosen, {
        "text_column": Control.of(choices=names, value=chosen[0], interactive=True),
        "label_column": Control.of(choices=names, value=chosen[1], interactive=True),
    }


def _preview(table: Table, columns: Columns, problems: dict[int, str]) -> str:
    """The first rows, and those that cannot be used."""
    wrong = [row for row in table.rows if row.number in problems][:MAX_PROBLEMS]
    first = [row for row in table.rows if row.number not in problems][:PREVIEW_ROWS]
    rows = sorted([*first, *wrong], key=lambda row: row.number)
    selected = [table.columns.index(name) for name in columns if name]
    shown = [PreviewRow(row.number, row.cells, problems.get(row.number, "")) for row in rows]
    return render.fine_tuning_rows(table.columns, shown, len(table.rows), selected)
