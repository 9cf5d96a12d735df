"""Sentiment: classify a text, and show which bytes the label attended to and which words it depends on."""

from dataclasses import dataclass, replace

from components import render
from components.html.run_line import run_line
from components.render.architecture import sentiment_architecture
from models.data.examples import text_examples
from models.schema import InputError, SentimentRequest, SentimentResult
from pages.screen import Files, Notice, Screen, Update, answered, model_notice
from pages.session import Session
from pages.state import ModelState, TraceState, UnitState, control
from pages.tracing import fit_to_model, probe, within_model

NAME = "sentiment"
EXAMPLES = text_examples(NAME)
NOT_REQUESTED = 'No words were left out. Select "Leave-one-out word importance" and classify again.'


class SentimentState(ModelState, TraceState, UnitState):
    text: str = control(EXAMPLES[0].text, "Text", "A text that is longer than the model reads is split into windows.")
    occlude: bool = control(
        True,
        "Leave-one-out word importance",
        "Leaves out each word in turn and measures the change in probability: one more forward pass for each word.",
    )


@dataclass(frozen=True, slots=True)
class SentimentRun:
    state: SentimentState
    result: SentimentResult


class SentimentScreen(Screen[SentimentState, SentimentRun]):
    name = NAME
    state = SentimentState
    required = ("text",)
    page_only = ("scale", "unit")

    def submit(self, session: Session, state: SentimentState) -> Update:
        return self.submit_example(session, state) | {"notice": ""}

    def compute_first(self) -> SentimentRun:
        return self._run(self.initial, self.initial.occlude)

    def show(self, run: SentimentRun) -> Update:
        state, result = run.state, run.result
        panels = render.sentiment(result, state.unit, state.scale)
        pending = Notice("Leaving out each word …" if state.occlude else NOT_REQUESTED)
        shown: Update = {"labels": panels.labels, "strip": panels.text, "run_line": run_line(result.run)}
        shown |= {"attention": panels.attention or "", "occlusion": panels.occlusion or pending}
        return shown | {"link": self.link(state)}

    def controls(self, state: SentimentState) -> Update:
        shape = self.shape(state.weights)
        models = fit_to_model(shape, state.head, state.latent) | {"architecture": sentiment_architecture(shape)}
        return super().controls(state) | models

    def fit(self, state: SentimentState) -> SentimentState:
        return state.changed(**within_model(self.shape(state.weights), state.head, state.latent))

    def call(self, state: SentimentState) -> object:
        result = self.backend.run(_request(state, state.occlude))
        return {name: getattr(result, name) for name in ("labels", "windows", "occlusion", "attention", "run")}

    # What a visitor does

    def choose_example(self, session: Session, state: SentimentState, index: int) -> Update:
        return {"text": EXAMPLES[index].text, "notice": Notice(EXAMPLES[index].notice)}

    def submit_example(self, session: Session, state: SentimentState) -> Update:
        """As `submit`; the notice of the example stays."""
        return self.keep(session, self._run(state)) | answered()

    def choose_weights(self, session: Session, state: SentimentState) -> Update:
        shape = self.shape(state.weights)
        reads = f"{shape.longest_text:,} bytes at once and longer texts in overlapping windows"
        notice = model_notice(shape, state.weights, 0.8, reads)
        return {"notice": notice, "architecture": sentiment_architecture(shape)} | fit_to_model(shape)

    def leave_out_words(self, session: Session, state: SentimentState) -> Update:
        """After a result, which need not wait for it: what each word contributes, if that was requested."""
        run = session.get()
        if run is None or not run.state.occlude or run.result.occlusion:
            return {}
        try:
            result = self._run(run.state, occlude=True).result
        except InputError as error:
            return {"notice": Notice(str(error), "alert"), "occlusion": Notice("No words were left out.")}
        current = session.get()
        if current is None or current.result is not run.result:  # the visitor went on to another result
            return {}
        session.put(replace(current, result=result))
        return {"occlusion": render.sentiment_words(result)}

    def trace(self, session: Session, state: SentimentState) -> Update:
        """Shows the attention for the same text by another method, head or latent."""
        run = session.get()
        if run is None:
            return {}
        fields = SentimentState.fields_with("display")
        return self.keep(session, self._run(run.state.changed(**{name: getattr(state, name) for name in fields})))

    def redraw(self, session: Session, state: SentimentState) -> Update:
        """Draws the same attention in other units or on another scale, without the model."""
        run = session.get()
        if run is None:
            return {}
        return self.keep(session, replace(run, state=run.state.changed(unit=state.unit, scale=state.scale)))

    def attention_files(self, session: Session, state: SentimentState) -> Files | None:
        run = session.get()
        if run is None or run.result.attention is None:
            return None
        result, unit, scale = run.result, run.state.unit, run.state.scale
        stem = f"sentiment-{result.attention.method}"
        return Files.of_plot(lambda: render.sentiment_attention(result, unit, scale), stem)

    def occlusion_files(self, session: Session, state: SentimentState) -> Files | None:
        run = session.get()
        if run is None or run.result.occlusion is None:
            return None
        return Files.of_plot(lambda: render.sentiment_occlusion(run.result), "sentiment-word-importance")

    def _run(self, state: SentimentState, occlude: bool = False) -> SentimentRun:
        return SentimentRun(state, self.backend.run(_request(state, occlude)))


def _request(state: SentimentState, occlude: bool) -> SentimentRequest:
    return SentimentRequest(state.text, probe(None, state.method, state.head, state.latent), state.weights, occlude)
