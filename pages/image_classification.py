"""Image classification: one picture, three Perceivers that differ in how they know where a pixel is."""

from typing import Any

import gradio as gr

from models.backend.local import ModelService
from pages.image_handlers import Answer, Handlers, attention_files, shapes_of
from pages.image_widgets import (
    NAME,
    VARIANTS,
    Question,
    Trace,
    architecture,
    image_question,
    image_trace,
)
from pages.page import ANSWERS, EACH, GPU, PRIVATE, QUIET, Opening, Page, view_link
from pages.picture_api import image_classification_call
from pages.pictures import AS_IT_CAME, answer_picture

LEAD = (
    "One picture, three Perceivers, told in three ways where a pixel is: see what each says, and what each looked at."
)
HOW = """The picture becomes a list of inputs, and a list has no order: each input must carry its place with it.

- **Learned positions**: a vector for each pixel, found in training. (Those of the embedded model began as Fourier
  features, and its latents each at a place of their own: from nothing, so small a model takes too long to find them.)
- **Fourier positions**: sines and cosines of the pixel's row and column, at 64 frequencies each.
- **Convolution first**: a 7x7 convolution and a pooling make fewer, richer inputs of it; then Fourier positions.

One **cross-attention** reads all inputs into a fixed number of **latents**; self-attention layers work on these alone.
A single learned **query** reads the answer for all classes from the latents: the attention is the same, whichever class
is asked about."""


def build(service: ModelService, opening: Opening) -> None:
    """Widgets, and what happens when they are used."""
    shapes = shapes_of(service, service.default_weights)
    shown, opened, link = gr.State(None), gr.State(False), view_link()
    gr.Markdown(LEAD, elem_classes="lead")
    with gr.Row():
        with gr.Column(scale=3, min_width=280):
            question = image_question(service.default_weights, shapes[0])
        with gr.Column(scale=9, min_width=300):
            with gr.Row():
                says = [answer_picture(f"{NAME}-says-{variant}") for variant in VARIANTS]
            ran = gr.Markdown(elem_classes="run-line", elem_id=f"{NAME}-run-line")
    section = image_trace()
    with gr.Accordion("How each model is told where a pixel is", open=False, elem_id=f"{NAME}-positions") as told:
        positions = gr.HTML(apply_default_css=False)
    with gr.Accordion("How this works", open=False, elem_id=f"{NAME}-how"):
        gr.Markdown(HOW)
        drawing = gr.HTML(architecture(shapes), elem_classes="drawing")
    handlers = Handlers(service)
    answer = Answer._make([question.notice, shown, *says, *section.latents, ran, link])
    answered = _wire(opening, handlers, question, section, answer, drawing)
    chosen = [question.sizes, question.notice, question.classes, drawing]
    question.weights.input(handlers.choose_weights, question.weights, chosen, **QUIET)
    told.expand(handlers.positions, shown, positions, **PRIVATE, **GPU)
    told.expand(lambda: True, None, opened, **QUIET)
    told.collapse(lambda: False, None, opened, **QUIET)
    for event in answered:
        event.then(handlers.positions, [shown, opened], positions, **QUIET, **GPU)
    gr.api(image_classification_call(service), api_name=NAME, **GPU)


def _wire(
    opening: Opening, handlers: Handlers, question: Question, section: Trace, answer: Answer, drawing: gr.HTML
) -> list[Any]:
    """Returns the events after which another picture may be shown, or another size of it."""
    settings = [question.weights, question.sizes, section.look, section.scale]
    says = (answer.says_learned, answer.says_fourier, answer.says_conv)
    asked, parts = [question.picture, *settings], list(answer)
    changed = [question.picture.input, question.ask.click, question.sizes.input]
    busy = {"show_progress_on": list(says), **ANSWERS}
    chosen = question.chips.click(handlers.choose_example, question.chips, [question.picture, question.notice], **QUIET)
    asked_anew = [
        gr.on(changed, handlers.classify, asked, parts, **busy, **AS_IT_CAME),
        chosen.then(handlers.classify_example, [question.chips, *settings], parts, **busy),
    ]
    opening.answers(handlers.open, [*asked, question.classes, drawing, *parts], **QUIET, **GPU)
    section.look.input(handlers.look_again, [answer.shown, section.look], parts, **EACH, **GPU)
    section.scale.input(handlers.rescale, [answer.shown, section.scale], parts, **EACH, **GPU)
    gr.on([part.select for part in says], handlers.choose_place, answer.shown, parts, **EACH, **GPU)
    for part, variant in zip(section.latents, VARIANTS, strict=True):
        part.select(handlers.choose_latent, [answer.shown, gr.State(variant)], parts, **EACH, **GPU)
    section.saving.save(attention_files, [answer.shown, section.opacity])
    return asked_anew


PAGE = Page(NAME, "Image classification", build)
