"""What could have been written instead of a token: data in, HTML out."""

from html import escape

from components.analysis.generated_text import token_name
from components.words.numbers import percent
from models.schema import WrittenToken


def alternative_bars(token: WrittenToken) -> str:
    """A bar each for the likeliest tokens, best first, and for the one that was written, each from 0 to 100 %."""
    alternatives = token.alternatives
    itself = token.content, token.probability  # several kinds of tokens may stand for no text
    if itself not in alternatives:
        alternatives = (*alternatives, itself)
    rows = "".join(_row(content, share, (content, share) == itself) for content, share in alternatives)
    rest = max(0.0, 1.0 - sum(share for _, share in alternatives))
    spoken = escape(f"Instead of {token_name(token.content)}: the likeliest tokens")
    return (
        f'<ol class="label-bars alternatives" role="list" aria-label="{spoken}">{rows}</ol>'
        f'<p class="caption">All others together: {percent(rest)}. Before temperature and the choice among the '
        "likeliest.</p>"
    )


def _row(content: bytes, share: float, written: bool) -> str:
    mark, said = (' class="chosen" aria-current="true"', " <em>written</em>") if written else ("", "")
    return (
        f'<li{mark}><span class="name">{escape(token_name(content))}{said}</span>'
        f'<span class="number">{percent(share)}</span>'
        f'<span class="bar"><i style="width:{100 * share:.2f}%"></i></span></li>'
    )
