"""Image classification: one image, three Perceivers that differ in their position encodings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_args

import numpy as np
from markupsafe import Markup
from PIL.Image import Image
from pydantic import Field

from components.analysis.grid import index_at
from components.html.run_line import run_line
from components.render import image_classification as render
from components.render.architecture import image_classification_architecture
from components.scale.attention import Scale
from models.backend.protocol import unwrap
from models.data.examples import chosen, example_of, image_examples
from models.data.images import image_note, open_image
from models.schema import (
    CheckpointUnavailable,
    ImageClassificationRequest,
    ImageClassificationResult,
    ModelShape,
    Probe,
    Variant,
    Weights,
)
from models.schema.grouping import cell_of_each, cells_along
from pages.attributions import ExplainedRun, ExplainedScreen
from pages.screen import Control, Files, Notice, Update, answered, on_run
from pages.session import Session
from pages.state import MapState, ModelState, control, map_scale
from pages.tracing import with_stages

NAME = "image_classification"
EXAMPLES = image_examples(NAME)
VARIANTS: tuple[Variant, ...] = get_args(Variant)
SIZES: Mapping[Weights, Sequence[int]] = {"embedded": (16, 24, 32, 48, 64), "published": (112, 160, 224, 320, 448)}
"""Pixels along each side at which the page offers to read an image."""
LATENT_MAPS = 8
OWN_IMAGE = "Links cannot include uploaded images. Upload it again; showing an example for now."
Latent = Annotated[int, Field(ge=0)] | None
Share = Annotated[float, Field(ge=0, lt=1)]
MapMethod = Literal["encoder", "mean", "rollout"]
ImageBaseline = Literal["mean", "blur"]


class ImageClassificationState(ModelState, MapState):
    example: int | None = control(
        0, "Example", "Index of the example, or None for an uploaded image.", role="selection", ge=0, lt=len(EXAMPLES)
    )
    variant: Variant = control(
        "fourier", "Variant", 'Position encoding of the model: "learned", "fourier" or "conv".', role="program"
    )
    top_k: int = control(5, "Classes", "Number of most probable classes.", role="program", ge=1)
    size: int | None = control(
        None,
        "Input size",
        "Pixels along each side at which the model reads the image; None: as in training.",
        ge=0,
    )
    method: MapMethod = control(
        "encoder",
        "Attention",
        '"encoder": encoder attention, latents weighted by decoder attention; "mean": all latents alike; '
        '"rollout": all layers.',
        role="trace",
        labels={
            "encoder": "Encoder: latents weighted by decoder attention",
            "mean": "Encoder: mean of all latents",
            "rollout": "Rollout: all layers",
        },
    )
    # Linear, single pixels with 50 times the uniform attention would leave everything else dark.
    scale: Scale = map_scale("log")
    latents: tuple[Latent, Latent, Latent] = control(
        (None, None, None), "Latents", "For each variant the latent whose attention is shown.", role="selection"
    )
    sheet: Literal["latents", "positions"] = control(
        "latents",
        "Show",
        "What is shown of each model below its prediction.",
        role="display",
        labels={"latents": "Attention of latents", "positions": "Position encodings"},
    )
    figure: Variant = control(
        "fourier", "Model", "The model that the figure shows.", role="display", labels=render.TITLES
    )
    baseline: ImageBaseline = control(
        "mean",
        "Baseline",
        "What replaces the cells of the image that are left out.",
        role="other",
        labels={"mean": "mean color", "blur": "blurred image"},
    )
    point: tuple[Share, Share] | None = control(
        None, "Point", "Row and column of a point, as shares of the image's height and width.", role="selection"
    )


@dataclass(frozen=True, slots=True)
class ImageClassificationRun(ExplainedRun[ImageClassificationState]):
    """results: None for a model that is not available. problem: why. file: the image, if the visitor uploaded it."""

    results: render.ImageResults
    problem: str
    file: Path | None


class ImageClassificationScreen(ExplainedScreen[ImageClassificationState, ImageClassificationRun]):
    name = NAME
    state = ImageClassificationState
    examples = EXAMPLES
    variants = VARIANTS
    uploads: ClassVar = {"image": "an image file (PNG, JPEG, WebP, GIF, ...)"}
    page_only = ("example", "baseline", "scale", "opacity", "latents", "sheet", "point", "figure")

    def submit(self, session: Session, state: ImageClassificationState, image: Path | None) -> Update:
        if image is None:
            return {"notice": Notice("Upload or paste an image, take a photo, or choose an example.")}
        state = state.changed(example=example_of([image], [[each.file] for each in EXAMPLES]))
        note = image_note(image)
        hint = Notice(note) if note else self.hint(state)
        return {"notice": hint} | self.keep(session, self._run(state, image)) | answered()

    def compute_first(self) -> ImageClassificationRun:
        return self._run(self.initial, EXAMPLES[0].file)

    def first_run(self) -> ImageClassificationRun:
        run = super().first_run()
        if run.problem:  # a download that failed may work next time
            self._first_run = None
        return run

    def show(self, run: ImageClassificationRun) -> Update:
        state = run.state
        latents = dict(zip(VARIANTS, state.latents, strict=True))
        panels = render.image_classification(run.results, latents, state.point, state.scale)
        shown: Update = {f"prediction_{variant}": panel.prediction for variant, panel in panels.items()}
        positions = state.sheet == "positions"
        shown |= {f"latents_{variant}": "" if positions else panel.latents for variant, panel in panels.items()}
        shown["positions"] = render.image_positions(run.results) if positions else ""
        shown |= self.show_attributions(run) | {"network": self.figure(run)}
        shown["run_line"] = "<br>".join(run_line(result.run) for result in run.results.values() if result)
        notice: Update = {"notice": Notice(run.problem, "alert")} if run.problem else {}
        return shown | notice | {"link": self.link(state)}

    def figure(self, run: ImageClassificationRun) -> Markup:
        return render.image_network(run.results, run.state.figure, self.figure_shape(run))

    def figure_request(self, run: ImageClassificationRun) -> ImageClassificationRequest:
        return _request(run.state, run.state.figure, self.figure_result(run).input_image, cropped=True)

    def request(self, state: ImageClassificationState, image: Path) -> ImageClassificationRequest:
        return _request(state, state.variant, open_image(image))

    def figure_result(self, run: ImageClassificationRun) -> Any:
        return run.results[run.state.figure]

    def with_figure_result(self, run: ImageClassificationRun, result: Any) -> ImageClassificationRun:
        return replace(run, results={**run.results, run.state.figure: result})

    def figure_shape(self, run: ImageClassificationRun) -> ModelShape:
        return self.shape(run.state.weights, run.state.figure)

    def inputs_in(self, run: ImageClassificationRun, cells: Sequence[int]) -> Sequence[int]:
        grid = self.figure_result(run).grid
        return np.flatnonzero(np.isin(cell_of_each(grid, cells_along(grid)), cells)).tolist()

    def controls(self, state: ImageClassificationState) -> Update:
        return super().controls(state) | self.example_inputs(state.example or 0)

    def model_parts(self, state: ImageClassificationState) -> Update:
        shapes = self.shapes(state.weights)
        return {
            "size": Control.choice(size_choices(state.weights, shapes[0]), state.size),
            "classes": known_classes(shapes[0]),
            "architecture": image_classification_architecture(shapes),
        }

    def example_inputs(self, index: int) -> Update:
        return {"image": chosen(EXAMPLES, index).file}

    def example_of(self, state: ImageClassificationState) -> int | None:
        return state.example

    def fit(self, state: ImageClassificationState) -> ImageClassificationState:
        shapes = self.shapes(state.weights)
        known = state.size in SIZES[state.weights] and state.size != shapes[0].image_size
        latents = (
            latent if latent is not None and latent < shape.latents else None
            for latent, shape in zip(state.latents, shapes, strict=True)
        )
        return state.changed(size=state.size if known else None, latents=tuple(latents))

    def open_link(self, session: Session, state: ImageClassificationState) -> Update:
        index, own = state.example or 0, state.example is None
        update = self.keep(session, self._run(state.changed(example=index), chosen(EXAMPLES, index).file))
        return ({"notice": Notice(OWN_IMAGE)} if own else {}) | update

    def restore(self, session: Session) -> Update:
        file = session.get().file
        return {"image": file if file.is_file() else None} if file else {}

    def call(self, state: ImageClassificationState, image: Path) -> object:
        result = self.backend.run(_request(state, state.variant, open_image(image)))
        return {name: getattr(result, name) for name in ("labels", "grid", "attention", "run")}

    # What a visitor does

    @on_run
    def trace(self, run: ImageClassificationRun, state: ImageClassificationState) -> ImageClassificationRun:
        """Shows attention by another method, of all latents."""
        return self.traced_by(run, state, latents=ImageClassificationState().latents)

    @on_run
    def redraw(self, run: ImageClassificationRun, state: ImageClassificationState) -> ImageClassificationRun:
        """Draws the same result in another way. Position encodings need the models once."""
        drawn = replace(run, state=run.state.with_values_of(state, "display", "browser"))
        missing = drawn.state.sheet == "positions" and run.state.sheet != "positions"
        return self._traced(drawn, VARIANTS) if missing else drawn

    @on_run
    def select_point(
        self, run: ImageClassificationRun, state: ImageClassificationState, row: float, column: float
    ) -> ImageClassificationRun:
        """Shows which latents attend to a point. row, column: shares of the image's height and width, 0 to 1."""
        return self.traced_by(run, state, point=(round(row, 4), round(column, 4)))

    @on_run
    def select_latent(
        self, run: ImageClassificationRun, state: ImageClassificationState, latent: int | None, variant: Variant
    ) -> ImageClassificationRun:
        """Shows what one latent of one model attends to; None: all latents, by the method that is set."""
        latents = dict(zip(VARIANTS, run.state.latents, strict=True)) | {variant: latent}
        state = run.state.with_values_of(state, "display", "browser").changed(latents=tuple(latents.values()))
        return self._traced(replace(run, state=state), (variant,))

    def attention_files(self, run: ImageClassificationRun, state: ImageClassificationState) -> Files:
        draw = partial(render.image_attention, run.results, run.state.scale, state.opacity)
        return Files.of_plot(draw, f"image-{run.state.method}", run.state)

    # Runs

    def _run(self, state: ImageClassificationState, file: Path) -> ImageClassificationRun:
        image = open_image(file)
        requests = [with_stages(_request(state, variant, image, **_maps(state))) for variant in VARIANTS]
        found = self.backend.run_all(requests)
        refused = [each for each in found if isinstance(each, CheckpointUnavailable)]
        if len(refused) == len(VARIANTS):
            raise refused[0]
        results = unwrap([None if isinstance(each, CheckpointUnavailable) else each for each in found])
        by_variant = dict(zip(VARIANTS, results, strict=True))
        own = file if state.example is None else None
        run = ImageClassificationRun(state, by_variant, " ".join(map(str, refused)), own)
        return run if state.point is None else self._traced(run, VARIANTS)

    def traced(self, run: ImageClassificationRun, state: ImageClassificationState) -> ImageClassificationRun:
        return self._traced(replace(run, state=state), VARIANTS)

    def _traced(self, run: ImageClassificationRun, variants: Sequence[Variant]) -> ImageClassificationRun:
        """The attention of these variants as the state has it. Their latents are not computed again."""
        shown = {"cropped": True, **_maps(run.state)}
        requests = {
            variant: with_stages(_request(run.state, variant, result.input_image, place=_cell(run, result), **shown))
            for variant, result in run.results.items()
            if result and variant in variants
        }
        found = unwrap(self.backend.run_all(list(requests.values())))
        return replace(run, results={**run.results, **dict(zip(requests, found, strict=True))})


def _maps(state: ImageClassificationState) -> dict[str, object]:
    """The fields of a request for what is shown of each model below its prediction."""
    return {"latent_maps": LATENT_MAPS, "positions": state.sheet == "positions"}


def _request(
    state: ImageClassificationState, variant: Variant, image: Image, **more: Any
) -> ImageClassificationRequest:
    return ImageClassificationRequest(
        image,
        variant,
        top_k=state.top_k,
        probe=_probe(state.method, state.latents[VARIANTS.index(variant)]),
        weights=state.weights,
        size=state.size or None,
        **more,
    )


def _probe(method: MapMethod, latent: int | None) -> Probe:
    """The question about the most probable class."""
    if latent is not None:
        return Probe(None, "encoder", latent=latent)
    return Probe(None, "rollout") if method == "rollout" else Probe(None, "encoder", weighted=method != "mean")


def _cell(run: ImageClassificationRun, result: ImageClassificationResult) -> int | None:
    """The input of a model that lies at the selected point."""
    return None if run.state.point is None else index_at(run.state.point, result.grid, result.extent)


def size_choices(weights: Weights, shape: ModelShape) -> list[tuple[str, object]]:
    return [
        (f"{size} x {size} (as in training)", "") if size == shape.image_size else (f"{size} x {size}", size)
        for size in SIZES[weights]
    ]


def known_classes(shape: ModelShape) -> str:
    """Markdown that says which classes the models choose from."""
    if len(shape.labels) > 20:
        return f"These models know only the {len(shape.labels):,} classes of ImageNet."
    return f"These models know only {len(shape.labels)} classes: **{', '.join(shape.labels)}**."
