"""Learning curves as a plot."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from components.analysis.learning import Curve, Learning, curve_in_words, duration, nats
from components.analysis.training_curve import TrainingCurve
from components.plots.arrays import Arrays, run_arrays
from components.plots.plot import INK, MARGIN, RULE, SANS, SOFT_INK, WIDTH, Plot, start_plot
from components.words.numbers import percent
from models.schema import FineTuneStep

TRAINING, HELD = "#0f766e", "#c2410c"
REMINDER = "With few held-out rows, each one changes the accuracy a lot. Another seed holds out other rows."
ONE_SEED = "Another seed gives another curve. Compare settings over several seeds."
_GAP, _AXIS = 1.0, 0.55


def curves_plot(taken: Sequence[FineTuneStep], chance: float) -> Plot:
    """Loss and accuracy next to each other. taken: the steps as streamed. Raises ValueError for none.

    chance: the accuracy of always predicting the most common label, 0 to 1.
    """
    learning, last = Learning.of(taken, chance), taken[-1]
    alt = " ".join((curve_in_words(learning.loss, nats), curve_in_words(learning.accuracy, percent),
                    f"Baseline (always the most common label): {percent(chance)}."))  # fmt: skip
    points = "each batch" if learning.each == 1 else f"the mean of {learning.each} batches"
    run = last.run
    facts = [f"model {run.model}", f"started from {run.weights} weights", f"{run.device}, {run.dtype}"]
    facts += [] if run.seed is None else [f"seed {run.seed}"]
    facts.append(f"{last.step:,} of {last.steps:,} steps in {duration(last.seconds)}")
    heading = "Learning curves: loss and accuracy"
    said = f"Light: {points}. Dark: smoothed. Circles: held-out rows, before training and after each epoch"
    plot = start_plot(heading, said, facts, alt, REMINDER)
    plot.arrays |= run_arrays(run) | {"chance": chance} | _arrays(learning.steps, learning.loss, learning.accuracy)
    loss, accuracy, top = _two_axes(plot)
    _draw(loss, learning.loss, learning.steps, "loss in nats")
    _draw(accuracy, learning.accuracy, learning.steps, "accuracy in %", 100.0)
    accuracy.set_ylim(-1, 101)
    accuracy.axhline(100 * chance, color=INK, linewidth=1.4, linestyle=(0, (6, 3)))
    label = f"dashed: baseline (always the most common label), {percent(chance)}"
    plot.write(WIDTH - MARGIN, top + 0.15, label, color=SOFT_INK, ha="right")
    return plot


def training_plot(curve: TrainingCurve, facts: Sequence[str]) -> Plot:
    """The same for a model that a visitor built. facts: of the model and the training."""
    loss, score = curve.loss_curve, curve.score_curve
    said = f"Light: each step. Dark: smoothed. Circles: validation, {curve.metric}"
    alt = " ".join((curve_in_words(loss, nats), curve_in_words(score, nats)))
    plot = start_plot("Learning curves: loss and validation", said, facts, alt, ONE_SEED)
    plot.arrays |= _arrays(curve.steps, loss, score)
    of_loss, of_score, _ = _two_axes(plot)
    _draw(of_loss, loss, curve.steps, "loss")
    _draw(of_score, score, curve.steps, curve.metric)
    return plot


def _two_axes(plot: Plot) -> tuple[Axes, Axes, float]:
    """Next to each other, and their upper edge in inches."""
    width = (WIDTH - 2 * MARGIN - 2 * _AXIS - _GAP) / 2
    bottom = plot.bottom + 0.8
    height = plot.top - 0.75 - bottom
    left = plot.axes_at(MARGIN + _AXIS, bottom, width, height)
    return left, plot.axes_at(MARGIN + 2 * _AXIS + _GAP + width, bottom, width, height), bottom + height


def _arrays(steps: int, *curves: Curve) -> Arrays:
    """Means where a point stands for several steps."""
    found: Arrays = {"steps": steps}
    for curve in curves:
        name = curve.name.lower()
        found |= {f"{name}_steps": curve.at, name: curve.values, f"{name}_smoothed": curve.smoothed}
        found |= {f"held_out_{name}_steps": curve.held_at, f"held_out_{name}": curve.held}
    return found


def _draw(axes: Axes, curve: Curve, steps: int, name: str, unit: float = 1.0) -> None:
    axes.plot(curve.at, unit * curve.values, color=TRAINING, linewidth=1, alpha=0.35)
    axes.plot(curve.at, unit * curve.smoothed, color=TRAINING, linewidth=2.4)
    axes.plot(curve.held_at, unit * curve.held, color=HELD, linewidth=1.6, marker="o", markersize=8, clip_on=False)
    axes.set_xlim(0, steps)
    axes.set_ylim(0, 1.05 * unit * max(curve.highest, 0.1))
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=13, labelcolor=INK, color=SOFT_INK, labelfontfamily=SANS)
    axes.set_xlabel("step", size=14, color=INK, family=SANS)
    axes.set_ylabel(name, size=14, color=INK, family=SANS)
