"""Tables of texts as HTML: rows of a file, predictions, misclassified texts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from components.analysis.text_units import shortened
from components.html.axis import probability_axis
from components.html.charts.votes import VOTES, vote_cell
from components.words.numbers import percent
from models.schema import HeldOut, SentimentResult

LONGEST = 160
"""Characters of a text that a table shows."""


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """A row of a file. number: counting from 1, header included. problem: why the row cannot be used, or ""."""

    number: int
    cells: tuple[str, ...]
    problem: str = ""


def rows_preview(header: Sequence[str], rows: Sequence[PreviewRow], total: int, chosen: Collection[int] = ()) -> Markup:
    """Some rows of a file of `total` rows, with their problems. chosen: the columns that are used."""
    marks = [Markup(' class="chosen"') if column in chosen else "" for column in range(len(header))]
    head = Markup("").join(
        Markup('<th scope="col" dir="auto"{}>{}</th>').format(mark, shortened(name, 40) or "–")
        for name, mark in zip(header, marks, strict=True)
    )
    body = Markup("").join(_preview_row(row, marks) for row in rows)
    problems = sum(bool(row.problem) for row in rows)
    said = f"Showing {len(rows):,} of {total:,} rows." if len(rows) < total else f"{total:,} rows."
    if problems:
        said += f" {problems:,} of them cannot be used."
    return _table("rows", "Rows of the file", Markup('<th scope="col">row</th>{}').format(head), body, said)


def _preview_row(row: PreviewRow, marks: Sequence[str]) -> Markup:
    # A row of a broken file may have fewer cells than the header, or more.
    wide = len(marks)
    cells = (*row.cells, *[""] * wide)[:wide]
    shown = Markup("").join(
        Markup('<td dir="auto"{}>{}</td>').format(mark, shortened(cell, LONGEST))
        for cell, mark in zip(cells, marks, strict=True)
    )
    line = Markup('<th scope="row">{:,}</th>{}').format(row.number, shown)
    if not row.problem:
        return Markup("<tr>{}</tr>").format(line)
    said = Markup('<tr class="problem"><td></td><td colspan="{}">{}</td></tr>').format(max(wide, 1), row.problem)
    return Markup('<tr class="wrong">{}</tr>{}').format(line, said)


def results_table(results: Sequence[SentimentResult], total: int | None = None) -> Markup:
    """Texts in the order of their file with predicted label and probability. total: number of texts."""
    body = Markup("").join(
        Markup('<tr><th scope="row">{:,}</th><td class="text" dir="auto">{}</td><td dir="auto">{}</td>{}</tr>').format(
            number, shortened(result.text, LONGEST), result.labels[0].name, vote_cell(result.labels[0].probability)
        )
        for number, result in enumerate(results, start=1)
    )
    probability = Markup("probability{}").format(VOTES.markup())
    head = Markup("").join(
        Markup('<th scope="col">{}</th>').format(name) for name in ("", "text", "label", probability)
    )
    said = f"{len(results):,} texts."
    if total is not None and len(results) < total:
        said = f"{len(results):,} of {total:,} texts."
    return _table("results", "Predictions", head, body, said)


def mistakes_table(held_out: HeldOut, labels: Sequence[str], most: int = 20) -> Markup:
    """Misclassified held-out texts, in their order."""
    wrong = [
        (text, labels[label], labels[predicted])
        for text, label, predicted in zip(held_out.texts, held_out.labels, held_out.predicted, strict=True)
        if label != predicted
    ]
    if not wrong:
        return Markup('<p class="caption">No held-out row was misclassified.</p>')
    body = Markup("").join(
        Markup('<tr><td class="text" dir="auto">{}</td><td dir="auto">{}</td><td dir="auto">{}</td></tr>').format(
            shortened(text, LONGEST), label, predicted
        )
        for text, label, predicted in wrong[:most]
    )
    head = Markup("").join(
        Markup('<th scope="col">{}</th>').format(name) for name in ("held-out text", "true label", "predicted label")
    )
    said = f"Showing {min(most, len(wrong)):,} of {len(wrong):,} mistakes in {len(held_out.texts):,} held-out rows."
    return _table("mistakes", "Misclassified held-out texts", head, body, said)


def label_counts(labels: Sequence[str]) -> Markup:
    """How many rows each label has, most first, as bars."""
    axis = probability_axis("share of the rows")
    counts = {label: labels.count(label) for label in dict.fromkeys(labels)}
    rows = Markup("").join(
        Markup('<li><span class="name" dir="auto">{}</span><span class="number">{:,} · {}</span>{}</li>').format(
            label, count, percent(count / len(labels)), axis.bar(count / len(labels))
        )
        for label, count in sorted(counts.items(), key=lambda each: -each[1])
    )
    return Markup('<ol class="label-bars" role="list" aria-label="Rows of each label">{}</ol>{}').format(
        rows, axis.markup()
    )


def _table(name: str, spoken: str, head: Markup, body: Markup, said: str) -> Markup:
    return Markup(
        '<div class="text-table {} scrolled" tabindex="0" role="region" aria-label="{}"><table><thead><tr>{}</tr>'
        '</thead><tbody>{}</tbody></table></div><p class="caption">{}</p>'
    ).format(name, spoken, head, body, said)
