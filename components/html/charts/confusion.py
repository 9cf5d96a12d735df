"""Which label was taken for which, as HTML; data in, HTML out."""

from collections.abc import Sequence
from html import escape

import matplotlib
import numpy as np

from components.analysis.confusion import CONFUSION_COLORS, chance_in_words, right_in_words, row_shares
from components.analysis.text_units import shortened
from components.html.images.pixels import legend
from components.html.text.cells import fill_styles

_MOST_LETTERS = 24
_UPRIGHT_FROM = 5
"""Labels from which the names above the columns stand upright, so that the columns stay narrow."""


def confusion_table(confusion: np.ndarray, labels: Sequence[str]) -> str:
    """A row a label, a column what it was taken for. confusion: int [labels, labels]. Right answers are outlined."""
    shares = row_shares(confusion)
    names = [escape(shortened(label, _MOST_LETTERS)) for label in labels]
    head = "".join(f'<th scope="col" title="{escape(label)}"><span dir="auto">{name}</span></th>'
                   for label, name in zip(labels, names, strict=True))  # fmt: skip
    rows = "".join(
        f'<tr><th scope="row" title="{escape(label)}" dir="auto">{name}</th>'
        f"{_cells(at, confusion[at].tolist(), shares[at], labels)}</tr>"
        for at, (label, name) in enumerate(zip(labels, names, strict=True))
    )
    upright = " upright" if len(labels) >= _UPRIGHT_FROM else ""
    colors = matplotlib.colormaps[CONFUSION_COLORS]
    scale = legend(colors, ("0 %", "100 %"), "share of the rows with this label; outlined: right")
    said = f"{right_in_words(confusion)} {chance_in_words(confusion)}".strip()
    return (
        f'<div class="confusion scrolled{upright}" tabindex="0" role="region" aria-label="Which label was taken for '
        f'which"><table><thead><tr><th scope="col" class="corner">is ↓ taken for →</th>{head}</tr></thead>'
        f'<tbody>{rows}</tbody></table></div>{scale}<p class="caption">{escape(said)}</p>'
    )


def _cells(row: int, counts: Sequence[int], shares: np.ndarray, labels: Sequence[str]) -> str:
    fills = fill_styles(matplotlib.colormaps[CONFUSION_COLORS](np.nan_to_num(shares)))
    cells = []
    for column, (count, share, fill) in enumerate(zip(counts, shares.tolist(), fills, strict=True)):
        style = fill if count or sum(counts) else ""
        title = escape(f"{count} of {sum(counts)} “{labels[row]}” taken for “{labels[column]}”")
        right = ' class="right"' if row == column else ""
        said = "–" if share != share else f"{share:.0%}"
        cells.append(f'<td{right} title="{title}"{style}><b>{count}</b><small>{said}</small></td>')
    return "".join(cells)
