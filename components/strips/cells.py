"""What cells of all strips share: colour and ink of a value, and what a share of attention is called."""

import numpy as np
from matplotlib.colors import to_hex

from components.figures.attention import Scale, colours, ink_on, scaled
from models.schema import AttentionMap


def fill_styles(fills: np.ndarray) -> list[str]:
    """fills: [n, 4], sRGB in 0 to 1. Each as background, with an ink that can be read on it."""
    return [f' style="background:{to_hex(fill)};color:{ink}"' for fill, ink in zip(fills, ink_on(fills), strict=True)]


def attention_styles(attention: AttentionMap | None, scale: Scale) -> list[str]:
    """A style for each input that was read; none where the map is not over the inputs."""
    if attention is None or attention.method == "decoder":
        return []
    norm, colour_map = colours(attention, scale)
    return fill_styles(colour_map(norm(scaled(attention, scale))))


def share_in_words(attention: AttentionMap, index: int) -> str:
    share = float(attention.values[index])
    return f"{share:.2%} of the attention, {share / attention.uniform:.1f} × uniform"
