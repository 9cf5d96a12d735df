"""A Perceiver of the visitor's own: its parts, its training, and what it predicts."""

from collections.abc import Sequence

from markupsafe import Markup

from components import plots
from components.analysis.training_curve import TrainingCurve
from components.html.build_one.comparison import ComparedRun, comparison_chart
from components.html.build_one.curves import live_curves
from components.html.build_one.drawing import build_drawing
from components.html.build_one.examples import predicted, prediction_grid, regions_picture
from components.html.build_one.first_latents import first_latents
from components.html.build_one.run_figure import run_figure
from models.data.build_one import PartSize, count_parameters, shapes
from models.schema import AskBuildResult, Build, DataSpec, Experiment, Prediction, TrainBuildResult

__all__ = ["ComparedRun"]


def design(parts: Sequence[PartSize], transformer: PartSize) -> Markup:
    """The parts with their arrays and costs, next to a Transformer on the same input."""
    return build_drawing(parts, transformer)


def curves(curve: TrainingCurve, spec: DataSpec) -> Markup:
    """Loss and validation score so far."""
    chance = 1 / len(spec.labels or spec.letters) if spec.metric == "accuracy" else None
    return live_curves(curve, chance)


def examples(spec: DataSpec, result: TrainBuildResult) -> Markup:
    """Validation examples with predictions; points as regions of the plane."""
    return prediction_grid(spec, result.examples) if result.regions is None else regions_picture(result.regions)


def latents(result: TrainBuildResult) -> Markup:
    """Attention of the first latents."""
    return first_latents(result.attention)


def answer(spec: DataSpec, prediction: Prediction) -> Markup:
    """What a model predicts for an input of the visitor."""
    return predicted(spec, prediction)


def link_to_try(page: str, kind: str) -> Markup:
    """A link to the field for an input of the visitor. kind: of that field, or "" if there is none."""
    labels = {"sketch": "Draw a digit", "typed": "Type an input"}
    if kind not in labels:
        return Markup()
    return Markup('<a class="build-try" href="#{}-{}">{} ↓</a>').format(page, kind, labels[kind])


def figure(result: AskBuildResult, build: Build, spec: DataSpec) -> Markup:
    """The run on an input of the visitor, from inputs to latents to outputs."""
    return run_figure(result, build, shapes(build), spec, count_parameters(build))


def experiment_question(experiment: Experiment) -> Markup:
    return Markup('<p class="build-question">{}</p>').format(experiment.question)


def experiment_answer(experiment: Experiment, prediction: int) -> Markup:
    """Whether the prediction holds, and why."""
    said = "Your prediction holds." if prediction == experiment.answer else "The runs show otherwise."
    return Markup('<p class="notice hint" role="status"><b>{}</b> {} {}</p>').format(
        said, experiment.choices[experiment.answer].rstrip(".") + ".", experiment.explanation
    )


def comparison(runs: Sequence[ComparedRun]) -> Markup:
    """Curves and differing settings of several runs; nothing without any."""
    return comparison_chart(runs) if runs else Markup()


def curves_figure(curve: TrainingCurve, facts: Sequence[str]) -> plots.Plot:
    """The curves as a plot to save. facts: of the model and the training."""
    return plots.training_plot(curve, facts)
