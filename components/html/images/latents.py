"""Attention maps of single latents as tiles: data in, HTML out. Elements with `data-latent` can be clicked."""

import numpy as np
from markupsafe import Markup

from components.html.images.pixels import color_legend, picture
from components.scale.attention import AttentionScale, Scale, scaled
from components.words.numbers import percent
from models.schema import LatentMaps


def latent_tiles(maps: LatentMaps, selected: int | None, scale: Scale) -> Markup:
    """A button for each latent, by decoder attention, and one for all; all maps on one scale. selected: or None."""
    inputs = maps.maps[0].size
    levels = scaled(maps.maps, 1 / inputs, scale)
    colors = AttentionScale.over([levels], scale, 1 / inputs)
    latents = zip(maps.latents.tolist(), maps.weights.tolist(), levels, strict=True)
    buttons = Markup("").join(_button(colors, *latent, selected) for latent in latents)
    said = f"{colors.unit}, one scale for these maps; below each: the latent and its share of decoder attention"
    return Markup(
        '<div class="latent-sheet" role="group" aria-label="Attention maps of single latents">{}{}</div>{}'
    ).format(_button_for_all(selected), buttons, color_legend(colors, said))


def _button_for_all(selected: int | None) -> Markup:
    return Markup(
        '<button type="button" data-latent="" aria-pressed="{}" aria-label="all latents together" title="show '
        'all latents together"><span class="tile" aria-hidden="true">all</span><small aria-hidden="true">latents'
        "</small></button>"
    ).format(str(selected is None).lower())


def _button(colors: AttentionScale, latent: int, weight: float, levels: np.ndarray, selected: int | None) -> Markup:
    title = f"latent {latent}: {percent(weight)} of the decoder attention"
    return Markup(
        '<button type="button" data-latent="{}" aria-pressed="{}" aria-label="{}" title="{}">{}'
        '<small aria-hidden="true"><b>{}</b> {}</small></button>'
    ).format(
        latent,
        str(latent == selected).lower(),
        title,
        title,
        picture(colors.fills(levels), "", "tile"),
        latent,
        percent(weight),
    )
