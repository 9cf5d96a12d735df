"""Masked bytes: hide parts of a text, see them filled in, and trace a filled byte to what it was read from."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import gradio as gr

from components import views
from components.figures.architecture import Stage, draw_architecture
from components.figures.attention import Scale
from models.byte_text import read_text
from models.schema import Decoding, MaskedBytesRequest, MaskedBytesResult, ModelShape, Weights
from models.service import ModelService
from pages.api import masked_bytes_call
from pages.examples import text_examples
from pages.link import SHOW_IN_ADDRESS, from_query, to_query
from pages.page import GPU, PRIVATE, Page, beside_the_button, hint, run_line
from pages.strips import FOLLOW_TEXT, mask_strip, result_strip, strip_value
from pages.trace import AT_FIRST, EXPORT_TO_COME, figure_markup, probe, trace_section, write_exports

NAME = "masked_bytes"
LEAD = "Hide part of a text: a Perceiver that reads raw bytes fills it in, and shows which bytes it read for that."
DECODINGS = [("one by one, surest first", "iterative"), ("all at once", "parallel")]
EXAMPLES = text_examples(NAME)
HOW = """The text becomes its UTF-8 bytes, a vector each with a learned position; hidden bytes become the token [MASK].
One **cross-attention** reads them all into a fixed number of **latents**, which then work among themselves in
self-attention layers, at a cost that does not grow with the text. For each hidden byte a **query**, which is nothing
but its position, reads its answer from the latents: a probability for each of the 256 bytes."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is on the page: the request without its probe, the byte that is traced, and the result."""

    request: MaskedBytesRequest
    traced: int
    result: MaskedBytesResult


class Answer(NamedTuple):
    """Updates of what the page shows, in the order of its outputs; None leaves one as it is."""

    notice: str | None = ""
    shown: Shown | None = None
    filled: str | None = None
    candidates: str | None = None
    ran: str | None = None
    figure: str | None = None
    link: str | None = None
    png: Any = None
    svg: Any = None
    npz: Any = None


class Handlers:
    """What the page's events do."""

    def __init__(self, service: ModelService):
        self._service = service

    @beside_the_button(Answer)
    def fill(self, *asked: Any) -> Answer:
        return self._fill(*asked)

    @beside_the_button(Answer)
    def fill_example(self, *asked: Any) -> Answer:
        """As `fill`, but what there is to notice about the example stays."""
        return self._fill(*asked)._replace(notice=None)

    @beside_the_button(Answer)
    def trace_clicked(self, event: gr.EventData, shown: Shown | None, *looked: Any) -> Answer:
        return self._answer(shown.request, int(event.position), *looked) if shown else Answer()

    @beside_the_button(Answer)
    def trace_again(self, shown: Shown | None, *looked: Any) -> Answer:
        return self._answer(shown.request, shown.traced, *looked) if shown else Answer()

    def open(self, browser: gr.Request) -> tuple[Any, ...]:
        """Question and answer when the page opens: from the address, or the first example, which stands already."""
        request = from_query(browser.query_params)
        if request is None:
            return (*[gr.skip()] * 5, *self._open_first())
        strip = strip_value(request.text, request.mask, self.limit(request.weights))
        return request.text, strip, request.top_k, request.decoding, request.weights, *self._open(request)

    @beside_the_button(Answer)
    def _open_first(self) -> Answer:
        return self._first

    @beside_the_button(Answer)
    def _open(self, request: MaskedBytesRequest) -> Answer:
        return self._answer(request, _first_hidden(request), *AT_FIRST)

    @cached_property
    def _first(self) -> Answer:
        """The first example's answer, the same for every visitor, with no link: the bare address shows it, too."""
        request = MaskedBytesRequest(EXAMPLES[0].text, EXAMPLES[0].spans, decoding="iterative")
        return self._answer(request, _first_hidden(request), *AT_FIRST)._replace(link="")

    def _fill(self, text: str, strip: dict, top_k: float, decoding: Decoding, weights: Weights, *looked: Any) -> Answer:
        spans = tuple((int(start), int(stop)) for start, stop in strip.get("spans", []))
        request = MaskedBytesRequest(text, spans, int(top_k), decoding, weights=weights)
        return self._answer(request, _first_hidden(request), *looked)

    def limit(self, weights: Weights) -> int:
        return self._service.shape(NAME, weights).longest_text

    def choose_weights(self, weights: Weights, strip: dict) -> tuple[dict, str]:
        shape = self._service.shape(NAME, weights)
        note = f"{shape.name}: {shape.parameters / 1e6:.1f} M parameters, reads {shape.longest_text:,} bytes."
        if weights == "published":
            note += " It is downloaded from the Hugging Face hub when it is first used here, about 0.8 GB."
        return strip | {"limit": shape.longest_text}, hint(note)

    def choose_example(self, index: int, weights: Weights) -> tuple[str, dict, str]:
        example = EXAMPLES[index]
        return example.text, strip_value(example.text, example.spans, self.limit(weights)), hint(example.notice)

    def _answer(self, request: MaskedBytesRequest, traced: int, *looked: Any) -> Answer:
        *controls, scale = looked
        result = self._service.run(replace(request, probe=probe(traced, *controls)))
        filled, candidates, figure = views.masked_bytes(result, traced, scale)
        ran = run_line(result.run)
        if result.bytes_read < result.bytes_total:
            ran += f" · read the first {result.bytes_read} of {result.bytes_total} bytes"
        return Answer(
            shown=Shown(request, traced, result),
            filled=filled.html,
            candidates=candidates.html,
            ran=ran,
            figure=figure_markup(figure),
            link=to_query(NAME, request),
            png=EXPORT_TO_COME,
            svg=EXPORT_TO_COME,
            npz=EXPORT_TO_COME,
        )


def build(service: ModelService, app: gr.Blocks) -> None:
    shape = service.shape(NAME, service.default_weights)
    handlers = Handlers(service)
    shown = gr.State(None)
    link = gr.Textbox(visible="hidden", label="Link to this view")
    gr.Markdown(LEAD, elem_classes="lead")
    chips = gr.Dataset(
        label="Start with an example, or write your own text below",
        components=[gr.Textbox(visible=False)],
        samples=[[example.title] for example in EXAMPLES],
        type="index",
        elem_id="examples",
    )
    with gr.Row():
        with gr.Column(min_width=320):
            text, strip, fill, *options, notice = _question(service, shape)
        with gr.Column(min_width=320):
            filled = result_strip("filled-strip", "Filled in: click a byte to see what it was read from")
            candidates = result_strip("candidates", "The likeliest bytes for each place, with their probabilities")
            ran = gr.Markdown(elem_classes="run-line", elem_id="run-line")
    section = trace_section(shape.cross_heads, shape.latents)
    _how_this_works(shape)

    asked = [text, strip, *options, *section.inputs]
    answer = [notice, shown, filled, candidates, ran, section.figure, link, *section.exports]
    runs = {**PRIVATE, **GPU}
    quiet = {"show_progress": "hidden", **PRIVATE}

    answered = [
        fill.click(handlers.fill, asked, answer, show_progress_on=filled, **runs),
        text.submit(handlers.fill, asked, answer, show_progress_on=filled, **runs),
        chips.click(handlers.choose_example, [chips, options[2]], [text, strip, notice], **quiet).then(
            handlers.fill_example, asked, answer, show_progress_on=filled, **runs
        ),
        app.load(handlers.open, None, [text, strip, *options, *answer], **quiet, **GPU),
    ]
    for result in (filled, candidates):
        answered.append(result.select(handlers.trace_clicked, [shown, *section.inputs], answer, **quiet, **GPU))
    for control in section.inputs:
        answered.append(control.input(handlers.trace_again, [shown, *section.inputs], answer, **quiet, **GPU))
    for event in answered:
        event.then(_export, [shown, section.scale], list(section.exports), **quiet)
        event.then(None, link, js=SHOW_IN_ADDRESS, **quiet)

    text.change(None, [text, strip], strip, js=FOLLOW_TEXT, **quiet)
    options[2].input(handlers.choose_weights, [options[2], strip], [strip, notice], **quiet)
    gr.api(masked_bytes_call(service), api_name=NAME, **GPU)


def _question(service: ModelService, shape: ModelShape) -> tuple[Any, ...]:
    """Text, strip, button, then candidates, decoding, weights, and the notice."""
    first = EXAMPLES[0]
    text = gr.Textbox(first.text, label="Text", lines=2, max_lines=8, max_length=2**21, elem_id="text")
    strip = mask_strip(first.text, first.spans, shape.longest_text)
    fill = gr.Button("Fill in", variant="primary", elem_id="fill")
    notice = gr.HTML(elem_id="notice")
    with gr.Row():
        decoding = gr.Radio(DECODINGS, value="iterative", label="Fill", min_width=200, elem_id="decoding")
        weights = gr.Radio(
            ["embedded", "published"], value=service.default_weights, label="Model", min_width=200, elem_id="weights"
        )
        top_k = gr.Slider(1, 10, value=5, step=1, label="Candidates shown", min_width=160)
    return text, strip, fill, top_k, decoding, weights, notice


def _how_this_works(shape: ModelShape) -> None:
    with gr.Accordion("How this works", open=False, elem_id="how"):
        gr.Markdown(HOW)
        gr.HTML(
            draw_architecture(
                inputs=Stage("bytes", f"M × {shape.input_channels}", f"M up to {shape.longest_text} + [CLS] and [SEP]"),
                latents=Stage("latents", f"{shape.latents} × {shape.latent_channels}", "a learned array that reads"),
                layers=f"{shape.blocks} × {shape.layers} self-attention layers, {shape.self_heads} heads",
                queries=Stage("queries", f"m × {shape.input_channels}", "the m hidden positions"),
                outputs=Stage("outputs", "m × 262", "bytes and special tokens"),
            ),
            elem_classes="drawing",
        )


def _first_hidden(request: MaskedBytesRequest) -> int:
    """The byte that is traced first: a hidden one, and no space, if there is one."""
    text = read_text(request.text, request.mask)
    hidden = [position for position, is_hidden in enumerate(text.hidden) if is_hidden]
    return next((position for position in hidden if text.content[position] != ord(" ")), hidden[0] if hidden else 0)


def _export(shown: Shown | None, scale: Scale) -> tuple[Any, ...]:
    if shown is None or shown.result.attention is None:
        return (gr.skip(),) * 3
    panel = views.masked_bytes_attention(shown.result, scale)
    return write_exports(panel, shown.result.attention, f"masked-byte-{shown.traced}-{shown.result.attention.method}")


PAGE = Page(NAME, "Masked bytes", build)
