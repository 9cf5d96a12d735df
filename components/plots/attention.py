"""Shared by all plots of attention: scale, color bar, residual shares, alt text."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.patches import Rectangle

from components.analysis.attention import input_name
from components.plots.arrays import attention_arrays, color_arrays, run_arrays
from components.plots.plot import INK, MARGIN, SANS, SOFT_INK, WIDTH, Plot, start_plot, text_width
from components.scale.attention import LOG_FLOOR, AttentionScale, Scale, ink_on
from components.words.numbers import precise_percent
from models.schema import AttentionMap, RunInfo

COLOR_BAR_LEFT = WIDTH - MARGIN - 1.55
"""Inches from the left edge of a plot to its color bar and the labels of that."""
_SHARE_COLORS = ("#21918c", "#a3a3a3", "#5c5c5c", "#d9a441")


def attention_plot(attention: AttentionMap, run: RunInfo, scale: Scale, alt: str) -> Plot:
    """A plot for one map, which is its title; what is between title and footer is left to the caller."""
    colors = AttentionScale.of([attention], scale)
    explanation = colors.explanation(input_name(attention))
    plot = start_plot(attention.title, explanation, footer([attention], [run], scale), alt)
    plot.arrays |= run_arrays(run) | attention_arrays(attention) | color_arrays(colors)
    return plot


def footer(attentions: Iterable[AttentionMap], runs: Sequence[RunInfo], scale: Scale) -> list[str]:
    """What the maps of a plot were computed with; common facts appear once."""
    models = _each(run.model for run in runs)
    return [
        f"model {models}" if len({run.model for run in runs}) == 1 else f"models {models}",
        f"{_each(run.weights for run in runs)} weights",
        f"method {_each(attention.method for attention in attentions)}",
        f"log scale, floor −{-LOG_FLOOR:.0f}" if scale == "log" else f"{scale} scale",
        _each(f"{run.device}, {run.dtype}" for run in runs),
    ]


def _each(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def add_color_bar(plot: Plot, colors: AttentionScale) -> None:
    """As `draw_color_bar`, for the colors of attention."""
    low, high = colors.ends
    level = f"uniform\n{colors.in_words(colors.uniform)}"
    draw_color_bar(plot, (colors.norm, colors.color_map), colors.uniform, (low, level, high))


def draw_color_bar(
    plot: Plot, coloring: tuple[Normalize, Colormap], uniform: float, said: tuple[str, str, str]
) -> None:
    """Upright along the right margin of the empty band, from COLOR_BAR_LEFT.

    said: what stands at the lower end, at the uniform level and at the upper end. The ends are labeled below and
    above, the uniform level next to the bar: however near they are, they never touch.
    """
    norm, color_map = coloring
    low, level, high = said
    left, bottom, height = COLOR_BAR_LEFT, plot.bottom + 0.3, plot.top - plot.bottom - 0.6
    axes = plot.axes_at(left, bottom, 0.3, height)
    axes.set_label("color bar")
    bar = plot.colorbar(ScalarMappable(norm, color_map), cax=axes)
    bar.outline.set(edgecolor=SOFT_INK, linewidth=0.8)
    bar.set_ticks([uniform], labels=[""])
    axes.tick_params(length=7, width=1.4, color=INK)
    axes.axhline(uniform, color=ink_on(np.array([color_map(norm(uniform))]))[0], linewidth=1.4)
    plot.write(left, bottom + height + 0.1, high, size=14)
    plot.write(left, bottom - 0.1, low, size=14, va="top")
    at = float(norm(uniform))
    # Near an end, the text grows away from it.
    anchor = "bottom" if at < 0.1 else "top" if at > 0.9 else "center"
    plot.write(left + 0.46, bottom + at * height, level, va=anchor, linespacing=1.25)


def add_shares(plot: Plot, attention: AttentionMap) -> None:
    """Along the bottom of the empty band: shares of the inputs and residual shares.

    Nothing without residual shares.
    """
    if not (attention.latent_share or attention.query_share):
        return
    parts = {
        "inputs": float(attention.values.sum(dtype=np.float64)),
        "learned latent array": attention.latent_share,
        "output query": attention.query_share,
    }
    draw_parts(plot, parts)


def draw_parts(plot: Plot, parts: Mapping[str, float]) -> None:
    """Along the bottom of the empty band, as one bar. parts: at most four, name to share, 0 to 1."""
    width = WIDTH - 2 * MARGIN
    axes = plot.canvas_at(MARGIN, plot.bottom + 0.1, width, 0.7)
    start, x = 0.0, 0.0
    for (name, share), color in zip(parts.items(), _SHARE_COLORS, strict=False):
        axes.add_patch(Rectangle((start * width, 0.0), share * width, 0.26, color=color, linewidth=0))
        axes.add_patch(Rectangle((x, 0.42), 0.18, 0.18, color=color, linewidth=0))
        label = f"{name} {precise_percent(share)}"
        axes.text(x + 0.28, 0.44, label, size=14, color=INK, family=SANS, parse_math=False)
        x += 0.28 + text_width(label, 14) + 0.45
        start += share
    plot.bottom += 0.95
