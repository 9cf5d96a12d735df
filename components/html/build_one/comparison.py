"""Runs next to each other: curves, and a table of the settings in which they differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from components.analysis.training_curve import TrainingCurve
from components.html.build_one.curves import color_of, compared_curves
from components.words.building import score_in_words


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """settings: title and value of each setting of the run."""

    name: str
    curve: TrainingCurve
    settings: Mapping[str, str]


def comparison_chart(runs: Sequence[ComparedRun]) -> Markup:
    """Curves of those with the metric of the first, and a row for each run with a bar of its score."""
    metric = runs[0].curve.metric
    curves = {run.name: run.curve for run in runs if run.curve.metric == metric}
    differing = [title for title in runs[0].settings if len({run.settings[title] for run in runs}) > 1]
    best = max((run.curve.score or 0 for run in runs), default=0) or 1
    head = Markup("").join(
        Markup('<th scope="col">{}</th>').format(title) for title in ("Run", *differing, "Steps", metric.capitalize())
    )
    rows = Markup("").join(_row(at, run, differing, best) for at, run in enumerate(runs))
    return Markup(
        '{}<div class="scrolled build-runs" tabindex="0" role="region" aria-label="Compared runs"><table>'
        "<thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>"
    ).format(compared_curves(curves), head, rows)


def _row(index: int, run: ComparedRun, titles: Sequence[str], best: float) -> Markup:
    cells = Markup("").join(Markup("<td>{}</td>").format(run.settings.get(title, "")) for title in titles)
    score = run.curve.score
    width = 100 * (score or 0) / (1.0 if run.curve.metric == "accuracy" else best)
    said = "" if score is None else score_in_words(score, run.curve.metric)
    return Markup(
        '<tr><th scope="row"><i class="swatch" style="background:{}"></i>{}</th>{}<td>{:,}</td><td class="score"><span '
        'class="bar"><i style="width:{:.1f}%;background:{}"></i></span><b>{}</b></td></tr>'
    ).format(color_of(index), run.name, cells, run.curve.step, width, color_of(index), said)
