"""The latents that attend to one input of an image: data in, HTML out."""

import numpy as np
from markupsafe import Markup

from components.html.axis import BarAxis
from components.scale.attention import AttentionScale, scaled, share_in_words


def attending_latents_table(
    attending_latents: np.ndarray, inputs: int, place: str, colors: AttentionScale, most: int = 8
) -> Markup:
    """The latents that attend most to an input, as bars.

    attending_latents: float32 [latents], the share of the attention of each that goes to the input.
    inputs: number of inputs; an even map gives each 1 / inputs.
    place: the position of the input in words.
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
        '<ol role="list">{}</ol>{}<p class="caption">Line across the bars: uniform attention (1/{:,} of that of a '
        "latent).</p></div>"
    ).format(place, _summary(attending_latents, inputs, colors), rows, axis.markup(), inputs)


def _summary(shares: np.ndarray, inputs: int, colors: AttentionScale) -> str:
    """The number of latents with more than uniform attention to the input, and the mean of all."""
    above = int((shares * inputs > 1).sum())
    mean = share_in_words(float(shares.mean(dtype=np.float64)), 1 / inputs, colors.scale)
    return f"{above or 'None'} of {len(shares):,} latents give it more than uniform attention. Mean of all: {mean}."
