"""What the events of the page on image classification do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
from PIL.Image import Image

from components import render
from components.analysis.grid import index_at
from components.scale.attention import Scale
from models.backend.local import ModelService
from models.backend.protocol import unwrap
from models.data.images import is_animated, open_image
from models.schema import (
    CheckpointUnavailable,
    ImageClassificationRequest,
    ImageClassificationResult,
    ModelShape,
    Probe,
    Variant,
    Weights,
)
from pages.examples import example_of
from pages.image_widgets import (
    EXAMPLES,
    LOOKS,
    NAME,
    SIZES,
    VARIANTS,
    architecture,
    known_classes,
    sizes_to_read_at,
)
from pages.link import ImageView, image_from_query, image_to_query
from pages.page import OF_BEFORE, alert, beside_the_button, hint, in_words, run_line
from pages.pictures import uploaded
from pages.saving import Files, figure_files

LATENT_MAPS = 8
NO_LATENTS = (None,) * len(VARIANTS)


@dataclass(frozen=True, slots=True)
class Shown:
    """What is on the page: the view, and the results it stands for. missing: why some are None."""

    view: ImageView
    results: render.ImageResults
    missing: str = ""


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


class Handlers:
    """What the page's events do."""

    def __init__(self, service: ModelService):
        self._service = service
        weights = service.default_weights
        size = shapes_of(service, weights)[0].image_size
        self._first_view = ImageView(0, weights, size, LOOKS[0][1], "log", NO_LATENTS)
        self._first: Answer | None = None

    @beside_the_button(Answer, OF_BEFORE)
    def classify(self, file: Any, *settings: Any) -> Answer:
        """The answer for the picture in the field. file: as it came from the browser."""
        path = uploaded(file)
        if path is None:
            return Answer(hint(f"No picture: drop one, paste one, take one, or choose an example. {OF_BEFORE}"))
        answer = self._answer(_view(example_of([path], [[each.file] for each in EXAMPLES]), *settings), path)
        if is_animated(path) and not answer.notice:
            return answer._replace(notice=hint("This file holds several pictures: the first is what is read."))
        return answer

    @beside_the_button(Answer, OF_BEFORE)
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
        return self._traced(shown, (variant,), latents=tuple(latents.values()))

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
            sizes = gr.update(**sizes_to_read_at(view.weights, shapes_of(self._service, view.weights)[0], view.size))
        picture = str(EXAMPLES[view.example].file)
        own = "example" not in browser.query_params
        return picture, view.weights, sizes, view.look, view.scale, *told, *self._open(view, own)

    @beside_the_button(Answer)
    def _open_first(self) -> Answer:
        """The first example's answer, the same for every visitor, with no link: the bare address shows it, too."""
        if self._first:
            return self._first
        answer = self._answer(self._first_view, EXAMPLES[0].file)
        if answer.shown.missing:  # what could not be had this time may be there the next
            return answer._replace(link="")
        self._first = answer._replace(link="")
        return self._first

    @beside_the_button(Answer)
    def _open(self, view: ImageView, own: bool) -> Answer:
        """own: of a picture of its sender's own, which no address can hold."""
        shapes = shapes_of(self._service, view.weights)
        known = zip(view.latents, shapes, strict=True)
        latents = tuple(latent if latent is None or latent < shape.latents else None for latent, shape in known)
        size = view.size if view.size in SIZES[view.weights] else shapes[0].image_size
        answer = self._answer(replace(view, latents=latents, size=size), EXAMPLES[view.example or 0].file)
        if own and not answer.notice:
            return answer._replace(
                notice=hint("This link was made over a picture that it cannot hold: here an example.")
            )
        return answer

    def choose_example(self, index: int) -> tuple[str, str]:
        """Picture and notice."""
        return str(EXAMPLES[index].file), hint(EXAMPLES[index].notice)

    def choose_weights(self, weights: Weights) -> tuple[Any, ...]:
        """Sizes, notice, classes and drawing for other models."""
        shapes = shapes_of(self._service, weights)
        counts = ", ".join(f"{shape.name} {shape.parameters / 1e6:.1f} M" for shape in shapes)
        note = f"{counts} parameters. Press the button to ask them."
        if weights == "published":
            note += " Where they are not on this machine yet, they are downloaded then: about 0.6 GB."
        return (
            gr.update(**sizes_to_read_at(weights, shapes[0])),
            hint(note),
            known_classes(shapes[0]),
            architecture(shapes),
        )

    def positions(self, shown: Shown | None, opened: bool = True) -> str:
        """How each model is told the places of the picture that is shown; nothing where nobody looks."""
        if shown is None or not opened:
            return ""
        known: dict[Variant, ImageClassificationResult] = {
            variant: result for variant, result in shown.results.items() if result
        }
        asked = [
            replace(_request(shown.view, variant, result.seen, cropped=True), positions=True)
            for variant, result in known.items()
        ]
        found: dict[Variant, Any] = dict(zip(known, self._service.run_all(asked), strict=True))
        refused = next((each for each in found.values() if isinstance(each, Exception)), None)
        return alert(in_words(refused)) if refused else render.image_positions(found)

    def _answer(self, view: ImageView, file: Path) -> Answer:
        image = open_image(file)
        results, missing = self._ask(view, {variant: _request(view, variant, image) for variant in VARIANTS})
        if len(missing) == len(VARIANTS):
            raise missing[0]
        shown = Shown(view, results, " ".join(map(str, missing)))
        return _drawn(shown) if view.place is None else self._traced(shown)

    def _traced(self, shown: Shown, variants: Sequence[Variant] = VARIANTS, **changes: Any) -> Answer:
        """The same pictures as these variants saw them, traced anew: nothing is encoded again."""
        view = replace(shown.view, **changes)
        asked: dict[Variant, ImageClassificationRequest] = {
            variant: _request(view, variant, result.seen, cropped=True, place=_place(view, result))
            for variant in variants
            if (result := shown.results[variant])
        }
        found, missing = self._ask(view, asked)
        if missing:
            raise missing[0]
        return _drawn(replace(shown, view=view, results={**shown.results, **found}))

    def _ask(
        self, view: ImageView, requests: Mapping[Variant, ImageClassificationRequest]
    ) -> tuple[render.ImageResults, list[CheckpointUnavailable]]:
        """What each model says and how it came to that, all in one go; None and why, where it is not to be had."""
        asked = [
            replace(request, probe=_probe(view.look, view.latents[VARIANTS.index(variant)]), latent_maps=LATENT_MAPS)
            for variant, request in requests.items()
        ]
        found = self._service.run_all(asked)
        missing = [each for each in found if isinstance(each, CheckpointUnavailable)]
        answered = unwrap([None if isinstance(each, CheckpointUnavailable) else each for each in found])
        return dict(zip(requests, answered, strict=True)), missing


def shapes_of(service: ModelService, weights: Weights) -> list[ModelShape]:
    return [service.shape(NAME, weights, variant) for variant in VARIANTS]


def _view(example: int | None, weights: Weights, size: Any, look: str, scale: Scale) -> ImageView:
    return ImageView(example, weights, int(size), look, scale, NO_LATENTS)


def _request(view: ImageView, variant: Variant, image: Image, **asked: Any) -> ImageClassificationRequest:
    return ImageClassificationRequest(image, variant, weights=view.weights, size=view.size, **asked)


def _probe(look: str, latent: int | None) -> Probe:
    """About the best class, whichever it is."""
    if latent is not None:
        return Probe(None, "encoder", latent=latent)
    return Probe(None, "rollout") if look == "rollout" else Probe(None, "encoder", weighed=look != "mean")


def _place(view: ImageView, result: ImageClassificationResult) -> int | None:
    """Which input of this model lies where the visitor pointed."""
    return None if view.place is None else index_at(view.place, result.grid, result.extent)


def _drawn(shown: Shown) -> Answer:
    """All of the page's answer."""
    view = shown.view
    chosen = dict(zip(VARIANTS, view.latents, strict=True))
    panels = render.image_classification(shown.results, chosen, view.place, view.scale)
    lines = [run_line(result.run) for result in shown.results.values() if result]
    says, latents = zip(*((panel.says, panel.latents) for panel in panels.values()), strict=True)
    ran, link = "  \n".join(lines), image_to_query(NAME, view)
    notice = alert(shown.missing) if shown.missing else ""
    return Answer._make([notice, shown, *says, *latents, ran, link])


def attention_files(shown: Shown | None, opacity: float) -> Files | None:
    if shown is None:
        return None
    panel = partial(render.image_attention, shown.results, shown.view.scale, opacity)
    return figure_files(panel, f"image-{shown.view.look}")
