"""Attention and leave-one-out importance of words, as a plot."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from components.analysis.occlusion import (
    CAVEAT,
    Effects,
    EffectUnit,
    agreement_in_words,
    most_effective,
    selection_in_words,
    traced_label,
    word_attention,
    words_of,
    words_to_show,
)
from components.analysis.text_units import Piece, shortened
from components.plots.arrays import (
    Arrays,
    attention_arrays,
    color_arrays,
    label_arrays,
    run_arrays,
    target_arrays,
    text_array,
)
from components.plots.plot import INK, MARGIN, RULE, SANS, SOFT_INK, Plot, printable, start_plot, wrapped
from components.scale.attention import AttentionScale, Scale
from models.schema import LabelAt, Occlusion, SentimentResult

ATTENTION = "#21918c"
NAMES, GAP, NUMBERS = 2.6, 0.5, 1.3
"""Inches for the words at the left, between both charts, and for the numbers behind the bars."""
_ROW = 0.42
"""Inches of height that a word has at most."""


def occlusion_plot(result: SentimentResult, unit: EffectUnit = "log_odds", scale: Scale = "share") -> Plot:
    """Raises ValueError for a result without occlusion."""
    occlusion = result.occlusion
    if occlusion is None:
        raise ValueError("the result has no leave-one-out importance")
    words, label, effects = words_of(result.text, occlusion), traced_label(result), Effects.of(occlusion, unit)
    shown = words_to_show(effects)
    plot = _start(result, occlusion, effects, words, shown)
    plot.arrays |= _arrays(result, occlusion, words) | {"shown": np.array(shown, dtype=np.int64), "effect_unit": unit}
    plot.shrink_band(0.95 + _ROW * len(shown))
    bottom, height = plot.bottom + 0.75, plot.top - plot.bottom - 0.95
    charts = 2 if occlusion.attention is not None else 1
    width = (16 - 2 * MARGIN - NAMES - GAP * (charts - 1)) / charts
    if occlusion.attention is not None:
        axes = _rows(plot, (MARGIN + NAMES, bottom, width, height), len(shown))
        levels, uniform = word_attention(result, words, scale)
        colors = AttentionScale.over([levels[shown], uniform[shown]], scale, float(uniform.mean()))
        plot.arrays |= color_arrays(colors)
        _draw_attention(axes, levels, uniform, shown, colors)
    left = MARGIN + NAMES + (charts - 1) * (width + GAP)
    _draw_effects(_rows(plot, (left, bottom, width, height), len(shown)), effects, shown, label)
    for row, at in enumerate(shown):
        y = bottom + height * (1 - (row + 0.5) / len(shown))
        (name,) = wrapped(printable(shortened(words[at].text, 24)), 13, NAMES - 0.2, lines=1) or [""]
        plot.write(MARGIN + NAMES - 0.15, y, name, ha="right", va="center_baseline")
    return plot


def _start(
    result: SentimentResult, occlusion: Occlusion, effects: Effects, words: Sequence[Piece], shown: Sequence[int]
) -> Plot:
    run, label = result.run, traced_label(result)
    agreement = agreement_in_words(effects)
    heading = f"Attention and leave-one-out importance for “{shortened(label, 40)}”"
    parts = [f"{heading}.", f"{len(words):,} words; largest effects: {most_effective(words, effects)}.", agreement]
    facts = [f"model {run.model}", f"{run.weights} weights", f"{run.device}, {run.dtype}", *_traced(result)]
    plot = start_plot(heading, selection_in_words(shown, effects) or "All words, in reading order", facts,
                        " ".join(parts), CAVEAT)  # fmt: skip
    for line in wrapped(agreement, 15, 14.8, lines=2):
        plot.write(MARGIN, plot.top, line, size=15)
        plot.top -= 0.3
    return plot


def _arrays(result: SentimentResult, occlusion: Occlusion, words: Sequence[Piece]) -> Arrays:
    arrays = run_arrays(result.run) | label_arrays(result.labels) | target_arrays(LabelAt(result.label))
    arrays |= {
        "text": text_array(result.text.encode()),
        "words": np.array([word.text for word in words], dtype=str),
        "spans": occlusion.words,
        "drops": occlusion.drops,
        "rank_correlation": occlusion.rank_correlation,
        "log_odds_drops": occlusion.log_odds_drops,
        "log_odds_rank_correlation": occlusion.log_odds_rank_correlation,
    }
    arrays |= attention_arrays(result.attention) if result.attention else {}
    return arrays | ({} if occlusion.attention is None else {"attention": occlusion.attention})


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
    axes: Axes, levels: np.ndarray, uniform: np.ndarray, shown: Sequence[int], colors: AttentionScale
) -> None:
    """levels, uniform: float64 [words], of each word and of as many bytes of an even map."""
    at, unit = np.arange(len(shown)), colors.axis_unit
    axes.barh(at, unit * levels[shown], height=0.68, color=ATTENTION)
    axes.vlines(unit * uniform[shown], at - 0.42, at + 0.42, color=INK, linewidth=1.4)
    low, high = (unit * limit for limit in colors.limits)
    axes.set_xlim(1.3 * low, high + 0.18 * (high - low))
    for row, level in enumerate(levels[shown].tolist()):
        end = unit * max(level, float(uniform[shown[row]]))
        axes.annotate(colors.in_words(level), (end, row), (5, 0), textcoords="offset points", size=11, **_small())
    axes.set_xlabel(f"{colors.unit} (vertical line: uniform)", size=14, color=INK, family=SANS)


def _draw_effects(axes: Axes, effects: Effects, shown: Sequence[int], label: str) -> None:
    at, values, unit = np.arange(len(shown)), effects.values[list(shown)], effects.axis_unit
    style = {"height": 0.68, "color": effects.colors(values), "edgecolor": SOFT_INK, "linewidth": 0.6}
    axes.barh(at, unit * values, **style)
    axes.axvline(0, color=INK, linewidth=1)
    axes.set_xlim(-1.3 * unit * effects.reach, 1.3 * unit * effects.reach)
    for row, value in enumerate(values.tolist()):
        beside = (5, 0) if value >= 0 else (-5, 0)
        side = "left" if value >= 0 else "right"
        number = effects.in_words(value).removesuffix(" points")
        axes.annotate(number, (unit * value, row), beside, textcoords="offset points", size=11, ha=side, **_small())
    (name,) = wrapped(printable(shortened(label, 24)), 14, 2.6, lines=1) or [""]
    unit_name = "points" if effects.unit == "probability" else "log-odds"
    axes.set_xlabel(f"effect on “{name}” in {unit_name} (with minus without the word)", size=14, color=INK, family=SANS,
                    parse_math=False)  # fmt: skip


def _small() -> dict[str, str]:
    return {"va": "center_baseline", "color": INK, "family": SANS}
