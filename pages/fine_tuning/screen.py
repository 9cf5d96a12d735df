"""Fine-tuning: rows with labels in, a model that tells them apart out, with learning curves while it trains."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import ClassVar, cast

from markupsafe import Markup

from components.analysis.learning import chance_level
from components.html.run_line import run_line
from components.render import fine_tuning as render
from components.render.sentiment import sentiment, sentiment_network
from components.words.training import training_progress, training_summary
from models.backend.protocol import unwrap
from models.data.byte_text import text_to_classify
from models.data.csv_table import MAX_ROWS, read_table
from models.data.examples import chosen, dataset_examples
from models.data.fine_tuned_files import FOLDER, write_notebook_file, write_zip
from models.data.labeled_rows import MAX_LABELS, MIN_LABELS, labeled_rows
from models.schema import (
    FineTunedModel,
    FineTuneRequest,
    FineTuneStep,
    InputError,
    Probe,
    SentimentRequest,
    SentimentResult,
)
from models.schema.fine_tuning import BATCH_SIZE, EPOCHS, LEARNING_RATE, MAX_SECONDS, MAX_STEPS
from models.schema.sentiment import LONGEST_TEXT
from pages.fine_tuning.dataset import COLUMNS, Columns, column_choices, no_dataset, show_dataset
from pages.interventions import FigureScreen
from pages.screen import Control, Files, Notice, Run, Update, answered
from pages.session import Session
from pages.state import MAX_SEED, ModelState, control
from pages.tracing import with_stages

NAME = "fine_tuning"
DATASETS = dataset_examples(NAME)
BATCH_SIZES = (2, 4, 8, 16, 32)
LEARNING_RATES = (1e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 3e-3)
"""What the page offers; programs may choose any within the bounds."""
SECONDS_BETWEEN_UPDATES = 0.3
MAX_TEXTS = 100
"""Texts that a program may have classified after the training."""
OWN_FILE = "Links cannot include uploaded files. Upload it again; showing an example for now."
NO_FILE = "Select a dataset or upload a CSV file."
NO_MODEL = "There is no fine-tuned model yet. Fine-tune one first."
NO_COLUMNS = Control.of(choices=[], value=None, interactive=False)
CLEARED = ("curves", "held_out", "run_line", "test_labels", "test_strip", "test_notice", "network")
"""What belongs to the model before, once another is trained."""
ON, OFF = Control.of(interactive=True), Control.of(interactive=False)


class FineTuningState(ModelState):
    example: int | None = control(
        0,
        "Dataset",
        "Index of a built-in dataset, or None for an uploaded file.",
        labels={**{index: dataset.title for index, dataset in enumerate(DATASETS)}, "": "Your CSV file"},
        ge=0,
        lt=len(DATASETS),
    )
    text_column: str | None = control(None, "Text column", "Column of an uploaded file that holds the texts.")
    label_column: str | None = control(None, "Label column", "Column of an uploaded file that holds the labels.")
    epochs: int = control(5, "Epochs", "Passes over the training rows.", ge=EPOCHS[0], le=EPOCHS[1])
    batch_size: int = control(8, "Batch size", "Rows in a training step.", ge=BATCH_SIZE[0], le=BATCH_SIZE[1])
    learning_rate: float = control(
        5e-4, "Learning rate", "Peak learning rate of AdamW.", ge=LEARNING_RATE[0], le=LEARNING_RATE[1]
    )
    frozen: bool = control(False, "Freeze the encoder", "Trains only the decoder: faster, and often less accurate.")
    seed: int = control(
        0, "Seed", "Determines the held-out rows, the order of the rows and the new weights.", ge=0, le=MAX_SEED
    )
    rows: tuple[tuple[str, str], ...] = control(
        (),
        "Rows",
        f"[text, label] each: at most {MAX_ROWS:,} rows with {MIN_LABELS} to {MAX_LABELS} labels. "
        "A fifth of each label is held out.",
        role="program",
    )
    texts: tuple[str, ...] = control(
        (),
        "Texts",
        f"New texts to classify with the fine-tuned model, at most {MAX_TEXTS} with {LONGEST_TEXT:,} bytes each.",
        role="program",
        max_length=MAX_TEXTS,
    )


@dataclass(frozen=True, slots=True)
class FineTuningRun(Run[FineTuningState]):
    """rows: (text, label). steps: all so far, without models and held-out rows. kept: the last step with a model, which
    it holds.

    file: of the visitor's own rows, or None. completed: whether training came to its end. tested: a classified text.
    """

    rows: tuple[tuple[str, str], ...]
    file: Path | None
    steps: tuple[FineTuneStep, ...] = ()
    kept: FineTuneStep | None = None
    completed: bool = False
    tested: SentimentResult | None = None

    @property
    def chance(self) -> float:
        """Accuracy of always predicting the most common label, 0 to 1."""
        return chance_level(label for _, label in self.rows)

    @property
    def model(self) -> FineTunedModel:
        """Raises InputError if there is none yet."""
        if self.kept is None or self.kept.model is None:
            raise InputError(NO_MODEL)
        return self.kept.model

    def after(self, step: FineTuneStep) -> "FineTuningRun":
        kept = step if step.model else self.kept
        return replace(self, steps=(*self.steps, replace(step, model=None, held_out=None)), kept=kept)


class FineTuningScreen(FigureScreen[FineTuningState, FineTuningRun]):
    name = NAME
    state = FineTuningState
    facts: ClassVar = {
        "max_rows": MAX_ROWS,
        "min_labels": MIN_LABELS,
        "max_labels": MAX_LABELS,
        "max_steps": MAX_STEPS,
        "max_minutes": MAX_SECONDS / 60,
    }
    required = ("rows",)
    page_only = ("example", "text_column", "label_column")

    # Opening the page

    def open_first(self, session: Session) -> Update:
        """The page without a result: training takes too long."""
        return self.controls(self.initial) | {"link": ""}

    def open_link(self, session: Session, state: FineTuningState) -> Update:
        """A link sets the controls. It does not train."""
        if state.example is None:
            return self.controls(state.changed(example=0)) | {"dataset_notice": Notice(OWN_FILE)}
        return {"notice": ""}

    def fit(self, state: FineTuningState) -> FineTuningState:
        """With the choices of the page that are nearest."""
        return state.changed(
            batch_size=min(BATCH_SIZES, key=lambda size: abs(size - state.batch_size)),
            learning_rate=min(LEARNING_RATES, key=lambda rate: abs(math.log(rate / state.learning_rate))),
        )

    def controls(self, state: FineTuningState) -> Update:
        values = super().controls(state) | {"text_column": None, "label_column": None}
        if state.example is None:
            return values | {"example": "", "upload": Control.of(visible=True)}
        return values | self._show_example(state.example)

    def restore(self, session: Session) -> Update:
        run: FineTuningRun = session.get()
        shown = self._show_test(run) | {"text": run.tested.text} if run.tested else {}
        if run.file is None:
            return shown
        if not run.file.is_file():
            return shown | no_dataset(NO_FILE)
        columns, controls = column_choices(run.file, (run.state.text_column, run.state.label_column))
        return shown | {"file": run.file} | controls | show_dataset(run.file, columns)

    # Choosing a dataset

    def choose_dataset(self, session: Session, state: FineTuningState, file: Path | None) -> Update:
        if state.example is None:
            return {"upload": Control.of(visible=True)} | self.choose_file(session, state, file)
        return self._show_example(state.example)

    def choose_file(self, session: Session, state: FineTuningState, file: Path | None) -> Update:
        """Reads a table and guesses its columns."""
        nothing: Update = {"text_column": NO_COLUMNS, "label_column": NO_COLUMNS}
        if file is None:
            return nothing | no_dataset(NO_FILE)
        try:
            columns, controls = column_choices(file)
        except InputError as error:
            return nothing | no_dataset(str(error))
        return controls | show_dataset(file, columns)

    def choose_columns(self, session: Session, state: FineTuningState, file: Path | None) -> Update:
        return {} if file is None else show_dataset(file, (state.text_column, state.label_column))

    def _show_example(self, index: int) -> Update:
        example = chosen(DATASETS, index)
        shown = show_dataset(example.file, COLUMNS) | {"dataset_notice": Notice(example.notice)}
        return shown | {"upload": Control.of(visible=False), "text": example.unseen}

    # Training

    def begin(self, session: Session, state: FineTuningState) -> Update:
        """At once, before it is this training's turn: the earlier model is discarded."""
        session.discard()
        session.queue_job()
        cleared: Update = dict.fromkeys(CLEARED, "")
        cleared |= {"figure": Control.of(visible=False)}
        return cleared | {"notice": Notice("Starting …"), "stop": ON, "test": OFF}

    def submit(self, session: Session, state: FineTuningState, file: Path | None = None) -> Iterator[Update]:
        """Shows the learning curves while they grow. What was learned until the end or a stop is kept."""
        job = session.take_job() or session.start_job()
        run, shown_at = self._new_run(state, file), 0.0
        try:
            for step in job.until_over(self.backend.stream(_request(state, run.rows))):
                run = run.after(step)
                if step.validation_loss is not None or time.monotonic() - shown_at > SECONDS_BETWEEN_UPDATES:
                    shown_at = time.monotonic()
                    session.put(run)
                    yield {"curves": _curves(run), "notice": Notice(training_progress(run.steps))} | answered()
        except Exception:
            if run.kept and not job.superseded:
                yield self.keep(session, run) | answered()
            raise
        if not job.superseded:
            yield self.keep(session, replace(run, completed=not job.stopped)) | answered()

    def stop(self, session: Session, state: FineTuningState) -> Update:
        session.stop_job()
        return {"stop": OFF}

    def show(self, run: FineTuningRun) -> Update:
        shown: Update = {
            "curves": _curves(run, ended=True),
            "notice": Notice(training_summary(run.kept, run.completed)),
            "link": self.link(run.state),
        }
        shown |= {"stop": OFF, "test": ON if run.kept else OFF}
        if run.kept is None or run.kept.held_out is None:
            return shown
        confusion = render.fine_tuning_confusion(run.kept.held_out, run.model.labels)
        return shown | {"held_out": confusion, "run_line": run_line(run.kept.run)}

    def _new_run(self, state: FineTuningState, file: Path | None) -> FineTuningRun:
        if state.example is not None:
            return FineTuningRun(state, _rows(DATASETS[state.example].file, COLUMNS), None)
        if file is None:
            raise InputError(NO_FILE)
        columns: Columns = (state.text_column, state.label_column)
        return FineTuningRun(state, _rows(file, columns), file)

    # Using the model

    def classify(self, session: Session, state: FineTuningState, text: str) -> Update:
        run = session.get()
        try:
            if run is None:
                raise InputError(NO_MODEL)
            result = self.backend.run(with_stages(_test_request(run, text)))
        except InputError as error:
            return {"test_notice": Notice(str(error), "alert")}
        run = replace(run, tested=result)
        session.put(run)
        return self._show_test(run)

    def _show_test(self, run: FineTuningRun) -> Update:
        panels = sentiment(self.figure_result(run))
        shown: Update = {"test_labels": panels.labels, "test_strip": panels.text, "test_notice": ""}
        return shown | {"network": self.figure(run), "figure": Control.of(visible=True)}

    def can_trace(self, run: FineTuningRun) -> bool:
        return run.tested is not None

    def figure(self, run: FineTuningRun) -> Markup:
        return sentiment_network(self.figure_result(run), self.figure_shape(run))

    def figure_request(self, run: FineTuningRun) -> SentimentRequest:
        return _test_request(run, self.figure_result(run).text)

    def figure_result(self, run: FineTuningRun) -> SentimentResult:
        return cast(SentimentResult, run.tested)

    def with_figure_result(self, run: FineTuningRun, result: SentimentResult) -> FineTuningRun:
        return replace(run, tested=result)

    def model_files(self, run: FineTuningRun, state: FineTuningState) -> Files | None:
        """The curves, the model as a folder that transformers loads, and a notebook that does so."""
        if not run.steps:
            return None
        rows = len(run.rows)
        return Files.of_plot(
            lambda: render.fine_tuning_figure(run.steps, run.chance),
            FOLDER,
            run.state,
            # Without a model, run.model raises the error that the visitor sees.
            zip=lambda file: write_zip(
                self.backend.export(run.model), run.model, cast(FineTuneStep, run.kept), rows, file
            ),
            ipynb=lambda file: write_notebook_file(run.model, file),
        )

    def confusion_files(self, run: FineTuningRun, state: FineTuningState) -> Files | None:
        if run.kept is None or run.kept.held_out is None:
            return None
        held_out, labels, info = run.kept.held_out, run.model.labels, run.kept.run
        draw = partial(render.fine_tuning_confusion_figure, held_out, labels, info)
        return Files.of_plot(draw, "confusion-matrix", run.state)

    def call(self, state: FineTuningState) -> object:
        _check_texts(state.texts)
        steps = list(self.backend.stream(_request(state, state.rows)))
        last = steps[-1]
        results = unwrap(self.backend.run_all([SentimentRequest(text, model=last.model) for text in state.texts]))
        return {
            "labels": last.model.labels if last.model else (),
            "losses": tuple(step.loss for step in steps[1:]),
            "accuracy": last.validation_accuracy,
            "confusion": last.held_out.confusion if last.held_out else None,
            "answers": tuple(result.labels for result in results),
            "run": last.run,
        }


def _check_texts(texts: tuple[str, ...]) -> None:
    """Before the training, whose result would be lost. Raises InputError."""
    for number, text in enumerate(texts, start=1):
        try:
            text_to_classify(text, LONGEST_TEXT)
        except InputError as error:
            raise InputError(f"Text {number}: {error}") from None


def _rows(file: Path, columns: Columns) -> tuple[tuple[str, str], ...]:
    """Raises InputError if a model cannot learn from these columns."""
    return labeled_rows(read_table(file, sample=True), *columns).rows


def _request(state: FineTuningState, rows: tuple[tuple[str, str], ...]) -> FineTuneRequest:
    return FineTuneRequest(
        rows, state.epochs, state.batch_size, state.learning_rate, state.seed, state.frozen, state.weights
    )


def _curves(run: FineTuningRun, ended: bool = False) -> str:
    steps = run.steps
    if ended and run.kept:  # a last step with a model is the end
        steps = (*steps[:-1], replace(steps[-1], model=run.kept.model))
    return render.fine_tuning(steps, run.chance)


def _test_request(run: FineTuningRun, text: str) -> SentimentRequest:
    """Raises InputError without a model."""
    return SentimentRequest(text, Probe(None, "encoder"), model=run.model)
