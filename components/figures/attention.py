"""What every picture of attention has: scale, colour bar, shares that stayed behind, alt text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Literal

import matplotlib
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.patches import Rectangle

from components.figures.sheet import INK, MARGIN, SANS, SOFT_INK, WIDTH, Sheet, start_sheet, text_width
from models.schema import AttentionMap, RunInfo

Scale = Literal["linear", "log"]

LOG_FLOOR = -3.0
# Viridis for magnitudes; purple to orange, through white at 0, for more or less than uniform.
COLOUR_MAPS = {"linear": "viridis", "log": "PuOr_r"}
_SHARE_COLOURS = ("#21918c", "#a3a3a3", "#5c5c5c", "#d9a441")


def attention_sheet(attention: AttentionMap, run: RunInfo, scale: Scale, alt: str, inputs: Sequence[str] = ()) -> Sheet:
    """A sheet for one map, which is its title; what is between title and footer is left to the caller.

    inputs: what each value was read from, where it has a name.
    """
    sheet = start_sheet(attention.title, quantity(attention, scale), footer([attention], [run], scale), alt)
    sheet.arrays = {"model": run.model, "inputs": np.array(inputs, dtype=str), **asdict(attention)}
    return sheet


def footer(attentions: Iterable[AttentionMap], runs: Sequence[RunInfo], scale: Scale) -> list[str]:
    """What the maps of a sheet were computed with; what they have in common is said once."""
    models = _each(run.model for run in runs)
    return [
        f"model {models}" if len({run.model for run in runs}) == 1 else f"models {models}",
        f"{_each(run.weights for run in runs)} weights",
        f"method {_each(attention.method for attention in attentions)}",
        "linear scale" if scale == "linear" else f"log scale, floor −{-LOG_FLOOR:.0f}",
        _each(f"{run.device}, {run.dtype}" for run in runs),
    ]


def _each(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def quantity(attention: AttentionMap, scale: Scale) -> str:
    """What the colours measure, for a reader who has not seen the formula."""
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


def colours(attention: AttentionMap, scale: Scale) -> tuple[Normalize, Colormap]:
    """For the levels of `scaled`."""
    return fixed_range(scaled(attention, scale), attention.uniform, scale), matplotlib.colormaps[COLOUR_MAPS[scale]]


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


def add_colour_bar(sheet: Sheet, attention: AttentionMap, scale: Scale) -> float:
    """As `draw_colour_bar`, for the colours of one map."""
    norm, colour_map = colours(attention, scale)
    low = at_most(scaled(attention, scale), norm, scale) + level_text(norm.vmin, scale)
    level = f"uniform\n1/{round(1 / attention.uniform):,}\n= {percent(attention.uniform)}"
    uniform = attention.uniform if scale == "linear" else 0.0
    return draw_colour_bar(sheet, (norm, colour_map), uniform, (low, level, level_text(norm.vmax, scale)))


def draw_colour_bar(
    sheet: Sheet, colouring: tuple[Normalize, Colormap], uniform: float, said: tuple[str, str, str]
) -> float:
    """Upright along the right margin of the empty band; returns the left edge of the strip it takes, in inches.

    said: what stands at the lower end, at the uniform level and at the upper end. The ends are labelled below and
    above, the uniform level beside the bar: however near they are, they never touch.
    """
    norm, colour_map = colouring
    low, level, high = said
    left, bottom, height = WIDTH - MARGIN - 1.55, sheet.bottom + 0.3, sheet.top - sheet.bottom - 0.6
    axes = sheet.axes_at(left, bottom, 0.3, height)
    axes.set_label("colour bar")
    bar = sheet.colorbar(ScalarMappable(norm, colour_map), cax=axes)
    bar.outline.set(edgecolor=SOFT_INK, linewidth=0.8)
    bar.set_ticks([uniform], labels=[""])
    axes.tick_params(length=7, width=1.4, color=INK)
    axes.axhline(uniform, color=ink_on(np.array([colour_map(norm(uniform))]))[0], linewidth=1.4)
    sheet.write(left, bottom + height + 0.1, high, size=14)
    sheet.write(left, bottom - 0.1, low, size=14, va="top")
    at = float(norm(uniform))
    # Near an end, the text grows away from it.
    anchor = "bottom" if at < 0.1 else "top" if at > 0.9 else "center"
    sheet.write(left + 0.46, bottom + at * height, level, va=anchor, linespacing=1.25)
    return left


def at_most(levels: np.ndarray, norm: Normalize, scale: Scale) -> str:
    """What belongs before the lower end of a range where it also stands for less."""
    lowest = float(levels.min())
    return "≤ " if scale == "log" and (lowest < norm.vmin or lowest <= LOG_FLOOR) else ""


def level_text(level: float, scale: Scale) -> str:
    """A value of `scaled` in words: "8.31 %" or "+0.92"."""
    return percent(level) if scale == "linear" else f"{level:+.2f}".replace("-", "−")


def add_shares(sheet: Sheet, attention: AttentionMap) -> None:
    """Along the bottom of the empty band: how much went to the inputs and how much stayed behind, in residuals.

    Nothing where all of it went to the inputs.
    """
    if not (attention.latent_share or attention.query_share):
        return
    parts = {
        "inputs": float(attention.values.sum(dtype=np.float64)),
        "learned latent array": attention.latent_share,
        "output query": attention.query_share,
    }
    draw_parts(sheet, parts)


def draw_parts(sheet: Sheet, parts: Mapping[str, float]) -> None:
    """Along the bottom of the empty band: where all of the attention is. parts: at most four, name to share, 0 to 1."""
    width = WIDTH - 2 * MARGIN
    axes = sheet.canvas_at(MARGIN, sheet.bottom + 0.1, width, 0.7)
    start, x = 0.0, 0.0
    for (name, share), colour in zip(parts.items(), _SHARE_COLOURS, strict=False):
        axes.add_patch(Rectangle((start * width, 0.0), share * width, 0.26, color=colour, linewidth=0))
        axes.add_patch(Rectangle((x, 0.42), 0.18, 0.18, color=colour, linewidth=0))
        label = f"{name} {percent(share)}"
        axes.text(x + 0.28, 0.44, label, size=14, color=INK, family=SANS, parse_math=False)
        x += 0.28 + text_width(label, 14) + 0.45
        start += share
    sheet.bottom += 0.95


def percent(share: float) -> str:
    """Three significant digits: 0.01667 is "1.67 %"."""
    return f"{100 * share:.3g} %"


def describe(attention: AttentionMap, labels: Sequence[str], scale: Scale = "linear") -> str:
    """Alt text. labels: a name for each value, in flat order."""
    values = attention.values.ravel()
    if len(labels) != values.size:
        raise ValueError(f"{len(labels)} labels for {values.size} values")
    noun = "latent" if attention.method == "decoder" else "input"
    first = np.argsort(-values, kind="stable")[:3]
    most = ", ".join(f"{labels[i]} ({percent(values[i])})" for i in first)
    said = [
        attention.title if attention.title.endswith((".", "?", "!")) else f"{attention.title}.",
        f"Most attention of {values.size:,} {noun}s: {most}.",
        f"Uniform would be {percent(attention.uniform)} each.",
    ]
    if attention.latent_share or attention.query_share:
        stayed = f"{percent(attention.latent_share)} stayed on the learned latent array"
        said.append(f"{stayed}, {percent(attention.query_share)} on the output query.")
    if scale == "log":
        said.append("Colours show log10 of share times number, 0 being uniform.")
    return " ".join(said)
