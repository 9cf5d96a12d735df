"""Masked language modeling: fill masked bytes, and show which bytes a prediction attended to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components import render
from components.html.run_line import run_line
from components.html.text.mask_strip import follow_text, strip_value
from components.render.architecture import masked_bytes_architecture
from models.data.examples import text_examples
from models.schema import ByteAt, Decoding, MaskedBytesRequest, MaskedBytesResult
from pages.screen import Files, Notice, Screen, Update, answered, model_notice
from pages.session import Session
from pages.state import ModelState, TraceState, control
from pages.tracing import fit_to_model, probe, within_model

NAME = "masked_bytes"
EXAMPLES = text_examples(NAME)
Span = tuple[int, int]


class MaskedBytesState(ModelState, TraceState):
    text: str = control(EXAMPLES[0].text, "Text", "A literal [MASK] in it masks one byte.")
    mask: tuple[Span, ...] = control(
        EXAMPLES[0].spans, "Masked bytes", "Half-open spans of UTF-8 bytes of the text, such as [[51, 60]]."
    )
    top_k: int = control(5, "Candidates", "Most probable bytes shown for each masked byte.", ge=1, le=10)
    decoding: Decoding = control(
        "iterative",
        "Decoding order",
        '"iterative" fills the most certain byte first and predicts again; "parallel" fills all at once.',
        labels={"iterative": "one at a time, most certain first", "parallel": "all at once"},
    )
    byte: int | None = control(
        None, "Byte", "Byte whose attention is shown, counting from 0; a [MASK] is one byte.", role="selection", ge=0
    )


@dataclass(frozen=True, slots=True)
class MaskedBytesRun:
    state: MaskedBytesState
    result: MaskedBytesResult


class MaskedBytesScreen(Screen[MaskedBytesState, MaskedBytesRun]):
    name = NAME
    state = MaskedBytesState
    required = ("text",)

    def submit(self, session: Session, state: MaskedBytesState) -> Update:
        return self.submit_example(session, state) | {"notice": ""}

    def compute_first(self) -> MaskedBytesRun:
        return self._run(self.initial)

    def show(self, run: MaskedBytesRun) -> Update:
        result = run.result
        filled, candidates, plot = render.masked_bytes(result, result.traced, run.state.scale)
        detail = ""
        if result.bytes_read < result.bytes_total:
            detail = f"read the first {result.bytes_read:,} of {result.bytes_total:,} bytes"
        shown: Update = {"filled": filled, "candidates": candidates, "run_line": run_line(result.run, detail)}
        return shown | {"attention": plot or "", "link": self.link(run.state)}

    def controls(self, state: MaskedBytesState) -> Update:
        shape = self.shape(state.weights)
        strip = strip_value(state.text, state.mask, shape.longest_text)
        models = fit_to_model(shape, state.head, state.latent) | {"architecture": masked_bytes_architecture(shape)}
        return super().controls(state) | {"mask": strip} | models

    def fit(self, state: MaskedBytesState) -> MaskedBytesState:
        return state.changed(**within_model(self.shape(state.weights), state.head, state.latent))

    def call(self, state: MaskedBytesState) -> object:
        return self.backend.run(_request(state))

    # What a visitor does

    def choose_example(self, session: Session, state: MaskedBytesState, index: int) -> Update:
        example = EXAMPLES[index]
        strip = strip_value(example.text, example.spans, self.shape(state.weights).longest_text)
        return {"text": example.text, "mask": strip, "notice": Notice(example.notice)}

    def submit_example(self, session: Session, state: MaskedBytesState) -> Update:
        """As `submit`; the notice of the example stays."""
        return self.keep(session, self._run(state)) | answered()

    def choose_weights(self, session: Session, state: MaskedBytesState) -> Update:
        shape = self.shape(state.weights)
        notice = model_notice(shape, state.weights, 0.8, f"{shape.longest_text:,} bytes")
        strip, drawing = strip_value(state.text, state.mask, shape.longest_text), masked_bytes_architecture(shape)
        return {"mask": strip, "notice": notice, "architecture": drawing} | fit_to_model(shape)

    def select_byte(self, session: Session, state: MaskedBytesState, position: int) -> Update:
        """Shows the attention of another byte."""
        return self._trace_again(session, state, byte=int(position))

    def trace(self, session: Session, state: MaskedBytesState) -> Update:
        """Shows the attention of the same byte by another method, head or latent."""
        return self._trace_again(session, state)

    def rescale(self, session: Session, state: MaskedBytesState) -> Update:
        """Draws the same attention on another scale, without the model."""
        run = session.get()
        return (
            {} if run is None else self.keep(session, MaskedBytesRun(run.state.changed(scale=state.scale), run.result))
        )

    def attention_files(self, session: Session, state: MaskedBytesState) -> Files | None:
        run = session.get()
        if run is None or run.result.attention is None:
            return None
        result, scale = run.result, run.state.scale
        stem = f"masked-byte-{result.traced}-{result.attention.method}"
        return Files.of_plot(lambda: render.masked_bytes_attention(result, result.traced, scale), stem)

    def _trace_again(self, session: Session, state: MaskedBytesState, **changes: object) -> Update:
        run = session.get()
        if run is None:
            return {}
        shown = {name: getattr(state, name) for name in ("method", "head", "latent", "scale")}
        return self.keep(session, self._run(run.state.changed(**shown | changes)))

    def _run(self, state: MaskedBytesState) -> MaskedBytesRun:
        result = self.backend.run(_request(state))
        return MaskedBytesRun(state.changed(byte=result.traced), result)


def _request(state: MaskedBytesState) -> MaskedBytesRequest:
    target = None if state.byte is None else ByteAt(state.byte)
    asked = probe(target, state.method, state.head, state.latent)
    return MaskedBytesRequest(state.text, state.mask, state.top_k, state.decoding, asked, state.weights)


def mask_spans(values: Mapping[str, Any]) -> list[Any]:
    """The spans of the mask strip, for the text as it is by now: the strip follows it with a delay."""
    return follow_text(values["mask"], values["text"] or "")["spans"]
