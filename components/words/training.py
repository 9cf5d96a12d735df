"""How a fine-tuning goes, and how it ended, in words."""

from collections.abc import Sequence

from models.schema import FineTuneStep


def training_progress(steps: Sequence[FineTuneStep]) -> str:
    """steps: all so far, at least one."""
    last = steps[-1]
    accuracies = [step.validation_accuracy for step in steps if step.validation_accuracy is not None]
    accuracy = f" Validation accuracy {accuracies[-1]:.0%}." if accuracies else ""
    return f"Step {last.step:,} of {last.steps:,}, epoch {last.epoch}.{accuracy}"


def training_summary(kept: FineTuneStep | None, completed: bool) -> str:
    """kept: the step whose model is kept, if there is one. completed: whether no visitor stopped it."""
    if kept is None:
        return "Stopped before the model learned anything."
    text = f"Done in {kept.seconds:.0f} s."
    if not completed:
        text = f"Stopped. The model after step {kept.step:,} is kept."
    elif kept.step < kept.steps:
        text = f"The time limit was reached after {kept.step:,} of {kept.steps:,} steps. The model is kept."
    if kept.held_out is not None:
        rows, correct = len(kept.held_out.labels), int(kept.held_out.confusion.trace())
        text += f" Validation accuracy {correct / rows:.0%} ({correct:,} of {rows:,} held-out rows)."
    if kept.rows_shortened:
        text += f" {kept.rows_shortened:,} rows are longer than the model reads and were truncated."
    return f"{text} Try it below, or save it."
