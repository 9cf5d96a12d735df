"""What attention costs over the number of inputs, as a plot to save."""

from collections.abc import Callable, Mapping, Sequence

from matplotlib.axes import Axes

from components.analysis.cost import Cost, Sizes
from components.plots.plot import INK, MARGIN, RULE, SANS, WIDTH, Plot, start_plot
from components.words.numbers import memory, operations

REMINDER = "Calculated, not measured. Norms, softmax, embeddings and logits are left out."
DASHES = {"solid": "solid", "dash": (0, (4, 2))}
_GAP, _AXIS = 0.7, 0.95


def costs_plot(
    sizes: Sizes,
    inputs: Sequence[int],
    curves: Mapping[str, Sequence[Cost]],
    styles: Mapping[str, tuple[str, str]],
    alt: str,
) -> Plot:
    """Operations and memory next to each other, on logarithmic axes.

    curves: by model, the cost for each number of `inputs`. styles: color and dash of each model. alt: in words.
    """
    facts = [f"{sizes.inputs:,} inputs (dotted line)", f"{sizes.latents:,} latents", f"{sizes.layers} layers"]
    facts += [f"{sizes.outputs:,} outputs", f"{sizes.channels:,} channels, inputs {sizes.input_channels:,}"]
    plot = start_plot("Cost of attention", "Cost of one forward pass", facts, alt, REMINDER)
    plot.arrays |= {"inputs": list(inputs)}
    width = (WIDTH - 2 * MARGIN - 2 * _AXIS - _GAP) / 2
    bottom = plot.bottom + 0.8
    height = plot.top - 0.75 - bottom
    quantities: tuple[tuple[str, Callable[[Cost], int], Callable[[int], str]], ...] = (
        ("operations", lambda cost: cost.operations, operations),
        ("memory", lambda cost: cost.memory, memory),
    )
    for number, (name, quantity, in_words) in enumerate(quantities):
        left = MARGIN + _AXIS + number * (width + _AXIS + _GAP)
        axes = plot.axes_at(left, bottom, width, height)
        for model, costs in curves.items():
            color, dash = styles[model]
            values = [quantity(cost) for cost in costs]
            plot.arrays[f"{model.lower().replace(' ', '_')}_{name}"] = [float(value) for value in values]
            axes.plot(inputs, values, color=color, linestyle=DASHES[dash], linewidth=2.6, label=model)
        axes.axvline(sizes.inputs, color=INK, linewidth=1, linestyle=":")
        _style(axes, name, in_words)
    return plot


def _style(axes: Axes, name: str, in_words: Callable[[int], str]) -> None:
    axes.set(xscale="log", yscale="log")
    axes.margins(x=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color=RULE, linewidth=0.8)
    low, high = axes.get_ylim()
    ticks = [tick for tick in (10**exponent for exponent in range(0, 19, 3)) if low <= tick <= high]
    axes.set_yticks(ticks, [in_words(tick) for tick in ticks])
    axes.minorticks_off()
    axes.tick_params(labelsize=13, labelcolor=INK, labelfontfamily=SANS)
    axes.set_xlabel("inputs M", size=14, color=INK, family=SANS)
    axes.set_title(name, size=15, color=INK, family=SANS, loc="left")
    axes.legend(prop={"family": SANS, "size": 13}, frameon=False, loc="upper left")
