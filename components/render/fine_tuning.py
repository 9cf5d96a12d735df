"""Fine-tuning: rows, learning curves, and predictions."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from markupsafe import Markup

from components import plots
from components.analysis.learning import Learning
from components.html.charts.confusion import confusion_table
from components.html.charts.curves import learning_curves
from components.html.charts.tables import PreviewRow, label_counts, mistakes_table, rows_preview
from models.schema import FineTuneStep, HeldOut, RunInfo


def fine_tuning(taken: Sequence[FineTuneStep], chance: float) -> Markup:
    """Curves of loss and accuracy so far, and the time left; nothing before the first step.

    chance: the accuracy of always predicting the most common label, 0 to 1.
    """
    return learning_curves(Learning.of(taken, chance), taken[-1]) if taken else Markup()


def fine_tuning_figure(taken: Sequence[FineTuneStep], chance: float) -> plots.Plot:
    """The curves as a plot to save. Raises ValueError before the first step."""
    return plots.curves_plot(taken, chance)


def fine_tuning_rows(
    header: Sequence[str], rows: Sequence[PreviewRow], total: int, chosen: Collection[int] = ()
) -> Markup:
    """Some rows of a file of `total`, with their problems. chosen: the columns that are used."""
    return rows_preview(header, rows, total, chosen)


def fine_tuning_labels(labels: Sequence[str]) -> Markup:
    """The number of rows of each label. labels: one per row."""
    return label_counts(labels)


def fine_tuning_confusion(held_out: HeldOut, labels: Sequence[str]) -> Markup:
    """The confusion matrix, and the misclassified held-out texts."""
    mistakes = Markup("<h3>Mistakes</h3>{}").format(mistakes_table(held_out, labels)) if held_out.texts else ""
    return confusion_table(held_out.confusion, labels) + mistakes


def fine_tuning_confusion_figure(held_out: HeldOut, labels: Sequence[str], run: RunInfo) -> plots.Plot:
    """The confusion matrix as a plot to save."""
    return plots.confusion_plot(held_out.confusion, labels, run)
