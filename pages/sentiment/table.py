"""Batch classification: a CSV file of texts in, a CSV file with labels out."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from components.render import sentiment as render
from models.data.csv_table import read_table
from models.data.labeled_rows import Texts, guess_columns, texts_in
from models.data.sentiment_scores import write_scores
from models.schema import CheckpointUnavailable, InputError, SentimentRequest, SentimentResult
from pages.screen import Control, Files, Notice, Run, Screen, Update, answered
from pages.session import Session
from pages.state import ModelState, control

BATCH_SIZE = 8
"""Texts that are classified in one call."""
SECONDS_BETWEEN_UPDATES = 0.5
UPLOAD_FIRST = "Upload a CSV file first."


class TableState(ModelState):
    column: str | None = control(None, "Text column", "Column that holds the texts.")


@dataclass(frozen=True, slots=True)
class TableRun(Run[TableState]):
    """results: by row number; the header is row 1. total: texts in the table. skipped: why rows were left out."""

    file: Path
    results: tuple[tuple[int, SentimentResult], ...]
    total: int
    skipped: tuple[str, ...] = ()


class TableScreen(Screen[TableState, TableRun]):
    """The section of the sentiment page for many texts at once."""

    name = "sentiment_table"
    state = TableState

    def open(self, session: Session, params: Mapping[str, str]) -> Iterator[Update]:
        """The table as the visitor left it. Links cannot hold one."""
        run = self.kept(session)
        if run is None or not run.file.exists():
            yield {}
            return
        choices = Control.of(choices=list(read_table(run.file).columns), value=run.state.column, interactive=True)
        ready = {"file": run.file, "column": choices, "submit": Control.of(interactive=True)}
        yield ready | self.show(run) | {"notice": _summary(run)} | answered()

    def show(self, run: TableRun) -> Update:
        results = [result for _, result in run.results]
        return {"table": render.sentiment_table(results, run.total) if results else ""}

    def choose_file(self, session: Session, state: TableState, file: Path | None) -> Update:
        """Reads the columns of a file. Earlier results stay until others replace them."""
        closed = {"column": Control.of(choices=[], value=None, interactive=False)}
        closed |= {"submit": Control.of(interactive=False), "notice": ""}
        if file is None:
            return closed
        try:
            table = read_table(file)
        except InputError as error:
            return closed | {"notice": Notice(str(error), "alert")}
        text, _ = guess_columns(table)
        return {
            "column": Control.of(choices=list(table.columns), value=text, interactive=True),
            "submit": Control.of(interactive=True),
            "notice": Notice(
                " ".join((f"{len(table.rows):,} rows. Select the column with the texts.", *table.notices))
            ),
        }

    def submit(self, session: Session, state: TableState, file: Path | None = None) -> Iterator[Update]:
        """Classifies all texts of the column until the visitor stops it, and shows the table meanwhile."""
        if file is None:
            raise InputError(UPLOAD_FIRST)
        job, shown_at = session.start_job(), 0.0
        texts = texts_in(read_table(file), state.column or "")
        run = TableRun(state, file, (), len(texts.rows), tuple(problem.message for problem in texts.problems))
        yield {"stop": Control.of(interactive=True), "notice": Notice("Classifying …")}
        for run in self._classify(run, texts):  # noqa: B020  (each is the one before with more results)
            if job.superseded:
                return
            if job.stopped:
                break
            if time.monotonic() - shown_at > SECONDS_BETWEEN_UPDATES:
                shown_at = time.monotonic()
                session.put(run)
                progress = Notice(f"{len(run.results):,} of {run.total:,} texts …")
                yield self.show(run) | {"notice": progress} | answered()
        session.put(run)
        ended = {"stop": Control.of(interactive=False), "notice": _summary(run, job.stopped)}
        yield self.show(run) | ended | answered()

    def stop(self, session: Session, state: TableState) -> Update:
        session.stop_job()
        return {"stop": Control.of(interactive=False)}

    def table_files(self, run: TableRun, state: TableState) -> Files | None:
        return Files("sentiment", {"csv": lambda file: write_scores(run.results, file)}) if run.results else None

    def _classify(self, run: TableRun, texts: Texts) -> Iterator[TableRun]:
        """The run after each batch. Raises CheckpointUnavailable."""
        results, skipped = list(run.results), list(run.skipped)
        for start in range(0, len(texts.rows), BATCH_SIZE):
            batch = texts.rows[start : start + BATCH_SIZE]
            found = self.backend.run_all([SentimentRequest(text, weights=run.state.weights) for _, text in batch])
            for (number, _), result in zip(batch, found, strict=True):
                if isinstance(result, CheckpointUnavailable):
                    raise result
                if isinstance(result, InputError):
                    skipped.append(f"Row {number:,}: {result}")
                else:
                    results.append((number, result))
            yield TableRun(run.state, run.file, tuple(results), run.total, tuple(skipped))


def _summary(run: TableRun, stopped: bool = False) -> Notice:
    text = f"{len(run.results):,} of {run.total:,} texts classified{', then stopped' if stopped else ''}."
    if run.skipped:
        text += f" Skipped: {' '.join(run.skipped)}"
    return Notice(text, "alert" if run.skipped else "hint")
