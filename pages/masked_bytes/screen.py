"""Masked language modeling: fill masked bytes, and show which bytes a prediction attended to."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Self

from markupsafe import Markup

from components.html.run_line import run_line
from components.html.text.mask_strip import follow_text, strip_value
from components.render import masked_bytes as render
from components.render.architecture import masked_bytes_architecture
from models.data.byte_text import MASK_LITERAL
from models.data.examples import chosen, example_with_text, text_examples
from models.schema import ByteAt, Decoding, MaskedBytesProgress, MaskedBytesRequest, MaskedBytesResult, ModelShape
from pages.attributions import ATTRIBUTIONS, ExplainedRun, ExplainedScreen
from pages.screen import Files, Notice, Update, answered, on_run
from pages.session import Session
from pages.state import ModelState, TraceState, control
from pages.tracing import probe_of, trace_choices, with_stages, within_model

NAME = "masked_bytes"
EXAMPLES = text_examples(NAME)
Span = tuple[int, int]
CR_LF = b"\r\n"
CLEARED: Update = dict.fromkeys(("candidates", "network", "attention", "run_line", *ATTRIBUTIONS), "")
"""What belongs to the result before, while a text is being filled."""


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

    @classmethod
    def from_query(cls, params: Mapping[str, str], default: Self) -> tuple[Self, tuple[str, ...]]:
        """See `State`. Mask and byte stay where they were, though the text loses a byte in each CR LF before them."""
        state, notices = super().from_query(params, default)
        written = params.get("text", "").encode("utf-8", "surrogatepass")
        if CR_LF not in written:
            return state, notices
        spans = (tuple(edge - written.count(CR_LF, 0, edge) for edge in span) for span in state.mask)
        byte = state.byte
        if byte is not None:
            byte -= written.replace(MASK_LITERAL, b"?").count(CR_LF, 0, byte)
        return state.changed(mask=tuple(span for span in spans if span[0] < span[1]), byte=byte), notices


@dataclass(frozen=True, slots=True)
class MaskedBytesRun(ExplainedRun[MaskedBytesState]):
    result: MaskedBytesResult


class MaskedBytesScreen(ExplainedScreen[MaskedBytesState, MaskedBytesRun]):
    name = NAME
    state = MaskedBytesState
    examples = EXAMPLES
    required = ("text",)

    def run(self, state: MaskedBytesState) -> MaskedBytesRun:
        return _run_of(state, self.backend.run(with_stages(_request(state))))

    def submit(self, session: Session, state: MaskedBytesState) -> Iterator[Update]:
        """Shows the text while it is being filled, if that takes long, and then the result."""
        job, begins = session.start_job(), True
        with closing(self.backend.stream(with_stages(_request(state)))) as parts:
            for part in parts:
                if job.over:
                    return
                if isinstance(part, MaskedBytesResult):
                    yield self.keep(session, _run_of(state, part)) | {"notice": self.hint(state)} | answered()
                    return
                if begins:
                    session.discard()
                yield _progress(part) | (CLEARED | answered() if begins else {})
                begins = False

    def show(self, run: MaskedBytesRun) -> Update:
        result = run.result
        filled, candidates, plot = render.masked_bytes(result, result.traced, run.state.scale)
        detail = ""
        if result.bytes_read < result.bytes_total:
            detail = f"read the first {result.bytes_read:,} of {result.bytes_total:,} bytes"
        shown: Update = {"filled": filled, "candidates": candidates, "run_line": run_line(result.run, detail)}
        shown |= self.show_attributions(run) | {"network": self.figure(run), "attention": plot or ""}
        return shown | {"link": self.link(run.state)}

    def figure(self, run: MaskedBytesRun) -> Markup:
        return render.masked_bytes_network(run.result, self.figure_shape(run))

    def figure_request(self, run: MaskedBytesRun) -> MaskedBytesRequest:
        return self.request(run.state)

    def request(self, state: MaskedBytesState) -> MaskedBytesRequest:
        return _request(state)

    def model_parts(self, state: MaskedBytesState) -> Update:
        shape = self.shape(state.weights)
        strip = strip_value(state.text, state.mask, shape.longest_text)
        return trace_choices(shape, state) | {"mask": strip, "architecture": masked_bytes_architecture(shape)}

    def reads(self, shape: ModelShape) -> str:
        return f", reads {shape.longest_text:,} bytes"

    def fit(self, state: MaskedBytesState) -> MaskedBytesState:
        return within_model(self.shape(state.weights), state)

    def example_inputs(self, index: int) -> Update:
        example = chosen(EXAMPLES, index)
        strip = strip_value(example.text, example.spans, self.shape(self.initial.weights).longest_text)
        return {"text": example.text, "mask": strip}

    def example_of(self, state: MaskedBytesState) -> int | None:
        return example_with_text(state.text, EXAMPLES)

    def call(self, state: MaskedBytesState) -> object:
        return self.backend.run(_request(state))

    @on_run
    def select_byte(self, run: MaskedBytesRun, state: MaskedBytesState, position: int) -> MaskedBytesRun:
        """Shows the attention of another byte."""
        return self.traced_by(run, state, byte=int(position))

    def attention_files(self, run: MaskedBytesRun, state: MaskedBytesState) -> Files | None:
        result, scale = run.result, run.state.scale
        if result.attention is None:
            return None
        stem = f"masked-byte-{result.traced}-{result.attention.method}"
        return Files.of_plot(lambda: render.masked_bytes_attention(result, result.traced, scale), stem, run.state)


def _run_of(state: MaskedBytesState, result: MaskedBytesResult) -> MaskedBytesRun:
    return MaskedBytesRun(state.changed(byte=result.traced), result)


def _progress(progress: MaskedBytesProgress) -> Update:
    count, total = len(progress.filled), len(progress.filled) + len(progress.masked)
    notice = Notice(f"Filled {count:,} of {total:,} bytes.")
    return {"filled": render.masked_bytes_progress(progress), "notice": notice}


def _request(state: MaskedBytesState) -> MaskedBytesRequest:
    target = None if state.byte is None else ByteAt(state.byte)
    return MaskedBytesRequest(
        state.text, state.mask, state.top_k, state.decoding, probe_of(state, target), state.weights
    )


def mask_spans(values: Mapping[str, Any]) -> list[list[int]]:
    """The spans of the mask strip, for the text as it is by now: the strip follows it with a delay."""
    return follow_text(values["mask"], values["text"] or "")["spans"]
