"""Teaching a classifier: rows to learn from, how it learns, and what it has learnt."""

from collections.abc import Collection, Sequence

from components.analysis.learning import Learning
from components.html.charts.confusion import confusion_table
from components.html.charts.curves import learning_curves
from components.html.charts.tables import PreviewRow, label_counts, mistakes_table, rows_preview
from components.panels import FigurePanel, MarkupPanel
from components.plots.confusion import confusion_sheet
from components.plots.curves import curves_sheet
from models.schema import FineTuneStep, HeldOut, RunInfo


def fine_tuning(taken: Sequence[FineTuneStep], chance: float) -> MarkupPanel:
    """Curves of loss and accuracy so far, and the time left; nothing before the first step.

    chance: the accuracy of always saying the most common label, 0 to 1: `components.learning.chance_level`.
    """
    return MarkupPanel(learning_curves(Learning.of(taken, chance), taken[-1]) if taken else "")


def fine_tuning_figure(taken: Sequence[FineTuneStep], chance: float) -> FigurePanel:
    """The curves as a sheet to be saved. Raises ValueError before the first step."""
    return FigurePanel(curves_sheet(taken, chance))


def fine_tuning_rows(
    header: Sequence[str], rows: Sequence[PreviewRow], total: int, chosen: Collection[int] = ()
) -> MarkupPanel:
    """Some rows of a file of `total`, and what is wrong with them. chosen: the columns that are learnt from."""
    return MarkupPanel(rows_preview(header, rows, total, chosen))


def fine_tuning_labels(labels: Sequence[str]) -> MarkupPanel:
    """How many rows each label has. labels: one a row."""
    return MarkupPanel(label_counts(labels))


def fine_tuning_confusion(held_out: HeldOut, labels: Sequence[str]) -> MarkupPanel:
    """What each label was taken for, and the held-out texts that were taken wrongly."""
    mistakes = f"<h4>Mistakes</h4>{mistakes_table(held_out, labels)}" if held_out.texts else ""
    return MarkupPanel(confusion_table(held_out.confusion, labels) + mistakes)


def fine_tuning_confusion_figure(held_out: HeldOut, labels: Sequence[str], run: RunInfo) -> FigurePanel:
    """The confusion matrix as a sheet to be saved."""
    return FigurePanel(confusion_sheet(held_out.confusion, labels, run))
