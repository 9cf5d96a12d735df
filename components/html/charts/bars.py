"""What a model takes a picture for: data in, HTML out."""

from html import escape

from components.words.numbers import percent
from models.schema import LabelScore


def label_bars(labels: tuple[LabelScore, ...]) -> str:
    """A bar a class, best first, each from 0 to 100 %."""
    rows = "".join(
        f'<li><span class="name">{escape(label.name)}</span><span class="number">{percent(label.probability)}</span>'
        f'<span class="bar"><i style="width:{100 * label.probability:.2f}%"></i></span></li>'
        for label in labels
    )
    # Safari takes a list without markers for none, but for its role.
    return f'<ol class="label-bars" role="list" aria-label="Labels, the likeliest first">{rows}</ol>'
