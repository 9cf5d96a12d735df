"""What a model takes a picture for: data in, HTML out."""

from markupsafe import Markup

from components.words.numbers import percent
from models.schema import LabelScore


def label_bars(labels: tuple[LabelScore, ...]) -> Markup:
    """A bar a class, best first, each from 0 to 100%."""
    rows = Markup("").join(
        Markup(
            '<li><span class="name">{}</span><span class="number">{}</span><span class="bar">'
            '<i style="width:{:.2f}%"></i></span></li>'
        ).format(label.name, percent(label.probability), 100 * label.probability)
        for label in labels
    )
    # Safari takes a list without markers for none, but for its role.
    return Markup('<ol class="label-bars" role="list" aria-label="Labels, the likeliest first">{}</ol>').format(rows)
