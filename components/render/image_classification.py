"""Image classification: predictions and attention of three models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from components import plots
from components.analysis.attention import shares_in_words
from components.analysis.grid import WHOLE, index_at, place_in_words
from components.html.charts.bars import label_bars
from components.html.charts.network import network
from components.html.charts.network_cells import image_cells, text_cells
from components.html.images.attending_latents import attending_latents_table
from components.html.images.heatmap import overlay
from components.html.images.latents import latent_tiles
from components.html.images.pixels import color_legend, no_data_key
from components.html.images.positions import position_tiles
from components.scale.attention import AttentionScale, Scale, scaled
from components.words.numbers import percent
from models.schema import AttentionMap, ImageClassificationResult, ModelShape, Variant

TITLES: dict[Variant, str] = {
    "learned": "Learned positions",
    "fourier": "Fourier positions",
    "conv": "Convolution first",
}
LATTICE = (
    "The latents of this model attend to nearly the same grid of positions in every image. This is not an error: maps "
    "of different examples have a correlation of 0.83, and those of the model with Fourier positions 0.26."
)
"""Measured over the 8 example images with the demo models: mean correlation of encoder attention between images."""
ImageResults = Mapping[Variant, ImageClassificationResult | None]
"""None: a model that is not available."""


@dataclass(frozen=True, slots=True)
class ImagePanels:
    """prediction: labels and attention of one model. latents: attention maps of its single latents."""

    prediction: Markup
    latents: Markup


def image_classification(
    results: ImageResults,
    latents: Mapping[Variant, int | None] | None = None,
    place: tuple[float, float] | None = None,
    scale: Scale = "relative",
) -> dict[Variant, ImagePanels]:
    """Predictions and attention of each model, all maps on one scale.

    latents: the one whose map is shown, or None for all. place: the selected inputs, as fractions of
    the picture's height and width: the models have grids of their own.
    """
    known = [result for result in results.values() if result]
    attentions = [attention for attention in map(_over_inputs, known) if attention]
    colors = AttentionScale.of(attentions, scale) if attentions else None
    panels: dict[Variant, ImagePanels] = {}
    for variant, result in results.items():
        title = Markup("<h3>{}</h3>").format(TITLES[variant])
        if result is None:
            missing = Markup('<p class="caption">This model is not available.</p>')
            panels[variant] = ImagePanels(title + missing, Markup(""))
            continue
        index = None if place is None else index_at(place, result.grid, result.extent)
        prediction = title + label_bars(result.labels) + _attention(result, variant, colors, index)
        parts = [_latents(result, TITLES[variant], (latents or {}).get(variant), scale)]
        if index is not None and result.attending_latents is not None:
            inputs, where = result.grid[0] * result.grid[1], place_in_words(index, result.grid)
            parts.append(attending_latents_table(result.attending_latents, inputs, where, _bars_scale(known, scale)))
        panels[variant] = ImagePanels(prediction, Markup("").join(parts))
    return panels


def image_network(results: ImageResults, variant: Variant, shape: ModelShape) -> Markup:
    """The run of one model as a figure: the image, the latents, and the predicted class."""
    result = results.get(variant)
    stages = result and result.attention and result.attention.stages
    if result is None or not stages:
        return Markup()
    rows, columns = result.grid
    inputs = image_cells(result.input_image, result.grid, f"{rows * columns:,} inputs, {rows} x {columns}")
    return network(stages, shape, inputs, text_cells("outputs", [result.labels[0].name], "one query for all classes"))


def _bars_scale(results: Iterable[ImageClassificationResult], scale: Scale) -> AttentionScale:
    """One scale for the attending latents of all models."""
    levels = [
        scaled(result.attending_latents, 1 / (result.grid[0] * result.grid[1]), scale)
        for result in results
        if result.attending_latents is not None
    ]
    return AttentionScale.over(levels, scale, 1.0)


def _over_inputs(result: ImageClassificationResult) -> AttentionMap | None:
    """Its attention if that is a map over the image."""
    return result.attention if result.attention and result.attention.method != "decoder" else None


def _attention(
    result: ImageClassificationResult, variant: Variant, colors: AttentionScale | None, place: int | None
) -> Markup:
    attention = _over_inputs(result)
    maps = overlay(result.input_image, attention, colors, TITLES[variant], place, result.grid, result.extent)
    if attention is None or colors is None:
        return maps
    outside = "" if result.extent == WHOLE else no_data_key("not covered by the inputs")
    shares = shares_in_words(attention)
    return Markup('{}{}<p class="caption">{}{}{}</p>').format(
        maps,
        color_legend(colors, Markup("{}, one scale for all models{}").format(colors.unit, outside)),
        attention.title,
        Markup("<br>{}").format(shares) if shares else "",
        Markup("<br>{}").format(LATTICE) if variant == "learned" else "",
    )


def _latents(result: ImageClassificationResult, title: str, selected: int | None, scale: Scale) -> Markup:
    if result.latent_maps is None:
        return Markup()
    return Markup("<h3>{}: single latents</h3>{}").format(title, latent_tiles(result.latent_maps, selected, scale))


def image_attention(results: ImageResults, scale: Scale = "relative", opacity: float = 0.6) -> plots.Plot:
    """The attention of all models as one figure. opacity: of the maps over the image, 0 to 1.

    Raises ValueError for results without attention.
    """
    columns = [
        plots.ImageColumn(
            name=variant,
            title=TITLES[variant],
            caption=f"{result.labels[0].name} {percent(result.labels[0].probability)}",
            input_image=result.input_image,
            attention=result.attention,
            run=result.run,
            extent=result.extent,
            labels=result.labels,
        )
        for variant, result in results.items()
        if result and result.attention
    ]
    if not columns:
        raise ValueError("the results have no attention")
    return plots.compare_attention(columns, scale, "Attention of each Perceiver over the image", opacity)


def image_positions(results: ImageResults) -> Markup:
    """Position encodings of the models whose result has one."""
    plots = Markup("").join(
        Markup("<section><h3>{}</h3>{}</section>").format(TITLES[variant], position_tiles(result.positions, variant))
        for variant, result in results.items()
        if result and result.positions is not None
    )
    return Markup('<div class="position-maps">{}</div>').format(plots)
