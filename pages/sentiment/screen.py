"""Sentiment: classify a text, and show which bytes the label attended to and which words it depends on."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from markupsafe import Markup

from components.analysis.occlusion import EffectUnit
from components.html.run_line import run_line
from components.render import sentiment as render
from components.render.architecture import sentiment_architecture
from models.data.csv_table import MAX_ROWS
from models.data.examples import chosen, example_with_text, text_examples
from models.schema import InputError, ModelShape, SentimentRequest, SentimentResult
from pages.attributions import ExplainedRun, ExplainedScreen
from pages.screen import Files, Notice, Update
from pages.session import Session
from pages.state import ModelState, TraceState, UnitState, control
from pages.tracing import probe_of, trace_choices, with_stages, within_model

NAME = "sentiment"
EXAMPLES = text_examples(NAME)
NOT_REQUESTED = 'No words were left out. Select "Leave-one-out word importance" and classify again.'


class SentimentState(ModelState, TraceState, UnitState):
    text: str = control(EXAMPLES[0].text, "Text", "A text that is longer than the model reads is split into windows.")
    occlude: bool = control(
        True,
        "Leave-one-out word importance",
        "Leaves out each word in turn and measures the change of the label: one more forward pass for each word.",
    )
    importance_unit: EffectUnit = control(
        "log_odds",
        "Importance unit",
        "Log-odds: ln(p / (1 - p)), which does not saturate. Percentage points saturate near 0% and 100%.",
        role="display",
        labels={"log_odds": "log-odds", "probability": "percentage points"},
    )


@dataclass(frozen=True, slots=True)
class SentimentRun(ExplainedRun[SentimentState]):
    result: SentimentResult


class SentimentScreen(ExplainedScreen[SentimentState, SentimentRun]):
    name = NAME
    state = SentimentState
    examples = EXAMPLES
    facts: ClassVar = {"max_rows": MAX_ROWS}
    required = ("text",)
    page_only = ("scale", "unit", "importance_unit")

    def run(self, state: SentimentState, occlude: bool = False) -> SentimentRun:
        """occlude: with the importance of the words, which a page adds later: it takes longer than all else."""
        return SentimentRun(state, self.backend.run(with_stages(_request(state, occlude))))

    def compute_first(self) -> SentimentRun:
        return self.run(self.initial, self.initial.occlude)

    def show(self, run: SentimentRun) -> Update:
        state, result = run.state, run.result
        panels = render.sentiment(result, state.unit, state.scale, state.importance_unit)
        pending = Notice("Leaving out each word …" if state.occlude else NOT_REQUESTED)
        shown: Update = {"labels": panels.labels, "strip": panels.text, "run_line": run_line(result.run)}
        shown |= {"attention": panels.attention or "", "occlusion": panels.occlusion or pending}
        return shown | self.show_attributions(run) | {"network": self.figure(run), "link": self.link(state)}

    def figure(self, run: SentimentRun) -> Markup:
        return render.sentiment_network(run.result, self.figure_shape(run))

    def figure_request(self, run: SentimentRun) -> SentimentRequest:
        return self.request(run.state)

    def request(self, state: SentimentState) -> SentimentRequest:
        return _request(state, occlude=False)

    def model_parts(self, state: SentimentState) -> Update:
        shape = self.shape(state.weights)
        return trace_choices(shape, state) | {"architecture": sentiment_architecture(shape)}

    def reads(self, shape: ModelShape) -> str:
        return f", reads {shape.longest_text:,} bytes at once and longer texts in overlapping windows"

    def fit(self, state: SentimentState) -> SentimentState:
        return within_model(self.shape(state.weights), state)

    def example_inputs(self, index: int) -> Update:
        return {"text": chosen(EXAMPLES, index).text}

    def example_of(self, state: SentimentState) -> int | None:
        return example_with_text(state.text, EXAMPLES)

    def call(self, state: SentimentState) -> object:
        result = self.backend.run(_request(state, state.occlude))
        return {name: getattr(result, name) for name in ("labels", "windows", "occlusion", "attention", "run")}

    def begin(self, session: Session, state: SentimentState) -> Update:
        """At once, before the model is free: the words of the earlier text are not left out any more."""
        session.start_job()
        return {}

    def choose_example(self, session: Session, state: SentimentState, index: int) -> Update:
        return self.begin(session, state) | self.example_inputs(index) | {"notice": self.hint_of(index)}

    def leave_out_words(self, session: Session, state: SentimentState) -> Iterator[Update]:
        """After a result, which need not wait for it: what each word contributes, if that was requested."""
        run = session.get()
        if run is None or not run.state.occlude or run.result.occlusion:
            return
        try:
            yield from self._words(session, run)
        except InputError as error:
            yield {"notice": Notice(str(error), "alert"), "occlusion": Notice("No words were left out.")}

    def _words(self, session: Session, run: SentimentRun) -> Iterator[Update]:
        """The importance of the first words, then of more, until the visitor goes on to another result."""
        job = session.start_job()
        with closing(self.backend.stream(with_stages(_request(run.state, occlude=True)))) as results:
            for result in results:
                current = session.get()
                if job.over or current is None or current.result is not run.result:
                    return
                if result.occlusion and result.occlusion.complete:
                    session.put(replace(current, result=result))
                yield {"occlusion": render.sentiment_words(result, current.state.importance_unit, current.state.scale)}

    def attention_files(self, run: SentimentRun, state: SentimentState) -> Files | None:
        result, unit, scale = run.result, run.state.unit, run.state.scale
        if result.attention is None:
            return None
        stem = f"sentiment-{result.attention.method}"
        return Files.of_plot(lambda: render.sentiment_attention(result, unit, scale), stem, run.state)

    def occlusion_files(self, run: SentimentRun, state: SentimentState) -> Files | None:
        if run.result.occlusion is None:
            return None
        state = run.state
        draw = partial(render.sentiment_occlusion, run.result, state.importance_unit, state.scale)
        return Files.of_plot(draw, "sentiment-word-importance", run.state)


def _request(state: SentimentState, occlude: bool) -> SentimentRequest:
    return SentimentRequest(state.text, probe_of(state), state.weights, occlude)
