"""Sentiment: what a text is taken for, what was read for that, and what would change without each word."""

from typing import Any

import gradio as gr

from models.backend.local import ModelService
from pages.page import ANSWERS, EACH, GPU, PRIVATE, QUIET, Opening, Page, view_link
from pages.pictures import AS_IT_CAME, answer_picture
from pages.saving import save_buttons
from pages.sentiment_handlers import Answer, Handlers, attention_files, occlusion_files
from pages.sentiment_table import TableHandlers, table_files
from pages.sentiment_widgets import (
    NAME,
    OCCLUDING,
    UNIT_AT_FIRST,
    Question,
    Several,
    architecture,
    sentiment_question,
    several_texts,
)
from pages.strips import result_strip, unit_choice
from pages.text_api import sentiment_call
from pages.trace import TraceSection, trace_section

LEAD = (
    "Does a text praise or blame? A Perceiver that reads raw bytes says so, and shows which words it read for that, "
    "and which of them made the difference."
)
HOW = """The text becomes its UTF-8 bytes, a vector each with a learned position. One **cross-attention** reads them
all into a fixed number of **latents**, which work among themselves in self-attention layers. A single learned **query**
then reads the latents and gives a score for each label.

- A text that is longer than the model is read in **overlapping windows**, each of which votes; the mean of the votes
  is the answer. Nothing is left unread.
- The **embedded model** was taught with film reviews and with what buyers note for and against products. Of anything
  else it says praise or blame all the same.
- **Attention** shows what was read. **Leaving out a word** shows what the answer depends on. They need not agree:
  whether attention explains an answer is an open question, and here is a place to argue about it."""


def build(service: ModelService, opening: Opening) -> None:
    """Widgets, and what happens when they are used."""
    shape = service.shape(NAME, service.default_weights)
    shown, left_out, link = gr.State(None), gr.State(()), view_link()
    gr.Markdown(LEAD, elem_classes="lead")
    with gr.Row():
        with gr.Column(min_width=320):
            question, ask, notice, chips = sentiment_question(service.default_weights)
        with gr.Column(min_width=320):
            labels = answer_picture(f"{NAME}-labels")
            text = result_strip(f"{NAME}-strip", "The text, colored by what was read of it")
            ran = gr.Markdown(elem_classes="run-line", elem_id=f"{NAME}-run-line")
            unit = unit_choice(NAME, UNIT_AT_FIRST, "The model reads bytes; shares are added up.")
    section = trace_section(NAME, shape)
    gr.Markdown("### What if a word were not there?")
    gr.Markdown(OCCLUDING, elem_classes="note")
    occlusion = answer_picture(f"{NAME}-occlusion")
    saving = save_buttons(f"{NAME}-occlusion")
    with gr.Accordion("Several texts at once", open=False, elem_id=f"{NAME}-several"):
        several = several_texts()
    with gr.Accordion("How this works", open=False, elem_id=f"{NAME}-how"):
        gr.Markdown(HOW)
        drawing = gr.HTML(architecture(shape), elem_classes="drawing")
    answer = Answer(notice, shown, labels, text, ran, section.figure, occlusion, left_out, link)
    handlers = Handlers(service)
    for event in _wire(opening, handlers, question, ask, chips, section, unit, answer, drawing):
        event.then(handlers.leave_out, shown, list(answer), **QUIET, **GPU)
    section.saving.save(attention_files, [shown])
    saving.save(occlusion_files, [left_out])
    _wire_several(TableHandlers(service), several, question)
    gr.api(sentiment_call(service), api_name=NAME, **GPU)


def _wire(
    opening: Opening,
    handlers: Handlers,
    question: Question,
    ask: gr.Button,
    chips: gr.Dataset,
    section: TraceSection,
    unit: gr.Radio,
    answer: Answer,
    drawing: gr.HTML,
) -> list[Any]:
    """Returns the events after which another answer is on the page."""
    parts: list[Any] = list(answer)
    asked, looked = [*question.asked, unit, *section.looked], [answer.shown, *section.looked]
    busy: dict[str, Any] = {"show_progress_on": answer.labels, **ANSWERS}
    chosen = chips.click(handlers.choose_example, chips, [question.text, answer.notice], **QUIET)
    answered = [
        gr.on([ask.click, question.text.submit], handlers.classify, asked, parts, **busy),
        chosen.then(handlers.classify_example, asked, parts, **busy),
        opening.answers(handlers.open, [*asked, drawing, *parts], **QUIET, **GPU),
        gr.on([control.input for control in section.probed], handlers.trace_again, looked, parts, **EACH, **GPU),
    ]
    gr.on([unit.input, section.scale.input], handlers.redraw, [answer.shown, unit, *section.looked], parts, **EACH)
    changed = [answer.notice, section.head, section.latent, drawing]
    question.weights.input(handlers.choose_weights, question.weights, changed, **QUIET)
    return answered


def _wire_several(handlers: TableHandlers, several: Several, question: Question) -> None:
    done = gr.State(())
    parts = [several.notice, done, several.column, several.ask, several.stop, several.table]
    lane: dict[str, Any] = {"concurrency_id": "table", "concurrency_limit": 1}
    last: dict[str, Any] = {"trigger_mode": "always_last", **AS_IT_CAME, **QUIET}
    gr.on([several.file.upload, several.file.clear], handlers.choose_file, several.file, parts, **last)
    several.ask.click(handlers.waiting, None, [several.notice, several.stop], queue=False, **QUIET)
    asked = [several.file, several.column, question.weights]
    answered = several.ask.click(handlers.classify_all, asked, parts, **lane, **QUIET, **AS_IT_CAME)
    ended = several.stop.click(None, None, None, cancels=[answered], queue=False, **PRIVATE)
    ended.then(handlers.stopped, done, parts, queue=False, **QUIET)
    several.saving.save(table_files, [done])


PAGE = Page(NAME, "Sentiment", build)
