"""The two scales of attention, linear and logarithmic: levels, colors and what they measure."""

from typing import Literal

import matplotlib
import numpy as np
from matplotlib.colors import Colormap, Normalize

from components.words.numbers import precise_percent
from models.schema import AttentionMap

Scale = Literal["linear", "log"]


LOG_FLOOR = -3.0


# Viridis for magnitudes; purple to orange, through white at 0, for more or less than uniform.
COLOR_MAPS = {"linear": "viridis", "log": "PuOr_r"}


def quantity(attention: AttentionMap, scale: Scale) -> str:
    """What the colors measure, for a reader who has not seen the formula."""
    each = "latent" if attention.method == "decoder" else "input"
    if scale == "linear":
        return f"Share of the attention that each {each} received, in %"
    return f"log10 (share × M) for each of M {each}s: 0 is uniform, +1 ten times more, −1 ten times less"


def scaled(attention: AttentionMap, scale: Scale) -> np.ndarray:
    """Float64, of the shape of `attention.values`.

    "linear": shares, 0 to 1. "log": log10(share * M) with M = 1 / uniform, so that 0 is uniform; never below
    LOG_FLOOR, which also stands for a share of 0.
    """
    shares = attention.values.astype(np.float64)
    if scale == "linear":
        return shares
    return np.log10(np.maximum(shares / attention.uniform, 10.0**LOG_FLOOR))


def colors(attention: AttentionMap, scale: Scale) -> tuple[Normalize, Colormap]:
    """For the levels of `scaled`."""
    return fixed_range(scaled(attention, scale), attention.uniform, scale), matplotlib.colormaps[COLOR_MAPS[scale]]


def fixed_range(levels: np.ndarray, uniform: float, scale: Scale) -> Normalize:
    """From 0 to the largest level, or symmetric about uniform; the uniform level is always within the range.

    uniform: that level where the scale is linear. The logarithmic range is at least a factor of 2 either way, for an
    all but uniform map shall look uniform, and reaches below a tenth of uniform only as far as above: what is next to
    nothing shall not bleach what is read.
    """
    highest = float(levels.max())
    if scale == "linear":
        return Normalize(0.0, max(highest, uniform))
    reach = max(highest, min(-float(levels.min()), 1.0), float(np.log10(2)))
    return Normalize(-reach, reach)


def ink_on(fills: np.ndarray) -> list[str]:
    """Dark or white ink, whichever contrasts more (WCAG relative luminance). fills: [n, 3 or 4], sRGB in 0 to 1."""
    rgb = fills[:, :3]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return ["#000000" if bright else "#ffffff" for bright in linear @ (0.2126, 0.7152, 0.0722) > 0.179]


def at_most(levels: np.ndarray, norm: Normalize, scale: Scale) -> str:
    """What belongs before the lower end of a range where it also stands for less."""
    lowest = float(levels.min())
    return "≤ " if scale == "log" and (lowest < norm.vmin or lowest <= LOG_FLOOR) else ""


def level_text(level: float, scale: Scale) -> str:
    """A value of `scaled` in words: "8.31%" or "+0.92"."""
    return precise_percent(level) if scale == "linear" else f"{level:+.2f}".replace("-", "−")
