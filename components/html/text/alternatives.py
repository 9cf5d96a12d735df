"""The most likely tokens in place of a generated one: data in, HTML out."""

from markupsafe import Markup

from components.analysis.generated_text import token_name
from components.html.axis import probability_axis
from components.words.numbers import percent
from models.schema import GeneratedToken

AXIS = probability_axis("probability")


def alternative_bars(token: GeneratedToken) -> Markup:
    """Bars for the most likely tokens, best first, and for the generated one, from 0 to 100%."""
    alternatives = token.alternatives
    itself = token.content, token.probability  # several kinds of tokens may stand for no text
    if itself not in alternatives:
        alternatives = (*alternatives, itself)
    rows = Markup("").join(_row(content, share, (content, share) == itself) for content, share in alternatives)
    rest = max(0.0, 1.0 - sum(share for _, share in alternatives))
    spoken = f"Most likely tokens in place of {token_name(token.content)}"
    return Markup(
        '<ol class="label-bars alternatives" role="list" aria-label="{}">{}</ol>{}'
        '<p class="caption">All other tokens: {}. Probabilities before temperature, top-k and top-p.</p>'
    ).format(spoken, rows, AXIS.markup(), percent(rest))


def _row(content: bytes, share: float, written: bool) -> Markup:
    mark, said = (Markup(' class="chosen" aria-current="true"'), Markup(" <em>generated</em>")) if written else ("", "")
    return Markup('<li{}><span class="name">{}{}</span><span class="number">{}</span>{}</li>').format(
        mark, token_name(content), said, percent(share), AXIS.bar(share)
    )
