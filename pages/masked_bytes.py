"""Masked bytes: hide parts of a text, see them filled in, and trace a filled byte to what it was read from."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import gradio as gr

from components import render
from components.plots.architecture import Stage, draw_architecture
from components.scale.attention import Scale
from models.backend.local import ModelService
from models.data.byte_text import read_text
from models.schema import MaskedBytesRequest, MaskedBytesResult, ModelShape, Weights
from pages.examples import text_examples, title_chips
from pages.page import EACH, GPU, PRIVATE, QUIET, Opening, Page, beside_the_button, hint, run_line, view_link
from pages.saving import Files, figure_files
from pages.strips import FOLLOW_TEXT, mask_strip, result_strip, strip_value
from pages.text_api import masked_bytes_call
from pages.text_link import TextView, from_query, to_query
from pages.trace import (
    AT_FIRST,
    TraceSection,
    figure_markup,
    fit_to_model,
    probe,
    trace_section,
    understood,
)

NAME = "masked_bytes"
LEAD = "Hide part of a text: a Perceiver that reads raw bytes fills it in, and shows which bytes it read for that."
DECODINGS = [("one by one, surest first", "iterative"), ("all at once", "parallel")]
WEIGHTS = [("embedded: small, always here", "embedded"), ("published: 201 M parameters", "published")]
EXAMPLES = text_examples(NAME)
HOW = """The text becomes its UTF-8 bytes, a vector each with a learned position; hidden bytes become the token [MASK].
One **cross-attention** reads them all into a fixed number of **latents**, which then work among themselves in
self-attention layers, at a cost that does not grow with the text. For each hidden byte a **query**, which is nothing
but its position, reads its answer from the latents: a probability for each of the 256 bytes."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is on the page: the view, and the result it stands for."""

    view: TextView
    result: MaskedBytesResult


class Question(NamedTuple):
    """What a visitor sets, in the order in which handlers take it."""

    text: gr.Textbox
    strip: gr.HTML
    top_k: gr.Slider
    decoding: gr.Radio
    weights: gr.Radio


class Answer(NamedTuple):
    """What the page shows, or the updates of it, of which None leaves a part as it is."""

    notice: Any = ""
    shown: Any = None
    filled: Any = None
    candidates: Any = None
    ran: Any = None
    figure: Any = None
    link: Any = None


class Handlers:
    """What the page's events do."""

    def __init__(self, service: ModelService):
        self._service = service
        first = EXAMPLES[0]
        self._first_view = TextView(
            first.text, first.spans, 5, "iterative", service.default_weights, traced=None, looked=AT_FIRST
        )

    @beside_the_button(Answer)
    def fill(self, *asked: Any) -> Answer:
        """The answer to what the visitor set: a `Question`'s values, then those of the trace controls."""
        return self._answer(_view(*asked))

    @beside_the_button(Answer)
    def fill_example(self, *asked: Any) -> Answer:
        """As `fill`, but what there is to notice about the example stays."""
        return self._answer(_view(*asked))._replace(notice=None)

    @beside_the_button(Answer)
    def trace_clicked(self, event: gr.EventData, shown: Shown | None, *looked: Any) -> Answer:
        """Traces the byte that was clicked."""
        return self._answer(replace(shown.view, traced=int(event.position), looked=looked)) if shown else Answer()

    @beside_the_button(Answer)
    def trace_again(self, shown: Shown | None, *looked: Any) -> Answer:
        """Traces the same byte in another way."""
        return self._answer(replace(shown.view, looked=looked)) if shown else Answer()

    @beside_the_button(Answer)
    def rescale(self, shown: Shown | None, *looked: Any) -> Answer:
        """Draws the same attention on another scale; no model is asked."""
        return _drawn(Shown(replace(shown.view, looked=looked), shown.result)) if shown else Answer()

    def open(self, browser: gr.Request) -> tuple[Any, ...]:
        """Question, controls and answer when the page opens: from the address, or the first example."""
        view = from_query(NAME, browser.query_params, self._first_view, understood)
        if view is None:
            return (*[gr.skip()] * len([*Question._fields, *AT_FIRST]), *self._open_first())
        strip = strip_value(view.text, view.spans, self._shape(view.weights).longest_text)
        return view.text, strip, view.top_k, view.decoding, view.weights, *view.looked, *self._open(view)

    @beside_the_button(Answer)
    def _open_first(self) -> Answer:
        return self._first

    @beside_the_button(Answer)
    def _open(self, view: TextView) -> Answer:
        return self._answer(view)

    @cached_property
    def _first(self) -> Answer:
        """The first example's answer, the same for every visitor, with no link: the bare address shows it, too."""
        return self._answer(self._first_view)._replace(link="")

    def choose_weights(self, weights: Weights, strip: dict) -> tuple[Any, ...]:
        """Strip, notice, head, latent and drawing for another model."""
        shape = self._shape(weights)
        note = f"{shape.name}: {shape.parameters / 1e6:.1f} M parameters, reads {shape.longest_text:,} bytes."
        if weights == "published":
            note += " Where it is not on this machine yet, it is downloaded when it is first asked: about 0.8 GB."
        return strip | {"limit": shape.longest_text}, hint(note), *fit_to_model(shape), _drawing(shape)

    def choose_example(self, index: int, weights: Weights) -> tuple[str, dict, str]:
        """Text, strip and notice."""
        example = EXAMPLES[index]
        strip = strip_value(example.text, example.spans, self._shape(weights).longest_text)
        return example.text, strip, hint(example.notice)

    def _shape(self, weights: Weights) -> ModelShape:
        return self._service.shape(NAME, weights)

    def _answer(self, view: TextView) -> Answer:
        traced = _first_hidden(view) if view.traced is None else view.traced
        *controls, _ = view.looked
        asked = probe(traced, *controls)  # pyright: ignore[reportArgumentType]
        result = self._service.run(
            MaskedBytesRequest(view.text, view.spans, view.top_k, view.decoding, asked, view.weights)
        )
        return _drawn(Shown(replace(view, traced=traced), result))


def build(service: ModelService, opening: Opening) -> None:
    """Widgets, and what happens when they are used."""
    shape = service.shape(NAME, service.default_weights)
    shown, link = gr.State(None), view_link()
    gr.Markdown(LEAD, elem_classes="lead")
    chips = title_chips("Start with an example, or write your own text below", EXAMPLES, "examples")
    with gr.Row():
        with gr.Column(min_width=320):
            question, fill, notice = _question(service, shape)
        with gr.Column(min_width=320):
            filled = result_strip("filled-strip", "Filled in: click a byte to see what it was read from")
            candidates = result_strip("candidates", "The likeliest bytes for each place, with their probabilities")
            ran = gr.Markdown(elem_classes="run-line", elem_id="run-line")
    section = trace_section(NAME, shape)
    with gr.Accordion("How this works", open=False, elem_id="how"):
        gr.Markdown(HOW)
        drawing = gr.HTML(_drawing(shape), elem_classes="drawing")
    answer = Answer(notice, shown, filled, candidates, ran, section.figure, link)
    _wire(opening, Handlers(service), question, fill, chips, section, answer, drawing)
    gr.api(masked_bytes_call(service), api_name=NAME, **GPU)


def _wire(
    opening: Opening,
    handlers: Handlers,
    question: Question,
    fill: gr.Button,
    chips: gr.Dataset,
    section: TraceSection,
    answer: Answer,
    drawing: gr.HTML,
) -> None:
    asked, looked = [*question, *section.looked], [answer.shown, *section.looked]
    busy = {"show_progress_on": answer.filled, **PRIVATE, **GPU}
    chosen = chips.click(
        handlers.choose_example, [chips, question.weights], [question.text, question.strip, answer.notice], **QUIET
    )
    parts: list[Any] = list(answer)
    gr.on([fill.click, question.text.submit], handlers.fill, asked, parts, **busy)
    chosen.then(handlers.fill_example, asked, parts, **busy)
    opening.answers(handlers.open, [*asked, *parts], **QUIET, **GPU)
    gr.on([answer.filled.select, answer.candidates.select], handlers.trace_clicked, looked, parts, **EACH, **GPU)
    gr.on([control.input for control in section.probed], handlers.trace_again, looked, parts, **EACH, **GPU)
    section.scale.input(handlers.rescale, looked, parts, **EACH)
    section.saving.save(attention_files, [answer.shown])
    question.text.input(None, None, answer.notice, js="() => ['']", **QUIET)
    question.strip.input(None, None, answer.notice, js="() => ['']", **QUIET)
    question.text.change(None, [question.text, question.strip], question.strip, js=FOLLOW_TEXT, **QUIET)
    question.weights.input(
        handlers.choose_weights,
        [question.weights, question.strip],
        [question.strip, answer.notice, section.head, section.latent, drawing],
        **QUIET,
    )


def _question(service: ModelService, shape: ModelShape) -> tuple[Question, gr.Button, gr.HTML]:
    """What is asked, the button, and the notice below it."""
    first = EXAMPLES[0]
    text = gr.Textbox(first.text, label="Text", lines=2, max_lines=8, elem_id="text")
    strip = mask_strip(first.text, first.spans, shape.longest_text)
    fill = gr.Button("Fill in", variant="primary", elem_id="fill")
    notice = gr.HTML(elem_id="notice")
    with gr.Row():
        decoding = gr.Radio(DECODINGS, value="iterative", label="Order of filling", min_width=200, elem_id="decoding")
        weights = gr.Radio(WEIGHTS, value=service.default_weights, label="Model", min_width=200, elem_id="weights")
        top_k = gr.Slider(1, 10, value=5, step=1, label="Candidates shown", min_width=160)
    return Question(text, strip, top_k, decoding, weights), fill, notice


def _drawing(shape: ModelShape) -> str:
    return draw_architecture(
        inputs=Stage("bytes", f"M × {shape.input_channels}", f"M up to {shape.longest_text + 2:,}"),
        latents=Stage("latents", f"{shape.latents} × {shape.latent_channels}", "a learned array that reads"),
        layers=f"{shape.blocks} × {shape.layers} self-attention layers, {shape.self_heads} heads",
        queries=Stage("queries", f"m × {shape.input_channels}", "the m hidden positions"),
        outputs=Stage("outputs", "m × 262", "bytes and special tokens"),
    )


def _view(text: str, strip: dict, top_k: float, decoding: Any, weights: Any, *looked: str) -> TextView:
    spans = tuple((int(start), int(stop)) for start, stop in strip.get("spans", []))
    return TextView(text, spans, int(top_k), decoding, weights, None, looked)


def _first_hidden(view: TextView) -> int:
    """The byte that is traced first: a hidden one, and no space, if there is one."""
    text = read_text(view.text, view.spans)
    hidden = [position for position, is_hidden in enumerate(text.hidden) if is_hidden]
    return next((position for position in hidden if text.content[position] != ord(" ")), hidden[0] if hidden else 0)


def _scale(view: TextView) -> Scale:
    return "log" if view.looked[-1] == "log" else "linear"


def _drawn(shown: Shown) -> Answer:
    """All of the page's answer."""
    view, result = shown.view, shown.result
    filled, candidates, figure = render.masked_bytes(result, view.traced, _scale(view))
    ran = run_line(result.run)
    if result.bytes_read < result.bytes_total:
        ran += f" · read the first {result.bytes_read} of {result.bytes_total} bytes"
    return Answer("", shown, filled, candidates, ran, figure_markup(figure), to_query(NAME, view))


def attention_files(shown: Shown | None) -> Files | None:
    if shown is None or shown.result.attention is None:
        return None
    view, result = shown.view, shown.result
    stem = f"masked-byte-{view.traced}-{shown.result.attention.method}"
    return figure_files(lambda: render.masked_bytes_attention(result, view.traced, _scale(view)), stem)


PAGE = Page(NAME, "Masked bytes", build)
