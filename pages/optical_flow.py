"""Optical flow: two frames, where everything moves between them, and what that was read from."""

from typing import Any

import gradio as gr

from models.backend.local import ModelService
from pages.flow_clip import ClipHandlers
from pages.flow_handlers import Answer, Handlers, attention_files, flow_files
from pages.flow_widgets import NAME, Question, Trace, architecture, flow_question, flow_trace
from pages.page import ANSWERS, EACH, GPU, QUIET, Opening, Page, view_link
from pages.picture_api import optical_flow_call
from pages.pictures import AS_IT_CAME, answer_picture, comparing_picture
from pages.saving import FIGURE, save_buttons

LEAD = "Two frames, one Perceiver: see where everything moves, whether that is right, and what it was read from."
HOW = """Nothing in the network is made for motion: both frames are read as one list of inputs, each of which holds what
both frames show at its place, and its position in Fourier features.

- The **published model** has an input for each pixel: its 3x3 neighborhood in both frames. It reads 368x496 pixels at
  once; larger frames are cut into tiles that overlap, and what these say is blended.
- The **embedded model** has an input for each 4x4 patch, with a window of 12x12 pixels about it in both frames. It sees
  motions of a few pixels only, so the frames are read small at first; then larger, each time with the second frame
  moved back by what was found, for what is left.

One **cross-attention** reads all inputs into the **latents**; self-attention layers work on these alone. Each place
then asks the latents with its own input as the **query**, and its motion is the answer."""


def build(service: ModelService, opening: Opening) -> None:
    """Widgets, and what happens when they are used."""
    shown, link = gr.State(None), view_link()
    gr.Markdown(LEAD, elem_classes="lead")
    with gr.Row():
        with gr.Column(scale=4, min_width=280):
            question = flow_question(service.default_weights)
        with gr.Column(scale=9, min_width=300):
            motion = answer_picture(f"{NAME}-motion")
            ran = gr.Markdown(elem_classes="run-line", elem_id=f"{NAME}-run-line")
            saving = save_buttons(NAME, (*FIGURE, "FLO"))
            film = gr.Video(
                label="The clip, and its flow", visible=False, elem_id=f"{NAME}-film", autoplay=True, loop=True
            )
            legend = answer_picture(f"{NAME}-film-legend")
    gr.Markdown("### Is it right?")
    check = comparing_picture(f"{NAME}-check")
    section = flow_trace()
    with gr.Accordion("How this works", open=False, elem_id=f"{NAME}-how"):
        gr.Markdown(HOW)
        drawing = gr.HTML(architecture(service.shape(NAME, service.default_weights)), elem_classes="drawing")
    answer = Answer(question.notice, shown, motion, ran, check, section.attention, section.step, link)
    handlers = Handlers(service)
    estimated = _wire(opening, handlers, question, section, answer, drawing)
    estimated += _wire_clip(ClipHandlers(service, handlers), question, section, answer, (film, legend))
    for asks_for_others in (question.ask.click, question.chips.click):
        asks_for_others(lambda: (gr.update(value=None, visible=False), ""), None, [film, legend], **QUIET)
    for event in estimated:
        event.then(handlers.check, shown, list(answer), **QUIET, **GPU)
    saving.save(flow_files, [shown])
    section.saving.save(attention_files, [shown, section.opacity])
    gr.api(optical_flow_call(service), api_name=NAME, **GPU)


def _wire(
    opening: Opening, handlers: Handlers, question: Question, section: Trace, answer: Answer, drawing: gr.HTML
) -> list[Any]:
    """Returns the events after which other frames are answered."""
    settings = [question.weights, question.method, section.look, section.scale]
    frames = [question.first, question.second, question.truth]
    busy = {"show_progress_on": [answer.motion], **ANSWERS}
    parts: list[Any] = list(answer)
    looked = [answer.shown, section.look, section.step]
    chosen = question.chips.click(
        handlers.choose_example, question.chips, [*frames, question.notice, question.source], **QUIET
    )
    estimated = [
        question.ask.click(handlers.estimate, [*frames, *settings], parts, **busy, **AS_IT_CAME),
        chosen.then(handlers.estimate_example, [question.chips, *settings], parts, **busy),
        opening.answers(handlers.open, [*frames, *settings, drawing, *parts], **QUIET, **GPU),
        question.method.input(handlers.compare, [answer.shown, question.method], parts, **busy),
        gr.on(
            [question.truth.upload, question.truth.clear],
            handlers.estimate,
            [*frames, *settings],
            parts,
            **busy,
            **AS_IT_CAME,
        ),
    ]
    answer.motion.select(handlers.choose_pixel, answer.shown, parts, **EACH, **GPU)
    gr.on([section.look.input, section.step.input], handlers.look_again, looked, parts, **EACH, **GPU)
    section.scale.input(handlers.rescale, [answer.shown, section.scale], parts, **EACH, **GPU)
    told_of = gr.State(None)
    for field in (question.first, question.second):
        field.input(
            handlers.frame_changed,
            [*frames, told_of],
            [question.truth, question.notice, told_of],
            trigger_mode="always_last",  # a frame may be taken away and given faster than is answered
            **QUIET,
            **AS_IT_CAME,
        )
    question.weights.input(handlers.choose_weights, question.weights, [question.notice, drawing], **QUIET)
    return estimated


def _wire_clip(
    handlers: ClipHandlers, question: Question, section: Trace, answer: Answer, film: tuple[gr.Video, gr.HTML]
) -> list[Any]:
    """Returns the events after which two other frames are answered."""
    clip = gr.State(None)
    told = [question.told, *film, question.film, question.stop]
    filmed = question.film.click(handlers.wait, None, told, queue=False, **QUIET).then(
        handlers.film,
        [clip, question.pair, question.apart, question.weights],
        told,
        concurrency_id="film",  # for as long as it takes, others go on asking the model
        concurrency_limit=1,
        **QUIET,
    )
    question.stop.click(handlers.stopped, None, told, cancels=[filmed], queue=False, **QUIET)
    controls = [clip, question.pair, question.apart]
    frames = [question.first, question.second, question.truth]
    parts = [question.told, *controls, question.film, question.stop, *film, *frames, *answer]
    settings = [question.weights, question.method, section.look, section.scale]
    busy = {"show_progress_on": [answer.motion], **ANSWERS}
    # A film of the clip before is of no use any more.
    return [
        question.clip.upload(handlers.open, [question.clip, *settings], parts, cancels=[filmed], **busy, **AS_IT_CAME),
        question.drawn.click(handlers.open_example, settings, parts, cancels=[filmed], **busy),
        # Each for itself: what is set in one while the other is answered must not wait, and be lost.
        question.pair.input(handlers.pick, [*controls, *settings], parts, **busy),
        question.apart.input(handlers.pick, [*controls, *settings], parts, **busy),
    ]


PAGE = Page(NAME, "Optical flow", build)
