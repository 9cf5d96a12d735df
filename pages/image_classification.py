"""Image classification: one picture, three Perceivers that differ in how they know where a pixel is."""

import filecmp
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
from PIL.Image import Image

from components import views
from components.figures.architecture import Stage, draw_architecture
from components.figures.attention import Scale
from components.places import index_at
from models.images import is_animated, open_image
from models.schema import (
    CheckpointUnavailable,
    ImageClassificationRequest,
    ImageClassificationResult,
    ModelShape,
    Probe,
    Variant,
    Weights,
)
from models.service import ModelService
from pages.api import image_classification_call
from pages.image_widgets import (
    EXAMPLES,
    LOOKS,
    NAME,
    SIZES,
    VARIANTS,
    Question,
    Trace,
    image_question,
    image_trace,
    known_classes,
    sizes_to_read_at,
)
from pages.link import SHOW_IN_ADDRESS, ImageView, image_from_query, image_to_query
from pages.page import EACH, GPU, PRIVATE, Page, alert, beside_the_button, hint, run_line
from pages.pictures import AS_IT_CAME, SHOW_OPACITY, answer_picture, uploaded
from pages.trace import EXPORT_TO_COME, write_exports

LATENT_MAPS = 8
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
NO_LATENTS = (None,) * len(VARIANTS)


@dataclass(frozen=True, slots=True)
class Shown:
    """What is on the page: the view, the file it is of, and the results it stands for (None: a model not to be had)."""

    view: ImageView
    file: Path
    results: Mapping[Variant, ImageClassificationResult | None]


class Answer(NamedTuple):
    """What the page shows, or the updates of it, of which None leaves a part as it is. Of each variant: what it says
    and what it looked at (`says_…`), and its latents (`latents_…`)."""

    notice: Any = ""
    shown: Any = None
    says_learned: Any = None
    says_fourier: Any = None
    says_conv: Any = None
    latents_learned: Any = None
    latents_fourier: Any = None
    latents_conv: Any = None
    ran: Any = None
    link: Any = None
    png: Any = None
    svg: Any = None
    npz: Any = None


class Handlers:
    """What the page's events do."""

    def __init__(self, service: ModelService):
        self._service = service
        weights = service.default_weights
        size = _shapes(service, weights)[0].image_size
        self._first_view = ImageView(0, weights, size, LOOKS[0][1], "linear", NO_LATENTS)

    @beside_the_button(Answer)
    def classify(self, file: Any, *settings: Any) -> Answer:
        """The answer for the picture in the field. file: as it came from the browser."""
        path = uploaded(file)
        if path is None:
            return Answer(hint("No picture yet: drop one, paste one, take one, or choose an example."))
        answer = self._answer(_view(_example(path), *settings), path)
        if is_animated(path) and not answer.notice:
            return answer._replace(notice=hint("This file holds several pictures: the first is what is read."))
        return answer

    @beside_the_button(Answer)
    def classify_example(self, index: int, *settings: Any) -> Answer:
        """The answer for an example; what there is to notice about it stays."""
        return self._answer(_view(index, *settings), EXAMPLES[index].file)._replace(notice=None)

    @beside_the_button(Answer)
    def look_again(self, shown: Shown | None, look: str) -> Answer:
        """The same answers, traced in another way."""
        return self._traced(shown, look=look, latents=NO_LATENTS) if shown else Answer(None)

    @beside_the_button(Answer)
    def choose_place(self, event: gr.EventData, shown: Shown | None) -> Answer:
        """The reverse question: which latents read the place that was clicked."""
        return self._traced(shown, place=(event.row, event.column)) if shown else Answer(None)

    @beside_the_button(Answer)
    def choose_latent(self, event: gr.EventData, shown: Shown | None, variant: Variant) -> Answer:
        """What one latent of one variant reads, or again what the visitor chose for all."""
        if not shown:
            return Answer(None)
        latents = dict(zip(VARIANTS, shown.view.latents, strict=True)) | {variant: event.latent}
        return self._traced(shown, latents=tuple(latents.values()))

    @beside_the_button(Answer)
    def rescale(self, shown: Shown | None, scale: Any) -> Answer:
        """Draws the same attention on another scale; no model is asked."""
        return _drawn(replace(shown, view=replace(shown.view, scale=scale))) if shown else Answer(None)

    def open(self, browser: gr.Request) -> tuple[Any, ...]:
        """Picture, settings and answer when the page opens: from the address, or the first example."""
        looks = tuple(dict(LOOKS).values())
        view = image_from_query(NAME, browser.query_params, self._first_view, len(EXAMPLES), looks)
        if view is None or view.example is None:
            return (*[gr.skip()] * 7, *self._open_first())
        sizes, _, *told = self.choose_weights(view.weights)
        if view.size in SIZES[view.weights]:
            sizes = gr.update(**sizes_to_read_at(view.weights, _shapes(self._service, view.weights)[0], view.size))
        picture = str(EXAMPLES[view.example].file)
        return picture, view.weights, sizes, view.look, view.scale, *told, *self._open(view)

    @beside_the_button(Answer)
    def _open_first(self) -> Answer:
        return self._first

    @beside_the_button(Answer)
    def _open(self, view: ImageView) -> Answer:
        shapes = _shapes(self._service, view.weights)
        known = zip(view.latents, shapes, strict=True)
        latents = tuple(latent if latent is None or latent < shape.latents else None for latent, shape in known)
        size = view.size if view.size in SIZES[view.weights] else shapes[0].image_size
        return self._answer(replace(view, latents=latents, size=size), EXAMPLES[view.example or 0].file)

    @cached_property
    def _first(self) -> Answer:
        """The first example's answer, the same for every visitor, with no link: the bare address shows it, too."""
        return self._answer(self._first_view, EXAMPLES[0].file)._replace(link="")

    def choose_example(self, index: int) -> tuple[str, str]:
        """Picture and notice."""
        return str(EXAMPLES[index].file), hint(EXAMPLES[index].notice)

    def choose_weights(self, weights: Weights) -> tuple[Any, ...]:
        """Sizes, notice, classes and drawing for other models."""
        shapes = _shapes(self._service, weights)
        counts = ", ".join(f"{shape.name} {shape.parameters / 1e6:.1f} M" for shape in shapes)
        note = f"{counts} parameters. Press the button to ask them."
        if weights == "published":
            note += " Where they are not on this machine yet, they are downloaded then: about 0.6 GB."
        return gr.update(**sizes_to_read_at(weights, shapes[0])), hint(note), known_classes(shapes[0]), _drawing(shapes)

    def positions(self, shown: Shown | None) -> str:
        """How each model is told the places of the picture that is shown."""
        if shown is None:
            return ""
        asked: dict[Variant, ImageClassificationRequest] = {
            variant: replace(_request(shown.view, variant, result.seen, cropped=True), positions=True)
            for variant, result in shown.results.items()
            if result
        }
        return views.image_positions({variant: self._service.run(request) for variant, request in asked.items()}).html

    def _answer(self, view: ImageView, file: Path) -> Answer:
        image = open_image(file)
        results: dict[Variant, ImageClassificationResult | None] = {}
        missing: list[CheckpointUnavailable] = []
        for variant in VARIANTS:
            try:
                results[variant] = self._ask(view, _request(view, variant, image))
            except CheckpointUnavailable as error:
                results[variant] = None
                missing.append(error)
        if len(missing) == len(VARIANTS):
            raise missing[0]
        answer = _drawn(Shown(view, file, results))
        return answer._replace(notice=alert(" ".join(map(str, missing)))) if missing else answer

    def _traced(self, shown: Shown, **changes: Any) -> Answer:
        """The same pictures as the models saw them, traced anew: nothing is encoded again."""
        view = replace(shown.view, **changes)
        results: dict[Variant, ImageClassificationResult | None] = {
            variant: result and self._ask(view, _request(view, variant, result.seen, cropped=True))
            for variant, result in shown.results.items()
        }
        return _drawn(Shown(view, shown.file, results))

    def _ask(self, view: ImageView, request: ImageClassificationRequest) -> ImageClassificationResult:
        """First what the model says, then, about its first class, how it came to that."""
        said = self._service.run(request)
        latent = view.latents[VARIANTS.index(request.variant)]
        probe = _probe(said.labels[0].index, view.look, latent)
        place = None
        if view.place is not None:
            place = index_at(view.place, said.grid, said.extent)
        traced = self._service.run(
            replace(request, image=said.seen, cropped=True, probe=probe, latent_maps=LATENT_MAPS, place=place)
        )
        seconds = said.run.seconds + traced.run.seconds
        return replace(traced, run=replace(said.run, seconds=seconds))


def build(service: ModelService, app: gr.Blocks) -> None:
    """Widgets, and what happens when they are used."""
    shapes = _shapes(service, service.default_weights)
    shown, link = gr.State(None), gr.Textbox(visible="hidden", label="Link to this view")
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
        drawing = gr.HTML(_drawing(shapes), elem_classes="drawing")
    handlers = Handlers(service)
    answer = Answer._make([question.notice, shown, *says, *section.latents, ran, link, *section.exports])
    _wire(app, handlers, question, section, answer, drawing)
    quiet = {"show_progress": "hidden", **PRIVATE}
    chosen = [question.sizes, question.notice, question.classes, drawing]
    question.weights.input(handlers.choose_weights, question.weights, chosen, **quiet)
    told.expand(handlers.positions, shown, positions, **PRIVATE, **GPU)
    gr.api(image_classification_call(service), api_name=NAME, **GPU)


def _wire(
    app: gr.Blocks, handlers: Handlers, question: Question, section: Trace, answer: Answer, drawing: gr.HTML
) -> None:
    settings = [question.weights, question.sizes, section.look, section.scale]
    says = (answer.says_learned, answer.says_fourier, answer.says_conv)
    asked = [question.picture, *settings]
    # The last of several quick uploads or clicks is what is answered.
    busy = {"show_progress_on": list(says), "trigger_mode": "always_last", **PRIVATE, **GPU}
    quiet = {"show_progress": "hidden", **PRIVATE}
    each = {**quiet, **EACH}
    chosen = question.chips.click(handlers.choose_example, question.chips, [question.picture, question.notice], **quiet)
    answered = [
        question.picture.input(handlers.classify, asked, list(answer), **busy, **AS_IT_CAME),
        question.ask.click(handlers.classify, asked, list(answer), **busy, **AS_IT_CAME),
        question.sizes.input(handlers.classify, asked, list(answer), **busy, **AS_IT_CAME),
        chosen.then(handlers.classify_example, [question.chips, *settings], list(answer), **busy),
        app.load(handlers.open, None, [*asked, question.classes, drawing, *answer], **quiet, **GPU),
        section.look.input(handlers.look_again, [answer.shown, section.look], list(answer), **each, **GPU),
        section.scale.input(handlers.rescale, [answer.shown, section.scale], list(answer), **each, **GPU),
        *(part.select(handlers.choose_place, answer.shown, list(answer), **each, **GPU) for part in says),
        *(
            part.select(handlers.choose_latent, [answer.shown, gr.State(variant)], list(answer), **each, **GPU)
            for part, variant in zip(section.latents, VARIANTS, strict=True)
        ),
    ]
    for event in answered:
        event.then(_export, [answer.shown, section.opacity], list(section.exports), **quiet)
        event.then(None, answer.link, js=SHOW_IN_ADDRESS, **quiet)
    section.opacity.input(None, section.opacity, js=SHOW_OPACITY, **quiet)


def _shapes(service: ModelService, weights: Weights) -> list[ModelShape]:
    return [service.shape(NAME, weights, variant) for variant in VARIANTS]


def _drawing(shapes: Sequence[ModelShape]) -> str:
    learned, fourier, conv = shapes
    channels = f"C: {learned.input_channels}, {fourier.input_channels}, {conv.input_channels}"
    return draw_architecture(
        inputs=Stage("inputs", "M × C", channels),
        latents=Stage("latents", f"{fourier.latents} × {fourier.latent_channels}", "a learned array that reads"),
        layers=f"{fourier.blocks} × {fourier.layers} self-attention layers, {fourier.self_heads} heads",
        queries=Stage("query", f"1 × {fourier.latent_channels}", "one for all classes"),
        outputs=Stage("outputs", f"{len(fourier.labels):,}", "a score for each class"),
    )


def _example(file: Path) -> int | None:
    """Which example a file is, if it is one: the field has copies of them."""
    return next((index for index, each in enumerate(EXAMPLES) if filecmp.cmp(file, each.file, shallow=False)), None)


def _view(example: int | None, weights: Weights, size: Any, look: str, scale: str) -> ImageView:
    return ImageView(example, weights, int(size), look, scale, NO_LATENTS)


def _request(view: ImageView, variant: Variant, image: Image, cropped: bool = False) -> ImageClassificationRequest:
    return ImageClassificationRequest(image, variant, weights=view.weights, size=view.size, cropped=cropped)


def _probe(output: int, look: str, latent: int | None) -> Probe:
    if latent is not None:
        return Probe(output, "encoder", latent=latent)
    return Probe(output, "rollout") if look == "rollout" else Probe(output, "encoder", weighed=look != "mean")


def _scale(view: ImageView) -> Scale:
    return "log" if view.scale == "log" else "linear"


def _drawn(shown: Shown) -> Answer:
    """All of the page's answer, its exports to come."""
    view = shown.view
    chosen = dict(zip(VARIANTS, view.latents, strict=True))
    panels = views.image_classification(shown.results, chosen, view.place, _scale(view))
    lines = [run_line(result.run) for result in shown.results.values() if result]
    says, latents = zip(*((panel.says.html, panel.latents.html) for panel in panels.values()), strict=True)
    ran, link = "  \n".join(lines), image_to_query(NAME, view)
    return Answer._make(["", shown, *says, *latents, ran, link, *(EXPORT_TO_COME,) * 3])


def _export(shown: Shown | None, opacity: float) -> tuple[Any, ...]:
    if shown is None:
        return (gr.skip(),) * 3
    panel = views.image_attention(shown.results, _scale(shown.view), opacity)
    return write_exports(panel, f"image-{shown.view.look}")


PAGE = Page(NAME, "Image classification", build)
