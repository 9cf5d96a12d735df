"""What the first latents attend to, while a model learns."""

import math

import numpy as np
from markupsafe import Markup

from components.html.images.pixels import color_legend, picture
from components.scale.attention import AttentionScale, scaled
from models.schema import LatentAttention

TILE = Markup("<figure><figcaption>latent {}</figcaption>{}</figure>")


def first_latents(attention: LatentAttention) -> Markup:
    """A map of each latent over the inputs of the first example, all on one scale."""
    levels = scaled(attention.values, 1 / attention.values.shape[1], "relative")
    colors = AttentionScale.over([levels], "relative", 1 / attention.values.shape[1])
    tiles = Markup("").join(
        TILE.format(number, Markup("").join(_maps(attention, row, colors))) for number, row in enumerate(levels)
    )
    kind = "squares" if any(len(grid) == 2 for grid in attention.grids.values()) else "strips"
    return Markup('<div class="build-latents {}">{}</div>{}').format(kind, tiles, color_legend(colors, colors.unit))


def _maps(attention: LatentAttention, row: np.ndarray, colors: AttentionScale) -> list[Markup]:
    """One for each modality."""
    ends = np.cumsum([math.prod(grid) for grid in attention.grids.values()])
    parts = np.split(row, ends[:-1])
    grids = (grid if len(grid) == 2 else (1, *grid) for grid in attention.grids.values())
    return [
        picture(colors.fills(part.reshape(grid)), f"Attention to {name}", "square" if grid[0] > 1 else "strip")
        for name, part, grid in zip(attention.grids, parts, grids, strict=True)
    ]
