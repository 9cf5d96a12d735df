"""What a model takes a picture for: data in, HTML out."""

from markupsafe import Markup

from components.html.axis import probability_axis
from components.words.numbers import percent
from models.schema import LabelScore


def label_bars(labels: tuple[LabelScore, ...]) -> Markup:
    """A bar a class, best first, on an axis from 0 to 100%."""
    axis = probability_axis("probability")
    rows = Markup("").join(
        Markup('<li><span class="name">{}</span><span class="number">{}</span>{}</li>').format(
            label.name, percent(label.probability), axis.bar(label.probability)
        )
        for label in labels
    )
    # Safari takes a list without markers for none, but for its role.
    return Markup('<ol class="label-bars" role="list" aria-label="Labels, most likely first">{}</ol>{}').format(
        rows, axis.markup()
    )
