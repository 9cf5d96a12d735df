"""What each window of a long text says, as HTML; data in, HTML out."""

from html import escape

from components.analysis.text_units import shortened
from components.words.numbers import percent
from models.schema import SentimentResult

MOST_LABELS = 4
"""Columns of a table; the other labels are in the bars of the whole text."""
_BEGINNING = 48


def window_votes(result: SentimentResult) -> str:
    """A row a window in reading order, a bar a label; the likeliest labels of the whole text, best first."""
    labels = result.labels[:MOST_LABELS]
    head = "".join(f'<th scope="col" dir="auto">{escape(label.name)}</th>' for label in labels)
    rows = "".join(_row(result, number) for number in range(len(result.windows)))
    said = "The windows overlap; the bars of the whole text are the mean of these votes."
    if len(labels) < len(result.labels):
        said += f" Shown are the {len(labels)} likeliest of {len(result.labels)} labels."
    return (
        '<div class="votes scrolled" tabindex="0" role="region" aria-label="What each window says"><table><thead><tr>'
        f'<th scope="col">window</th><th scope="col">begins with</th>{head}</tr></thead><tbody>{rows}</tbody></table>'
        f'</div><p class="caption">{said}</p>'
    )


def _row(result: SentimentResult, number: int) -> str:
    window = result.windows[number]
    # A window may begin within a character.
    beginning = result.text.encode("utf-8")[window.start : window.stop][: 8 * _BEGINNING].decode(errors="ignore")
    probabilities = window.probabilities.tolist()
    votes = "".join(vote_cell(probabilities[label.index]) for label in result.labels[:MOST_LABELS])
    return (
        f'<tr><th scope="row">{number + 1}<small>bytes {window.start:,}–{window.stop:,}</small></th>'
        f'<td class="said" dir="auto">{escape(shortened(beginning, _BEGINNING))}</td>{votes}</tr>'
    )


def vote_cell(probability: float) -> str:
    """A number and its bar, from 0 to 100 %."""
    bar = f'<span class="bar"><i style="width:{100 * probability:.2f}%"></i></span>'
    return f'<td class="vote">{percent(probability)}{bar}</td>'
