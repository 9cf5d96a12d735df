"""What the events of the page on teaching do."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import gradio as gr

from components import render
from models.backend.local import ModelService
from models.data.csv_table import read_table
from models.data.labeled_rows import guess_columns
from models.schema import FineTuneRequest, FineTuneStep, InputError, Probe, SentimentRequest
from pages.fine_tuning_widgets import AT_FIRST, BATCHES, MOST_EPOCHS, NAME, RATES, SETS
from pages.lesson import Lesson, built_in, lesson, preview
from pages.page import alert, beside_the_button, hint, in_words, run_line, updates_of
from pages.pictures import uploaded
from pages.saving import Files, figure_files
from pages.taught import TaughtModels
from pages.taught_files import FOLDER, write_notebook_file, write_zip
from pages.text_link import TeachView, teach_from_query, teach_to_query

EVERY = 0.3
"""Seconds between two pictures of the curves."""
NOTHING_YET = "Nothing is taught yet: press “Teach it” first."
GONE = "This model is not kept any more: teach it again."


class Chosen(NamedTuple):
    """What is chosen to be learned, or the updates of it, of which None leaves a part as it is."""

    notice: Any = ""
    lesson: Any = None
    file: Any = None
    columns: Any = None
    text: Any = None
    label: Any = None
    labels: Any = None
    preview: Any = None
    teach: Any = None
    new: Any = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What a visitor has taught, step by step, without the models: those are held apart, see `TaughtModels`.

    learned: the step whose model is kept, without it, once the teaching is over. labels: of that model.
    """

    visitor: str
    lesson: Lesson
    taken: tuple[FineTuneStep, ...]
    learned: FineTuneStep | None = None
    labels: tuple[str, ...] = ()


class Answer(NamedTuple):
    """What the page shows of the teaching, or the updates of it, of which None leaves a part as it is."""

    notice: Any = ""
    shown: Any = None
    stop: Any = None
    curves: Any = None
    ran: Any = None
    held_out: Any = None
    ask: Any = None
    link: Any = None


class Tried(NamedTuple):
    """What the taught model says of a new text."""

    notice: Any = ""
    labels: Any = None
    strip: Any = None


class Handlers:
    """What the page's events do."""

    def __init__(self, service: ModelService, taught: TaughtModels):
        self._service, self._taught = service, taught

    # What is to be learned

    @beside_the_button(Chosen)
    def choose_set(self, index: int) -> Chosen:
        return _chosen_set(index)

    @beside_the_button(Chosen)
    def choose_file(self, file: Any) -> Chosen:
        """Reads a visitor's table and guesses its columns; without a file, back to the first set."""
        path = uploaded(file)
        if path is None:
            return _chosen_set(0)._replace(file=None)  # where another one may be on its way by now
        none = Chosen(lesson=(None,), columns=_seen(False), labels="", preview="", teach=_off())
        try:
            table = read_table(path)
        except InputError as error:
            return none._replace(notice=alert(str(error)))
        text, label = guess_columns(table)
        columns = {"columns": _seen(True), "text": _choice(table.columns, text), "label": _choice(table.columns, label)}
        if label is None:
            said = f"This table has one column only, “{text}”. Add one with the label of each text."
            return none._replace(notice=alert(said), preview=preview(table, [], {}), **columns)
        return self._with_columns(file, text, label)._replace(**columns)

    @beside_the_button(Chosen)
    def choose_columns(self, file: Any, text: str, label: str) -> Chosen:
        return self._with_columns(file, text, label)

    def _with_columns(self, file: Any, text: str, label: str) -> Chosen:
        path = uploaded(file)
        if path is None:
            return Chosen()
        table = read_table(path)
        try:
            found = lesson(table, text, label)
        except InputError as error:
            return Chosen(alert(str(error)), (None,), labels="", preview=preview(table, [], {}), teach=_off())
        return _chosen(found)

    # Teaching

    def teach(
        self,
        lesson: tuple[Lesson | None],
        epochs: float,
        batch: int,
        rate: float,
        learns: str,
        seed: float | None,
        weights: Any,
        browser: gr.Request,
    ) -> Iterator[tuple[Any, ...]]:
        """Curves as they grow; in the end, or where the visitor stops, what was learned is kept."""
        (chosen,), visitor = lesson, _visitor(browser)
        taken: list[FineTuneStep] = []
        kept, looked = None, 0.0
        try:
            if chosen is None:
                raise InputError("There are no rows to learn from yet: choose a set, or a table with two columns.")
            view = TeachView(chosen.set, int(epochs), int(batch), float(rate), learns, int(seed or 0), weights)
            for step in self._steps(chosen, view):
                if step.model:
                    kept = step
                    self._taught.keep(visitor, step)
                taken.append(replace(step, model=None))
                if step.model or time.monotonic() - looked > EVERY:
                    looked = time.monotonic()
                    yield updates_of(_learning(Shown(visitor, chosen, tuple(taken))))
            if kept:
                yield updates_of(_learnt(Shown(visitor, chosen, tuple(taken)), kept, view))
        except Exception as error:  # the last place before the visitor
            ready = gr.update(interactive=self._taught.of(visitor) is not None)
            yield updates_of(Answer(alert(in_words(error)), stop=_off(), ask=ready))

    def _steps(self, chosen: Lesson, view: TeachView) -> Iterator[FineTuneStep]:
        request = FineTuneRequest(
            chosen.rows, view.epochs, view.batch, view.rate, view.seed, view.learns == "decoder", view.weights
        )
        yield from self._service.stream(request)

    def waiting(self, browser: gr.Request) -> tuple[Any, ...]:
        """Until the first step: what was taught before is given up, and gone from the page."""
        self._taught.drop(_visitor(browser))
        return hint("Getting ready …"), None, _on(), "", "", _off()

    @beside_the_button(Answer)
    def stopped(self, shown: Shown | None, browser: gr.Request) -> Answer:
        """What was learned until then is kept."""
        kept = self._taught.of(_visitor(browser))
        if kept is None or shown is None:
            return Answer(hint("Stopped before anything was learned."), stop=_off())
        return _finished(shown, kept)._replace(
            notice=hint(f"Stopped. Kept is what it knew after step {kept.step:,}: try it below, or save it.")
        )

    # What was learned

    @beside_the_button(Tried)
    def try_it(self, text: str, browser: gr.Request) -> Tried:
        kept = self._taught.of(_visitor(browser))
        if kept is None:
            return Tried(alert(NOTHING_YET))
        result = self._service.run(SentimentRequest(text, Probe(None, "encoder"), model=kept.model))
        panels = render.sentiment(result)
        return Tried("", panels.labels, panels.text)

    def teaching_files(self, shown: Shown | None) -> Files | None:
        """Curves, the model as a folder that transformers loads, and a notebook that does so."""
        if shown is None:
            return None
        return figure_files(
            partial(render.fine_tuning_figure, shown.taken, shown.lesson.chance),
            FOLDER,
            zip=lambda file: write_zip(self._service, self._kept(shown), shown.lesson, file),
            ipynb=lambda file: write_notebook_file(self._kept(shown), file),
        )

    def _kept(self, shown: Shown) -> FineTuneStep:
        """With its model. Raises InputError where that had to make room for others'."""
        kept = self._taught.of(shown.visitor)
        if kept is None or kept.model is None:
            raise InputError(GONE)
        return kept

    def confusion_files(self, shown: Shown | None) -> Files | None:
        learned = shown.learned if shown else None
        if shown is None or learned is None or learned.held_out is None:
            return None
        panel = partial(render.fine_tuning_confusion_figure, learned.held_out, shown.labels, learned.run)
        return figure_files(panel, "confusion")

    def open(self, browser: gr.Request) -> tuple[Any, ...]:
        """Set and settings when the page opens: from the address, or the first set."""
        first = replace(AT_FIRST, weights=self._service.default_weights)
        rates = tuple(rate for _, rate in RATES)
        view = teach_from_query(NAME, browser.query_params, first, len(SETS), MOST_EPOCHS, BATCHES, rates) or first
        settings = view.epochs, view.batch, view.rate, view.learns, view.seed, view.weights
        return *settings, *self.choose_set(view.set or 0)

    def leave(self, browser: gr.Request) -> None:
        """What a visitor has taught goes with them."""
        self._taught.drop(_visitor(browser))


def _visitor(browser: gr.Request) -> str:
    return browser.session_hash or ""


def _chosen_set(index: int) -> Chosen:
    found = _chosen(built_in(index, SETS[index]))
    nothing = {"file": gr.update(value=None), "columns": _seen(False)}
    return found._replace(notice=hint(SETS[index].notice), new=SETS[index].unseen, **nothing)


def _chosen(found: Lesson) -> Chosen:
    notice = alert(found.said) if found.said else hint(f"{len(found.rows):,} rows with {len(found.counts)} labels.")
    return Chosen(notice, (found,), labels=found.labels, preview=found.preview, teach=_on())


def _choice(names: Sequence[str], chosen: str | None) -> dict[str, Any]:
    return gr.update(choices=list(names), value=chosen, interactive=True)


def _seen(visible: bool) -> dict[str, Any]:
    return gr.update(visible=visible)


def _on() -> dict[str, Any]:
    return gr.update(interactive=True)


def _off() -> dict[str, Any]:
    return gr.update(interactive=False)


def _learning(shown: Shown) -> Answer:
    last = shown.taken[-1]
    asked = [step.validation_accuracy for step in shown.taken if step.validation_accuracy is not None]
    held_out = asked[-1] if asked else 0.0
    said = f"Step {last.step:,} of {last.steps:,}, epoch {last.epoch}. Of the held-out rows {held_out:.0%} are right."
    return Answer(hint(said), shown, curves=render.fine_tuning(shown.taken, shown.lesson.chance))


def _learnt(shown: Shown, last: FineTuneStep, view: TeachView) -> Answer:
    said = f"Learned in {last.seconds:.0f} seconds. {_held_out_in_words(last)} Now try it below."
    if last.step < last.steps:
        said = f"The time was over after {last.step:,} of {last.steps:,} steps; what was learned is kept. {said}"
    if last.rows_shortened:
        said += f" Of {last.rows_shortened:,} rows only the first part was read: the model reads no more."
    return _finished(shown, last)._replace(notice=hint(said), link=teach_to_query(NAME, view))


def _held_out_in_words(last: FineTuneStep) -> str:
    if last.held_out is None:
        return ""
    rows = len(last.held_out.labels)
    right = int(last.held_out.confusion.trace())
    return f"Of {rows:,} held-out rows it gets {right:,} right ({right / rows:.0%})."


def _finished(shown: Shown, kept: FineTuneStep) -> Answer:
    """Curves and confusion, and what can be done with the model now."""
    labels = kept.model.labels if kept.model else ()
    held_out = render.fine_tuning_confusion(kept.held_out, labels) if kept.held_out else ""
    ended = replace(shown.taken[-1], model=kept.model)
    curves = render.fine_tuning((*shown.taken[:-1], ended), shown.lesson.chance)
    shown = replace(shown, learned=replace(kept, model=None), labels=labels)
    return Answer("", shown, _off(), curves, run_line(kept.run), held_out, _on())
