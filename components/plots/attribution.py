"""Attributions by several methods as a plot, with their curves."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from components.analysis.attribution import (
    BASELINES,
    CAVEAT,
    METHOD_NAMES,
    fills_of,
    reach_of,
    shares_of,
    summary_in_words,
    verdict_in_words,
)
from components.analysis.text_units import shortened
from components.plots.arrays import Arrays, run_arrays
from components.plots.plot import INK, MARGIN, RULE, SANS, SOFT_INK, WIDTH, Plot, printable, start_plot, wrapped
from components.words.numbers import percent
from models.schema import Attribution, AttributionResult
from models.schema.attribution import SCORES

BAND, LINE = "#d1d5db", "#b35806"
_ROW, _NAMES, _CURVE, _GAP, _SCORES = 1.0, 3.0, 1.7, 0.5, 2.6
"""Inches: height of a method; widths of its name, of each curve, between columns, and of the scores."""


def attribution_plot(result: AttributionResult) -> Plot:
    """A row for each method: its map, its curves and its scores."""
    run = result.run
    facts = [f"model {run.model}", f"{run.weights} weights", f"baseline: {BASELINES[result.baseline]}"]
    facts += [] if run.seed is None else [f"seed {run.seed}"]
    verdict, heading = verdict_in_words(result), f"Attributions for “{shortened(result.output, 40)}”"
    alt = f"{heading}. {summary_in_words(result)} {verdict}"
    plot = start_plot(heading, summary_in_words(result), facts, alt, CAVEAT)
    plot.arrays |= attribution_arrays(result)
    plot.shrink_band(_ROW * len(result.attributions) + 0.5)
    reach = reach_of(result.attributions)
    for row, attribution in enumerate(result.attributions):
        _draw_row(plot, result, attribution, plot.top - 0.5 - _ROW * (row + 1), reach)
    return plot


def attribution_arrays(result: AttributionResult) -> Arrays:
    """All that is needed to draw and to judge the attributions again."""
    every, found = result.attributions, run_arrays(result.run)
    found |= {
        "methods": np.array([each.method for each in every]),
        "values": np.stack([each.values for each in every]),
        "baseline": result.baseline,
        "output": result.output,
        "probability": result.probability,
        "probability_without_any": result.without_any,
        "spans": result.spans,
        "grid": np.array(result.grid or (), np.int64),
    }
    curves = [each.curves for each in every if each.curves]
    if result.random is not None and curves:
        found |= {
            "shares": result.random.shares,
            "random_deletion": result.random.deletion,
            "better_than_random": np.array([result.better_than_random(each) for each in every if each.curves]),
        }
        for name in ("deletion", "insertion", *SCORES):
            found[name] = np.array([getattr(each, name) for each in curves])
    return found


def _draw_row(plot: Plot, result: AttributionResult, attribution: Attribution, bottom: float, reach: float) -> None:
    height, middle = _ROW - 0.3, bottom + (_ROW - 0.3) / 2
    lines = wrapped(printable(METHOD_NAMES[attribution.method]), 13, _NAMES - 0.2, lines=2)
    for number, line in enumerate(lines):
        plot.write(MARGIN, middle + 0.1 * (len(lines) - 1) - 0.22 * number, line, size=13, va="center_baseline")
    curves, right = attribution.curves, WIDTH - MARGIN
    if curves is not None and result.band is not None:
        right -= 2 * (_CURVE + _GAP) + _SCORES
        for at, (name, line, band) in enumerate(
            (("removed", curves.deletion, result.band.deletion), ("inserted", curves.insertion, result.band.insertion))
        ):
            axes = plot.axes_at(right + _GAP + at * (_CURVE + _GAP), bottom, _CURVE, height)
            _draw_curve(axes, name, curves.shares, line, band)
        scores = (
            f"areas {curves.deletion_area:.2f}, {curves.insertion_area:.2f}",
            f"better than {percent(result.better_than_random(attribution))} of random",
        )
        for number, line in enumerate(scores):
            plot.write(WIDTH - MARGIN, middle + 0.12 - 0.24 * number, line, size=12, color=SOFT_INK, ha="right")
    axes = plot.axes_at(MARGIN + _NAMES, bottom, _width(result, right - MARGIN - _NAMES, height), height)
    shares = shares_of(attribution.values).reshape(result.grid or (1, -1))
    axes.imshow(fills_of(shares, reach), interpolation="nearest", aspect="auto")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(color=RULE, linewidth=0.8)
    _write_parts(axes, result.parts)


def _width(result: AttributionResult, room: float, height: float) -> float:
    """An image keeps its shape, a text fills the room."""
    return room if result.grid is None else min(room, height * result.grid[1] / result.grid[0])


def _draw_curve(axes: Axes, name: str, shares: np.ndarray, line: np.ndarray, band: np.ndarray) -> None:
    axes.fill_between(shares, *band, color=BAND, linewidth=0)
    axes.plot(shares, line, color=LINE, linewidth=2)
    axes.set(xlim=(0, 1), ylim=(0, 1), xticks=[0, 1], yticks=[0, 1])
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=9, labelcolor=INK, color=SOFT_INK, labelfontfamily=SANS)
    axes.set_title(f"share {name}", size=10, color=SOFT_INK, family=SANS, pad=2)


def _write_parts(axes: Axes, parts: Sequence[str], most: int = 16) -> None:
    """The words in their cells, if they are few."""
    if len(parts) > most:
        return
    for at, part in enumerate(parts):
        text = printable(shortened(part.strip(), 10))
        axes.text(at, 0, text, ha="center", va="center", rotation=35, size=10, color=INK, family=SANS)
