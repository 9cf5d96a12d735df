"""Teaching: rows with labels in, a model that tells them apart out, watched while it learns."""

from typing import Any

import gradio as gr

from models.backend.local import ModelService
from pages.fine_tuning_handlers import Answer, Chosen, Handlers, Tried
from pages.fine_tuning_widgets import CAPS, NAME, Course, Material, course, material, trial
from pages.page import GPU, PRIVATE, QUIET, Opening, Page, view_link
from pages.pictures import AS_IT_CAME, answer_picture
from pages.saving import FIGURE, save_buttons
from pages.taught import TaughtModels
from pages.text_api import fine_tuning_call

LEAD = (
    "Teach a Perceiver to tell texts apart: give it rows with labels, watch it learn byte by byte, then try it on "
    "something new."
)
HOW = """The model starts from one that has read much English and knows the bytes of its words. For your labels it gets
a new last layer; everything else begins as it was.

- A **step** reads a few rows, sees how wrong the answers were (the **loss**, in nats) and changes every weight a little
  against that. An **epoch** is once through all rows.
- A fifth of the rows is **held out**: they are never learned from. Only they tell whether the model has understood
  something, or has learned your rows by heart. Watch the two curves part when you let it learn for too long.
- The dashed line is what you get by always saying the commonest label. Below it, nothing was learned.
- **The decoder alone**: the encoder stays as it is, each row is read once, and only the way in which the answer is read
  from the latents is learned. That is quicker, and often less right.
- The same rows, settings and seed give the same model."""
TEACHING: dict[str, Any] = {"concurrency_id": "teaching", "concurrency_limit": 2}
"""Apart from the GPU's place in the queue: while some teach, others go on asking the models."""


def build(service: ModelService, opening: Opening) -> None:
    """Widgets, and what happens when they are used."""
    lesson, shown, link = gr.State((None,)), gr.State(None), view_link()
    gr.Markdown(LEAD, elem_classes="lead")
    with gr.Row():
        with gr.Column(scale=4, min_width=300):
            rows = material()
            notice = gr.HTML(elem_id=f"{NAME}-rows-notice")
        with gr.Column(scale=5, min_width=300):
            gr.Markdown("### 2. Watch it learn")
            with gr.Row():
                teach = gr.Button("Teach it", variant="primary", scale=3, elem_id=f"{NAME}-teach")
                stop = gr.Button("Stop", interactive=False, scale=1, min_width=70, elem_id=f"{NAME}-stop")
            told = gr.HTML(elem_id=f"{NAME}-notice")
            curves = answer_picture(f"{NAME}-curves")
            ran = gr.Markdown(elem_classes="run-line", elem_id=f"{NAME}-run-line")
            how = course(service.default_weights)
            gr.Markdown(CAPS, elem_classes="note")
    tried = trial()
    gr.Markdown("### What it gets right, and what it mixes up")
    held_out = answer_picture(f"{NAME}-held-out")
    confusion = save_buttons(f"{NAME}-confusion")
    gr.Markdown("### Take it home")
    saving = save_buttons(NAME, (*FIGURE, "ZIP", "IPYNB"))
    gr.Markdown(
        "PNG, SVG and NPZ: the curves. ZIP: the model, as a folder that `from_pretrained` of transformers loads. "
        "IPYNB: a notebook that does so.",
        elem_classes="note",
    )
    with gr.Accordion("How this works", open=False, elem_id=f"{NAME}-how"):
        gr.Markdown(HOW)
    chosen = Chosen(
        notice, lesson, rows.file, rows.columns, rows.text, rows.label, rows.labels, rows.preview, teach, tried.text
    )
    answer = Answer(told, shown, stop, curves, ran, held_out, tried.ask, link)
    handlers = Handlers(service, TaughtModels())
    _wire_material(opening, handlers, rows, how, chosen)
    _wire_teaching(handlers, teach, how, lesson, answer)
    saving.save(handlers.teaching_files, [shown])
    confusion.save(handlers.confusion_files, [shown])
    tries = Tried(tried.notice, tried.labels, tried.strip)
    for event in (tried.ask.click, tried.text.submit):
        event(handlers.try_it, tried.text, list(tries), **QUIET, **GPU)
    opening.app.unload(handlers.leave)
    gr.api(fine_tuning_call(service), api_name=NAME, **TEACHING)


def _wire_material(opening: Opening, handlers: Handlers, rows: Material, how: Course, chosen: Chosen) -> None:
    parts: list[Any] = list(chosen)
    rows.chips.click(handlers.choose_set, rows.chips, parts, **QUIET)
    last: dict[str, Any] = {"trigger_mode": "always_last", **AS_IT_CAME, **QUIET}
    gr.on([rows.file.upload, rows.file.clear], handlers.choose_file, rows.file, parts, **last)
    columns = [rows.file, rows.text, rows.label]
    for column in (rows.text, rows.label):
        column.input(handlers.choose_columns, columns, parts, **last)
    opening.answers(handlers.open, [*how.settings, *parts], **QUIET)


def _wire_teaching(handlers: Handlers, teach: gr.Button, how: Course, lesson: gr.State, answer: Answer) -> None:
    parts: list[Any] = list(answer)
    waiting = [answer.notice, answer.shown, answer.stop, answer.curves, answer.held_out, answer.ask]
    teach.click(handlers.waiting, None, waiting, queue=False, **QUIET)
    taught = teach.click(handlers.teach, [lesson, *how.settings], parts, **TEACHING, **QUIET)
    # Only then what is said of it: a part that was on its way would take its place.
    ended = answer.stop.click(None, None, None, cancels=[taught], queue=False, **PRIVATE)
    ended.then(handlers.stopped, answer.shown, parts, queue=False, **QUIET)


PAGE = Page(NAME, "Teach it", build)
