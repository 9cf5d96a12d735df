"""Writing: a text goes on token by token, and each token shows what it was read from."""

from typing import Any

import gradio as gr

from models.backend.local import ModelService
from pages.page import EACH, GPU, QUIET, Opening, Page, view_link
from pages.pictures import answer_picture
from pages.strips import result_strip, unit_choice
from pages.text_api import text_generation_call
from pages.text_generation_handlers import Handlers
from pages.text_generation_shown import Answer, attention_files
from pages.text_generation_view import FIRST_VIEW, NAME
from pages.text_generation_widgets import (
    WORDING,
    Buttons,
    Question,
    architecture,
    examples,
    text_question,
)
from pages.trace import TraceSection, trace_section

LEAD = (
    "Begin a text: a Perceiver AR reads it, far back, and writes it on. Each token shows how sure the model was; click "
    "one to see what it was read from."
)
HOW = """The text so far is cut in two. The last tokens are **latents**: they think in every layer. All before them
is the **prefix**: the latents read it in one layer, the **cross-attention**, and it costs little however long it is.
Attention is **causal**: nobody looks ahead. The latent at the end of the text gives a probability to each token that
may come next; one is drawn, joins the latents, and the next is asked for. With the embedded model a token is a byte.

- **Keys and values are kept**, so that a further token costs one place in each layer, not the whole text again.
- When there are as many latents as the model has, half of them become prefix and everything is **read anew**, once. An
  exact cache cannot avoid that: a latent that becomes prefix is read through another norm.
- **Memory**: the comparison writes the same text with the same chance, but with little prefix. What changes came from
  far back. Do not expect the embedded model to recall a name from the prefix: of bytes, one layer finds which letters
  stood where, hardly which word began like this one. Move the border before the name, and all layers see it.
- The **embedded model** has seen old novels and a book of facts. It has their style; what it says is made up."""
WRITING: dict[str, Any] = {"concurrency_id": "writing", "concurrency_limit": 2}
"""Apart from the GPU's place in the queue: while some write, others go on asking the models."""


def build(service: ModelService, opening: Opening) -> None:
    """Widgets, and what happens when they are used."""
    shape = service.shape(NAME, service.default_weights)
    shown, link = gr.State(None), view_link()
    gr.Markdown(LEAD, elem_classes="lead")
    chips, example = examples()
    with gr.Row():
        with gr.Column(min_width=320):
            question, buttons, notice, border = text_question(shape, service.default_weights)
        with gr.Column(min_width=320):
            text = result_strip(f"{NAME}-text", "The text as it was written: click any of it")
            ran = gr.Markdown(elem_classes="run-line", elem_id=f"{NAME}-run-line")
            alternatives = answer_picture(f"{NAME}-alternatives")
            read = result_strip(f"{NAME}-read", "What it was read from: the text before it")
            unit = unit_choice(NAME, FIRST_VIEW.unit)
    compared = answer_picture(f"{NAME}-compared")
    section = trace_section(NAME, shape, WORDING)
    with gr.Accordion("How this works", open=False, elem_id=f"{NAME}-how"):
        gr.Markdown(HOW)
        drawing = gr.HTML(architecture(shape), elem_classes="drawing")
    answer = Answer(
        notice, shown, buttons.more, buttons.stop, border, text, alternatives, compared, ran, read, section.figure,
        link,
    )  # fmt: skip
    handlers = Handlers(service)
    asked = [*question.asked, unit, *section.looked]
    addressed, parts = gr.State([]), list(answer)
    seen = opening.answers(handlers.open, [*asked, drawing, addressed, *parts], **QUIET, **GPU)
    opened = seen.then(handlers.write_opened, addressed, parts, **QUIET, **WRITING)
    _wire_writing(handlers, question, buttons, (chips, example), asked, answer, opened)
    _wire_tracing(handlers, section, unit, answer)
    opening.app.unload(handlers.leave)
    _wire_question(handlers, question, section, answer, drawing)
    gr.api(text_generation_call(service), api_name=NAME, **WRITING)


def _wire_writing(
    handlers: Handlers,
    question: Question,
    buttons: Buttons,
    examples: tuple[gr.Dataset, gr.HTML],
    asked: list[Any],
    answer: Answer,
    opened: Any,
) -> None:
    """The events after which another text is on the page. opened: that of the text which an address begins."""
    parts: list[Any] = list(answer)
    chips, example = examples
    now = [answer.shown, *asked[len(question.asked) :]]  # as the controls are by then
    question.prompt.input(None, None, example, js="() => ['']", **QUIET)
    chosen = chips.click(handlers.choose_example, chips, [question.prompt, example], **QUIET)
    begun = [buttons.write.click, question.prompt.submit, chosen.then]
    waited = [event(handlers.waiting, None, [answer.stop, answer.more], queue=False, **QUIET) for event in begun]
    more = buttons.more.click(handlers.waiting, None, [answer.stop, answer.more], queue=False, **QUIET)
    writing = [event.then(handlers.write, asked, parts, **WRITING, **QUIET) for event in waited]
    writing.append(more.then(handlers.write_on, [answer.shown, question.max_new_tokens], parts, **WRITING, **QUIET))
    buttons.stop.click(handlers.stop, None, buttons.stop, queue=False, **QUIET)
    for event in (*writing, opened):
        event.then(handlers.finish, now, parts, **QUIET, **GPU)


def _wire_tracing(handlers: Handlers, section: TraceSection, unit: gr.Radio, answer: Answer) -> None:
    parts: list[Any] = list(answer)
    looked = [answer.shown, *section.looked]
    answer.text.select(handlers.trace_clicked, looked, parts, **EACH, **GPU)
    gr.on([control.input for control in section.probed], handlers.trace_again, looked, parts, **EACH, **GPU)
    redrawn = [unit.input, section.scale.input]
    gr.on(redrawn, handlers.redraw, [answer.shown, unit, *section.looked], parts, **EACH)
    section.saving.save(attention_files, [answer.shown])


def _wire_question(
    handlers: Handlers, question: Question, section: TraceSection, answer: Answer, drawing: gr.HTML
) -> None:
    """What changes as something is set, without a model."""
    lies = [question.prompt, question.num_latents, question.weights, question.cut]
    moved = [question.prompt.change, *(control.input for control in lies[1:])]
    gr.on(moved, handlers.lay, lies, answer.border, trigger_mode="always_last", **QUIET)
    changed = [answer.notice, question.num_latents, section.head, section.latent, drawing]
    question.weights.input(handlers.choose_weights, [question.weights, question.num_latents], changed, **QUIET)


PAGE = Page(NAME, "Writing", build)
