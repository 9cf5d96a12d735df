"""Predictions of each window of a long text, as HTML; data in, HTML out."""

from markupsafe import Markup

from components.analysis.text_units import shortened
from components.html.axis import BarAxis
from components.words.numbers import percent
from models.schema import SentimentResult

MAX_LABELS = 4
"""Columns of a table; the other labels are in the bars of the whole text."""
_BEGINNING = 48
VOTES = BarAxis(0.0, 1.0, ((0.0, "0%"), (1.0, "100%")))
"""The axis of narrow columns."""


def window_votes(result: SentimentResult) -> Markup:
    """One row per window in reading order, one bar per label; the most likely labels of the whole text, best first."""
    labels = result.labels[:MAX_LABELS]
    head = Markup("").join(Markup('<th scope="col" dir="auto">{}</th>').format(label.name) for label in labels)
    rows = Markup("").join(_row(result, number) for number in range(len(result.windows)))
    said = "The windows overlap. The prediction for the whole text is the mean of these votes."
    if len(labels) < len(result.labels):
        said += f" Showing the {len(labels)} most likely of {len(result.labels)} labels."
    return Markup(
        '<div class="votes scrolled" tabindex="0" role="region" aria-label="Predictions of each window"><table><thead>'
        '<tr><th scope="col">window</th><th scope="col">begins with</th>{}</tr></thead><tbody>{}</tbody>'
        '<tfoot><tr><td></td><td></td>{}</tr></tfoot></table></div><p class="caption">{}</p>'
    ).format(head, rows, Markup("<td>{}</td>").format(VOTES.markup()) * len(labels), said)


def _row(result: SentimentResult, number: int) -> Markup:
    window = result.windows[number]
    # A window may begin within a character.
    beginning = result.text.encode("utf-8")[window.start : window.stop][: 8 * _BEGINNING].decode(errors="ignore")
    probabilities = window.probabilities.tolist()
    votes = Markup("").join(vote_cell(probabilities[label.index]) for label in result.labels[:MAX_LABELS])
    return Markup(
        '<tr><th scope="row">{}<small>bytes {:,}–{:,}</small></th><td class="said" dir="auto">{}</td>{}</tr>'
    ).format(number + 1, window.start, window.stop, shortened(beginning, _BEGINNING), votes)


def vote_cell(probability: float) -> Markup:
    """A number and its bar, from 0 to 100%."""
    return Markup('<td class="vote">{}{}</td>').format(percent(probability), VOTES.bar(probability))
