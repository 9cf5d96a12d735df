"""Several texts at once: a visitor's table in, a table with labels out."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from components import render
from models.backend.local import ModelService
from models.data.csv_table import read_table, write_csv
from models.data.labeled_rows import guess_columns, texts_in
from models.schema import CheckpointUnavailable, InputError, SentimentRequest, SentimentResult, Weights
from pages.page import alert, beside_the_button, hint, in_words, updates_of
from pages.pictures import uploaded
from pages.saving import Files

AT_ONCE = 8
"""Texts that are classified between two looks at the progress."""


Done = Sequence[tuple[int, SentimentResult]]
"""Row numbers, and what each text was taken for."""


class Answer(NamedTuple):
    """What the section shows, or the updates of it, of which None leaves a part as it is."""

    notice: Any = ""
    done: Any = None
    column: Any = None
    ask: Any = None
    stop: Any = None
    table: Any = None


class TableHandlers:
    """What the section's events do."""

    def __init__(self, service: ModelService):
        self._service = service

    @beside_the_button(Answer)
    def choose_file(self, file: Any) -> Answer:
        """Reads the columns of a file. What was classified before stays until others are."""
        path = uploaded(file)
        nothing = gr.update(choices=[], value=None, interactive=False)
        if path is None:
            return Answer("", None, nothing, gr.update(interactive=False))
        try:
            table = read_table(path)
        except InputError as error:
            return Answer(alert(str(error)), None, nothing, gr.update(interactive=False))
        text, _ = guess_columns(table)
        column = gr.update(choices=list(table.columns), value=text, interactive=True)
        said = f"{len(table.rows):,} rows. Choose the column with the texts."
        return Answer(hint(said), None, column, gr.update(interactive=True))

    def classify_all(self, file: Any, column: str, weights: Weights) -> Iterator[tuple[Any, ...]]:
        """The table as far as it is classified, some rows at a time."""
        done: list[tuple[int, SentimentResult]] = []
        try:
            path = uploaded(file)
            if path is None:
                raise InputError("There is no file yet: choose one first.")
            texts = texts_in(read_table(path), column)
            left_out = [problem.message for problem in texts.problems]
            for at in range(0, len(texts.rows), AT_ONCE):
                yield updates_of(_progress(done, len(texts.rows)))
                some = texts.rows[at : at + AT_ONCE]
                for (number, _), result in zip(some, self._classified(some, weights), strict=True):
                    if isinstance(result, CheckpointUnavailable):
                        raise result
                    if isinstance(result, InputError):
                        left_out.append(f"Row {number:,}: {result}")
                    else:
                        done.append((number, result))
            yield updates_of(_finished(done, left_out))
        except Exception as error:  # the last place before the visitor
            yield updates_of(Answer(alert(in_words(error)), stop=gr.update(interactive=False)))

    def waiting(self) -> tuple[Any, ...]:
        """While the first texts are read."""
        return hint("Reading …"), gr.update(interactive=True)

    @beside_the_button(Answer)
    def stopped(self, done: Done) -> Answer:
        """What was classified until then is kept."""
        return _finished(done, [])._replace(notice=hint(f"Stopped after {len(done):,} texts, which are below."))

    def _classified(self, some: Any, weights: Weights) -> list[Any]:
        return self._service.run_all([SentimentRequest(text, weights=weights) for _, text in some])


def _progress(done: Done, total: int) -> Answer:
    table = render.sentiment_table([result for _, result in done], total) if done else ""
    return Answer(hint(f"{len(done):,} of {total:,} texts …"), tuple(done), table=table)


def _finished(done: Done, left_out: list[str]) -> Answer:
    table = render.sentiment_table([result for _, result in done]) if done else ""
    said = f"{len(done):,} texts classified." + (f" Left out: {' '.join(left_out)}" if left_out else "")
    notice = (alert if left_out else hint)(said)
    return Answer(notice, tuple(done), stop=gr.update(interactive=False), table=table)


def table_files(done: Done) -> Files | None:
    return Files("sentiment", {"csv": lambda file: _write(done, file)}) if done else None


def _write(done: Done, file: Path) -> None:
    """row, text, label and its probability, then the probability of each label."""
    names = sorted(label.name for label in done[0][1].labels)
    columns = ["row", "text", "label", "probability", *(f"probability of {name}" for name in names)]
    rows: list[list[str | float]] = []
    for number, result in done:
        chances = {label.name: round(label.probability, 4) for label in result.labels}
        best = result.labels[0].name
        rows.append([number, result.text, best, chances[best], *(chances[name] for name in names)])
    file.write_bytes(write_csv(columns, rows))
