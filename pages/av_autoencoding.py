"""The multimodal autoencoder: a clip with its sound, rebuilt from latents, named, and traced to what was read."""

from typing import Any

import gradio as gr

from models.backend.local import ModelService
from pages.av_handlers import Answer, Handlers, attention_files, clip_files
from pages.av_widgets import NAME, Question, Rebuilt, Trace, architecture, av_films, av_pictures, av_question, av_trace
from pages.page import EACH, GPU, PRIVATE, QUIET, Opening, Page, view_link
from pages.picture_api import av_autoencoding_call
from pages.pictures import AS_IT_CAME, answer_picture
from pages.saving import FIGURE, save_buttons

LEAD = (
    "A clip with sound, squeezed into a short list of latents and rebuilt: see and hear what is left, hide the picture "
    "or the sound, and trace any pixel or moment to what it came from."
)
HOW = """The network has no part for pictures and none for sound: patches of frames and of sound, each with its
position in Fourier features and with a few channels that say of which kind it is, are read as **one list of inputs**.

- One **cross-attention** reads them into the **latents**; self-attention layers work on these alone. The latents are
  all that is left of the clip.
- What is asked for is a **query**: a position in a frame or in the sound, or a place of its own for the label. Each
  query reads the latents, and its answer is a patch of colors, some samples, or the scores of the labels. Positions
  are continuous, so that one may also ask **between the pixels**, or between the frames.
- The **published model** reads 16 frames of 224x224 pixels and 0.64 seconds of sound, the **embedded model** 16 frames
  of 48x48 and 1.02 seconds. Longer clips are read window by window; each window knows nothing of the others.
- The embedded model was trained on digits that are drawn and spoken, and knows little else. Other clips come out as
  far as they look and sound like that."""


CLIPS: dict[str, Any] = {"concurrency_id": "clip", "concurrency_limit": 1}
"""Apart from the GPU's place in the queue: for as long as a long clip takes, others go on asking the models."""


def build(service: ModelService, opening: Opening) -> None:
    """Widgets, and what happens when they are used."""
    shown, link = gr.State(None), view_link()
    shape = service.shape(NAME, service.default_weights)
    gr.Markdown(LEAD, elem_classes="lead")
    with gr.Row():
        with gr.Column(scale=4, min_width=280):
            question = av_question(shape, service.default_weights)
        with gr.Column(scale=9, min_width=300):
            films = av_films()
            ran = gr.Markdown(elem_classes="run-line", elem_id=f"{NAME}-run-line")
            with gr.Row():
                labels = answer_picture(f"{NAME}-labels")
                scores = answer_picture(f"{NAME}-scores")
            saving = save_buttons(NAME, (*FIGURE, "MP4", "WAV"))
    rebuilt = av_pictures(films, scores, labels)
    section = av_trace()
    with gr.Accordion("How this works", open=False, elem_id=f"{NAME}-how"):
        gr.Markdown(HOW)
        drawing = gr.HTML(architecture(shape), elem_classes="drawing")
    answer = Answer(
        question.notice, shown, question.stop, rebuilt.original, rebuilt.rebuilt, rebuilt.scores, rebuilt.labels, ran,
        rebuilt.at, rebuilt.strip, rebuilt.frame, rebuilt.sound, section.attention, link,
    )  # fmt: skip
    handlers = Handlers(service)
    _wire_question(opening, handlers, question, section, answer, drawing)
    _wire_looking(handlers, rebuilt, section, answer)
    saving.save(clip_files, [shown])
    section.saving.save(attention_files, [shown, section.opacity])
    gr.api(av_autoencoding_call(service), api_name=NAME, **CLIPS)


def _wire_question(
    opening: Opening, handlers: Handlers, question: Question, section: Trace, answer: Answer, drawing: gr.HTML
) -> None:
    """The events after which another clip, or the same in another way, is on the page."""
    settings = [question.hidden, question.label, question.finer, question.weights, section.look, section.scale]
    parts: list[Any] = list(answer)
    busy: dict[str, Any] = {"trigger_mode": "always_last", **CLIPS, **QUIET}
    begins = [question.ask.click, question.clip.upload]
    gr.on(begins, handlers.waiting, None, [question.notice, question.stop], queue=False, **QUIET)
    chosen = question.chips.click(handlers.choose_example, question.chips, [question.clip, question.notice], **QUIET)
    asked = [
        gr.on(begins, handlers.rebuild, [question.clip, answer.shown, *settings], parts, **busy, **AS_IT_CAME),
        chosen.then(handlers.rebuild_example, [question.chips, answer.shown, *settings], parts, **busy),
        opening.answers(handlers.open, [question.clip, *settings, drawing, *parts], **busy),
    ]
    # Only then what is said of it: a part that was on its way would take its place.
    ended = question.stop.click(None, None, None, cancels=asked, queue=False, **PRIVATE)  # pyright: ignore[reportArgumentType]
    ended.then(handlers.stopped, answer.shown, [question.notice, question.stop, answer.frame], queue=False, **QUIET)
    changed = [question.notice, drawing, question.label]
    question.weights.input(handlers.choose_weights, question.weights, changed, **QUIET)


def _wire_looking(handlers: Handlers, rebuilt: Rebuilt, section: Trace, answer: Answer) -> None:
    """The events after which another frame is looked at, or the clip is traced otherwise."""
    parts: list[Any] = list(answer)
    rebuilt.at.input(handlers.choose_frame, [answer.shown, rebuilt.at], parts, trigger_mode="always_last", **QUIET)
    rebuilt.strip.select(handlers.choose_pixel, answer.shown, parts, **EACH, **GPU)
    rebuilt.sound.select(handlers.choose_moment, answer.shown, parts, **EACH, **GPU)
    section.of_label.click(handlers.choose_label, answer.shown, parts, **EACH, **GPU)
    section.look.input(handlers.look_again, [answer.shown, section.look], parts, **EACH, **GPU)
    section.scale.input(handlers.rescale, [answer.shown, section.scale], parts, **EACH, **GPU)


PAGE = Page(NAME, "Video and sound", build)
