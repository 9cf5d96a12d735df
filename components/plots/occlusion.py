"""Attention on words beside what leaving them out does, as a plot."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from components.analysis.occlusion import (
    CAVEAT,
    agreement_in_words,
    effect_colors,
    effect_reach,
    label_asked,
    left_out_in_words,
    most_effective,
    words_of,
    words_to_show,
)
from components.analysis.text_units import Piece, shortened
from components.plots.plot import INK, MARGIN, RULE, SANS, SOFT_INK, Plot, printable, start_plot, wrapped
from components.words.numbers import points, precise_percent
from models.schema import Occlusion, SentimentResult

ATTENTION = "#21918c"
NAMES, GAP, NUMBERS = 2.6, 0.5, 1.3
"""Inches for the words at the left, between both charts, and for the numbers behind the bars."""


def occlusion_plot(result: SentimentResult) -> Plot:
    """Raises ValueError where no words were left out."""
    occlusion = result.occlusion
    if occlusion is None:
        raise ValueError("this result was asked for without leaving out words")
    words, shown, label = words_of(result.text, occlusion), words_to_show(occlusion), label_asked(result)
    plot = _start(result, occlusion, words, label, shown)
    bottom, height = plot.bottom + 0.75, plot.top - plot.bottom - 0.95
    charts = 2 if occlusion.attention is not None else 1
    width = (16 - 2 * MARGIN - NAMES - GAP * (charts - 1)) / charts
    if occlusion.attention is not None:
        axes = _rows(plot, (MARGIN + NAMES, bottom, width, height), len(shown))
        _draw_attention(axes, result, occlusion.attention, words, shown)
    left = MARGIN + NAMES + (charts - 1) * (width + GAP)
    _draw_effects(_rows(plot, (left, bottom, width, height), len(shown)), occlusion, shown, label)
    for row, at in enumerate(shown):
        y = bottom + height * (1 - (row + 0.5) / len(shown))
        (name,) = wrapped(printable(shortened(words[at].text, 24)), 13, NAMES - 0.2, lines=1) or [""]
        plot.write(MARGIN + NAMES - 0.15, y, name, ha="right", va="center_baseline")
    return plot


def _start(
    result: SentimentResult, occlusion: Occlusion, words: Sequence[Piece], label: str, shown: Sequence[int]
) -> Plot:
    run = result.run
    agreement = agreement_in_words(occlusion)
    heading = f"What was read for “{shortened(label, 40)}”, and what leaving it out does"
    parts = [f"{heading}.", f"{len(words):,} words; largest effects: {most_effective(words, occlusion)}.", agreement]
    facts = [f"model {run.model}", f"{run.weights} weights", f"{run.device}, {run.dtype}", *_traced(result)]
    plot = start_plot(heading, left_out_in_words(shown, occlusion) or "All words, in reading order", facts,
                        " ".join(parts), CAVEAT)  # fmt: skip
    for line in wrapped(agreement, 15, 14.8, lines=2):
        plot.write(MARGIN, plot.top, line, size=15)
        plot.top -= 0.3
    plot.arrays = {
        "model": run.model,
        "label": label,
        "words": np.array([word.text for word in words], dtype=str),
        "spans": occlusion.words,
        "drops": occlusion.drops,
        "rank_correlation": occlusion.rank_correlation,
    }
    if occlusion.attention is not None:
        plot.arrays["attention"] = occlusion.attention
    return plot


def _traced(result: SentimentResult) -> list[str]:
    return [f"method {result.attention.method}"] if result.attention else []


def _rows(plot: Plot, band: tuple[float, float, float, float], count: int) -> Axes:
    """A row a word, the first on top."""
    axes = plot.axes_at(*band)
    axes.set(ylim=(count - 0.5, -0.5), yticks=[])
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(RULE)
    axes.tick_params(labelsize=13, labelcolor=INK, color=SOFT_INK, labelfontfamily=SANS)
    return axes


def _draw_attention(
    axes: Axes, result: SentimentResult, shares: np.ndarray, words: Sequence[Piece], shown: Sequence[int]
) -> None:
    at, each = np.arange(len(shown)), shares[list(shown)].astype(np.float64)
    uniform = 0.0 if result.attention is None else result.attention.uniform
    levels = np.array([uniform * (words[index].stop - words[index].start) for index in shown])
    reach = max(float(each.max(initial=0.0)), float(levels.max(initial=0.0)), 1e-9)
    axes.barh(at, 100 * each, height=0.68, color=ATTENTION)
    axes.vlines(100 * levels, at - 0.42, at + 0.42, color=INK, linewidth=1.4)
    axes.set_xlim(0, 118 * reach)
    for row, share in enumerate(each):
        end = 100 * max(share, levels[row])
        axes.annotate(precise_percent(share), (end, row), (5, 0), textcoords="offset points", size=11, **_small())
    axes.set_xlabel("attention on the word, in % (stroke: uniform)", size=14, color=INK, family=SANS)


def _draw_effects(axes: Axes, occlusion: Occlusion, shown: Sequence[int], label: str) -> None:
    at, drops, reach = np.arange(len(shown)), occlusion.drops[list(shown)].astype(np.float64), effect_reach(occlusion)
    fills = effect_colors(drops, reach)
    axes.barh(at, 100 * drops, height=0.68, color=fills, edgecolor=SOFT_INK, linewidth=0.6)
    axes.axvline(0, color=INK, linewidth=1)
    axes.set_xlim(-130 * reach, 130 * reach)
    for row, drop in enumerate(drops):
        beside = (5, 0) if drop >= 0 else (-5, 0)
        side = "left" if drop >= 0 else "right"
        said = points(float(drop)).removesuffix(" points")
        axes.annotate(said, (100 * drop, row), beside, textcoords="offset points", size=11, ha=side, **_small())
    (name,) = wrapped(printable(shortened(label, 24)), 14, 2.6, lines=1) or [""]
    axes.set_xlabel(f"points of “{name}” with the word less without it", size=14, color=INK, family=SANS,
                    parse_math=False)  # fmt: skip


def _small() -> dict[str, str]:
    return {"va": "center_baseline", "color": INK, "family": SANS}
