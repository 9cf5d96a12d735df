"""What attention costs for given sizes: a sentence, a table, and two charts over the number of inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from markupsafe import Markup

from components import plots
from components.analysis.cost import MODELS, Cost, Sizes, costs, growth
from components.charts import Chart
from components.words.numbers import memory, multiple, operations, ratio

FACTOR = 8
"""How many times more inputs the sentence speaks of."""
FEWEST_INPUTS, MOST_INPUTS = 2**4, 2**20
COLORS = {"Transformer": "#d9641e", "Perceiver IO": "#0d9488", "Perceiver AR": "#8b5cf6"}
"""At least 3:1 against light and dark pages."""
DASHES = {"Transformer": "solid", "Perceiver IO": "solid", "Perceiver AR": "dash"}
POINTS = 65
COLUMNS = ("operations", "compared with the Transformer", "attention maps", "memory")
KEY = Markup('<i class="swatch" style="background:{}"></i>{}')


def summary(sizes: Sizes) -> Markup:
    """What the charts show, in two sentences."""
    grown, found = growth(sizes, FACTOR), costs(sizes)
    more = ", ".join(f"{name} {multiple(times)} times" for name, times in grown.items() if name != "Transformer")
    return Markup(
        '<p class="cost-summary" role="status">With <b>{} times as many inputs</b> ({:,} → {:,}), a Transformer costs '
        "<b>{} times</b> as much, {}. {}</p>"
        '<p class="cost-why">{}</p>'
    ).format(
        FACTOR,
        sizes.inputs,
        FACTOR * sizes.inputs,
        multiple(grown["Transformer"]),
        more,
        _compared(sizes, found["Transformer"].operations / found["Perceiver IO"].operations),
        _why(sizes),
    )


WHY = (
    "In a Transformer, the pairs grow with M², the linear layers with M. In a Perceiver, only reading, N × M, grows "
    "with M, and in proportion; the layers over N latents stay the same. Perceiver AR reads more channels per input "
    "than Perceiver IO here, so that reading is a larger part of it."
)


def _why(sizes: Sizes) -> str:
    """Why models grow as they do, and where the linear layers of the Transformer cost more than its pairs."""
    even = (2 + sizes.widening) * sizes.channels
    return f"{WHY if sizes.channels > sizes.input_channels else WHY[: WHY.rindex('Perceiver AR')]} " + (
        f"Below {even:,} inputs, most operations of the Transformer are in its linear layers, so that its line is "
        "nearly proportional to M there."
    )


def _compared(sizes: Sizes, times: float) -> str:
    """times: operations of the Transformer relative to those of the Perceiver IO."""
    if 0.95 < times < 1.05:
        return f"At {sizes.inputs:,} inputs, both take about the same number of operations."
    more, less = ("a Transformer", "Perceiver IO") if times > 1 else ("Perceiver IO", "a Transformer")
    factor = multiple(max(times, 1 / times))
    return f"At {sizes.inputs:,} inputs, {more} takes {factor} times as many operations as {less}."


def numbers(sizes: Sizes) -> Markup:
    """A row for each model. The swatches are the key of the charts."""
    found = costs(sizes)
    rows = Markup("").join(_row(name, cost, found["Transformer"]) for name, cost in found.items())
    head = Markup("").join(Markup('<th scope="col">{}</th>').format(name) for name in ("model", *COLUMNS))
    return Markup(
        '<div class="scrolled cost-numbers" tabindex="0" role="region" aria-label="Cost of one forward pass"><table>'
        "<thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>"
    ).format(head, rows)


def _row(name: str, cost: Cost, baseline: Cost) -> Markup:
    values = (
        operations(cost.operations),
        "" if cost is baseline else ratio(cost.operations, baseline.operations),
        memory(cost.map_bytes),
        memory(cost.memory),
    )
    cells = Markup("").join(
        Markup('<td data-label="{}">{}</td>').format(*each) for each in zip(COLUMNS, values, strict=True)
    )
    return Markup('<tr><th scope="row">{}</th>{}</tr>').format(KEY.format(COLORS[name], name), cells)


def operations_chart(sizes: Sizes) -> Chart:
    return _chart(sizes, lambda cost: cost.operations, operations, "operations per forward pass")


def memory_chart(sizes: Sizes) -> Chart:
    return _chart(sizes, lambda cost: cost.memory, memory, "bytes of maps and activations")


def costs_figure(sizes: Sizes) -> plots.Plot:
    """Both charts as a plot to save."""
    inputs = _counts()
    curves = {name: [cost(replace(sizes, inputs=count)) for count in inputs] for name, cost in MODELS.items()}
    styles = {name: (COLORS[name], DASHES[name]) for name in MODELS}
    return plots.costs_plot(sizes, inputs, curves, styles, summary(sizes).partition("</p>")[0].striptags())


def _counts() -> list[int]:
    """Numbers of inputs along the axis."""
    return np.geomspace(FEWEST_INPUTS, MOST_INPUTS, POINTS).round().astype(int).tolist()


def _chart(sizes: Sizes, quantity: Callable[[Cost], int], in_words: Callable[[int], str], title: str) -> Chart:
    """A line for each model, on logarithmic axes, and a point at the current number of inputs."""
    inputs = _counts()
    lines = [
        _trace(name, inputs, [quantity(cost(replace(sizes, inputs=count))) for count in inputs], in_words)
        for name, cost in MODELS.items()
    ]
    points = [
        _trace(name, [sizes.inputs], [quantity(cost(sizes))], in_words)
        | {"mode": "markers", "marker": {"color": COLORS[name], "size": 11}, "showlegend": False}
        for name, cost in MODELS.items()
    ]
    return Chart(lines + points, _layout(sizes, title, in_words))


def _trace(name: str, inputs: list[int], values: list[int], in_words: Callable[[int], str]) -> dict[str, object]:
    return {
        "type": "scatter",
        "name": name,
        "x": inputs,
        "y": values,
        "text": [in_words(value) for value in values],
        "hovertemplate": f"{name}, %{{x:,}} inputs: %{{text}}<extra></extra>",
        "mode": "lines",
        "line": {"color": COLORS[name], "width": 3, "dash": DASHES[name]},
    }


def _layout(sizes: Sizes, title: str, in_words: Callable[[int], str]) -> dict[str, object]:
    ticks = [10**exponent for exponent in range(0, 19, 3)]
    axis = {"type": "log", "fixedrange": True, "showline": False, "zeroline": False}
    across = axis | {
        "title": {"text": "inputs M", "standoff": 6},
        "range": [np.log10(FEWEST_INPUTS).item(), np.log10(MOST_INPUTS).item()],
        "tickvals": [100, 1000, 10_000, 100_000, 1_000_000],
        "ticktext": ["100", "1k", "10k", "100k", "1M"],
        "tickangle": 0,
    }
    here = {"type": "line", "x0": sizes.inputs, "x1": sizes.inputs, "yref": "paper", "y0": 0, "y1": 1}
    return {
        "height": 270,
        "margin": {"l": 60, "r": 30, "t": 34, "b": 44},
        "title": {"text": title, "font": {"size": 14}, "x": 0, "xanchor": "left", "y": 0.97},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"size": 13, "color": "#64748b"},
        "dragmode": False,
        "showlegend": False,
        "hoverlabel": {"bgcolor": "#0f172a", "font": {"color": "#f8fafc"}},
        "xaxis": across,
        "yaxis": axis | {"tickvals": ticks, "ticktext": [*map(in_words, ticks)]},
        "shapes": [here | {"line": {"color": "#64748b", "width": 1, "dash": "dot"}}],
    }
