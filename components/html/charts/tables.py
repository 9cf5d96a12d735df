"""Rows of texts as HTML: what was read from a file, what several texts were taken for, what was taken wrongly."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import escape

from components.analysis.text_units import shortened
from components.html.charts.votes import vote_cell
from components.words.numbers import percent
from models.schema import HeldOut, SentimentResult

LONGEST = 160
"""Characters of a text that a table shows."""


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """A row of a file. number: as the file's editor counts it. problem: why nothing can be learned from it, or ""."""

    number: int
    cells: tuple[str, ...]
    problem: str = ""


def rows_preview(header: Sequence[str], rows: Sequence[PreviewRow], total: int, chosen: Collection[int] = ()) -> str:
    """Some rows of a file of `total` rows, with what is wrong with them. chosen: the columns that are used."""
    marks = [' class="chosen"' if column in chosen else "" for column in range(len(header))]
    head = "".join(
        f'<th scope="col" dir="auto"{mark}>{escape(shortened(name, 40)) or "–"}</th>'
        for name, mark in zip(header, marks, strict=True)
    )
    body = "".join(_preview_row(row, marks) for row in rows)
    problems = sum(bool(row.problem) for row in rows)
    said = f"{len(rows):,} of {total:,} rows." if len(rows) < total else f"{total:,} rows."
    if problems:
        said += f" {problems:,} of those shown cannot be used."
    return _table("rows", "Rows of the file", f'<th scope="col">row</th>{head}', body, said)


def _preview_row(row: PreviewRow, marks: Sequence[str]) -> str:
    # A row of a broken file may have fewer cells than the header, or more.
    wide = len(marks)
    cells = (*row.cells, *[""] * wide)[:wide]
    shown = "".join(
        f'<td dir="auto"{mark}>{escape(shortened(cell, LONGEST))}</td>' for cell, mark in zip(cells, marks, strict=True)
    )
    line = f'<th scope="row">{row.number:,}</th>{shown}'
    if not row.problem:
        return f"<tr>{line}</tr>"
    said = f'<tr class="problem"><td></td><td colspan="{max(wide, 1)}">{escape(row.problem)}</td></tr>'
    return f'<tr class="wrong">{line}</tr>{said}'


def results_table(results: Sequence[SentimentResult], total: int | None = None) -> str:
    """Texts in the order of their file, what each was taken for, and how surely. total: how many there shall be."""
    body = "".join(
        f'<tr><th scope="row">{number:,}</th><td class="text" dir="auto">{escape(shortened(result.text, LONGEST))}</td>'
        f'<td dir="auto">{escape(result.labels[0].name)}</td>{vote_cell(result.labels[0].probability)}</tr>'
        for number, result in enumerate(results, start=1)
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("", "text", "label", "probability"))
    said = f"{len(results):,} texts."
    if total is not None and len(results) < total:
        said = f"{len(results):,} of {total:,} texts."
    return _table("results", "What each text was taken for", head, body, said)


def mistakes_table(held_out: HeldOut, labels: Sequence[str], most: int = 20) -> str:
    """Held-out texts that were taken for another label, in their order."""
    wrong = [
        (text, labels[label], labels[predicted])
        for text, label, predicted in zip(held_out.texts, held_out.labels, held_out.predicted, strict=True)
        if label != predicted
    ]
    if not wrong:
        return '<p class="caption">No held-out row was taken for another label.</p>'
    body = "".join(
        f'<tr><td class="text" dir="auto">{escape(shortened(text, LONGEST))}</td><td dir="auto">{escape(label)}</td>'
        f'<td dir="auto">{escape(predicted)}</td></tr>'
        for text, label, predicted in wrong[:most]
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("held-out text", "is", "taken for"))
    said = f"{min(most, len(wrong)):,} of {len(wrong):,} mistakes, of {len(held_out.texts):,} held-out rows."
    return _table("mistakes", "Held-out texts that were taken for another label", head, body, said)


def label_counts(labels: Sequence[str]) -> str:
    """How many rows each label has, most first, as bars."""
    counts = {label: labels.count(label) for label in dict.fromkeys(labels)}
    rows = "".join(
        f'<li><span class="name" dir="auto">{escape(label)}</span><span class="number">{count:,} · '
        f'{percent(count / len(labels))}</span><span class="bar"><i style="width:{100 * count / len(labels):.2f}%"></i>'
        "</span></li>"
        for label, count in sorted(counts.items(), key=lambda each: -each[1])
    )
    return f'<ol class="label-bars" role="list" aria-label="Rows of each label">{rows}</ol>'


def _table(name: str, spoken: str, head: str, body: str, said: str) -> str:
    return (
        f'<div class="text-table {name} scrolled" tabindex="0" role="region" aria-label="{spoken}"><table><thead><tr>'
        f'{head}</tr></thead><tbody>{body}</tbody></table></div><p class="caption">{said}</p>'
    )
