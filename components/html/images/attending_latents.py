"""The latents that attend to one place of an image: data in, HTML out."""

import numpy as np
from markupsafe import Markup

from components.html.axis import BarAxis
from components.scale.attention import AttentionScale, scaled, share_in_words


def attending_latents_table(
    attending_latents: np.ndarray, inputs: int, place: str, colors: AttentionScale, most: int = 8
) -> Markup:
    """The latents that attend most to a place, as bars.

    attending_latents: float32 [latents], the share of its attention that each gives the place.
    inputs: number of inputs; an even map gives each 1 / inputs.
    place: its name.
    colors: the unit and range of the bars, the same for all tables that are compared.
    """
    levels = scaled(attending_latents, 1 / inputs, colors.scale)
    best = np.argsort(-attending_latents, kind="stable")[:most].tolist()
    axis = BarAxis.over(*colors.limits, colors.in_words, colors.unit)
    rows = Markup("").join(
        Markup('<li><span class="name">latent {}</span><span class="number">{}</span>{}</li>').format(
            latent,
            share_in_words(float(attending_latents[latent]), 1 / inputs, colors.scale),
            axis.bar(float(levels[latent]), colors.uniform),
        )
        for latent in best
    )
    return Markup(
        '<div class="attending-latents"><h3>Latents that attend to {}</h3><p class="summary">{}</p>'
        '<ol role="list">{}</ol>{}<p class="caption">Line across the bars: uniform, 1/{:,} of the attention of a '
        "latent.</p></div>"
    ).format(place, _summary(attending_latents, inputs, colors), rows, axis.markup(), inputs)


def _summary(shares: np.ndarray, inputs: int, colors: AttentionScale) -> str:
    """How many latents attend to the place more than uniform, and how much all of them do."""
    above = int((shares * inputs > 1).sum())
    mean = share_in_words(float(shares.mean(dtype=np.float64)), 1 / inputs, colors.scale)
    return f"{above or 'None'} of {len(shares):,} latents attend to it more than uniform. Mean of all latents: {mean}."
