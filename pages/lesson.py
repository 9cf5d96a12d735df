"""What a model is to be taught: rows of a set of the project's own, or of a visitor's table."""

from dataclasses import dataclass

from components import render
from components.analysis.learning import chance_level
from components.html.charts.tables import PreviewRow
from models.data.csv_table import Table, read_table
from models.data.labeled_rows import labeled_rows
from models.schema import InputError
from pages.examples import TeachingSet

PREVIEWED = 8
"""Rows that are shown, besides those in which something is wrong."""
MOST_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Lesson:
    """rows: (text, label). counts: rows of each label. set: which of the built-in ones, or None for a visitor's own.

    preview, labels: as HTML. said: what is wrong with rows that are left out, or may be, in words; or "".
    """

    rows: tuple[tuple[str, str], ...]
    counts: dict[str, int]
    set: int | None
    preview: str
    labels: str
    said: str

    @property
    def chance(self) -> float:
        """Accuracy of always saying the most common label."""
        return chance_level(label for _, label in self.rows)


def built_in(index: int, chosen: TeachingSet) -> Lesson:
    return lesson(read_table(chosen.file), "text", "label", index)


def lesson(table: Table, text_column: str, label_column: str, index: int | None = None) -> Lesson:
    """Raises InputError where nothing can be learned from these columns."""
    for name in (text_column, label_column):
        if name not in table.columns:
            raise InputError("Choose the columns with the texts and with their labels.")
    labeled = labeled_rows(table, text_column, label_column)
    columns = [table.columns.index(name) for name in (text_column, label_column)]
    return Lesson(
        rows=labeled.rows,
        counts=labeled.counts,
        set=index,
        preview=preview(table, columns, {note.row: note.message for note in labeled.problems}),
        labels=render.fine_tuning_labels([label for _, label in labeled.rows]),
        said=" ".join(note.message for note in (*labeled.problems, *labeled.notices)[:MOST_PROBLEMS]),
    )


def preview(table: Table, columns: list[int], problems: dict[int, str]) -> str:
    """The first rows, and those that are left out. columns: those that are learned from."""
    wrong = [row for row in table.rows if row.number in problems][:MOST_PROBLEMS]
    first = [row for row in table.rows if row.number not in problems][:PREVIEWED]
    rows = sorted([*first, *wrong], key=lambda row: row.number)
    shown = [PreviewRow(row.number, row.cells, problems.get(row.number, "")) for row in rows]
    return render.fine_tuning_rows(table.columns, shown, len(table.rows), columns)
