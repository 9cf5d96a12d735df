"""Predicted labels as bars: data in, HTML out."""

from markupsafe import Markup

from components.html.axis import probability_axis
from components.words.numbers import percent
from models.schema import LabelScore


def label_bars(labels: tuple[LabelScore, ...]) -> Markup:
    """One bar per class, best first, on an axis from 0 to 100%."""
    axis = probability_axis("probability")
    rows = Markup("").join(
        Markup('<li><span class="name" dir="auto">{}</span><span class="number">{}</span>{}</li>').format(
            label.name, percent(label.probability), axis.bar(label.probability)
        )
        for label in labels
    )
    # Without the role, Safari does not announce a list without markers.
    return Markup('<ol class="label-bars" role="list" aria-label="Labels, most likely first">{}</ol>{}').format(
        rows, axis.markup()
    )
