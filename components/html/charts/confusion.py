"""Confusion matrix as HTML; data in, HTML out."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from markupsafe import Markup

from components.analysis.confusion import CONFUSION_COLORS, chance_in_words, right_in_words, row_shares
from components.analysis.text_units import shortened
from components.html.images.pixels import legend, no_data_key
from components.html.text.cells import fill_styles
from components.words.quotes import quoted, visible

_MAX_LETTERS = 24
_UPRIGHT_FROM = 5
"""Labels from which the names above the columns stand upright, so that the columns stay narrow."""


def confusion_table(confusion: np.ndarray, labels: Sequence[str]) -> Markup:
    """Rows are true labels, columns predictions. confusion: int [labels, labels]. Correct predictions are outlined."""
    shares = row_shares(confusion)
    names = [shortened(label, _MAX_LETTERS) for label in labels]
    head = Markup("").join(Markup(
'<th scope="col" title="{}"><span dir="auto">{}</span></th>'
).format(visible(label), name)
                   for label, name in zip(labels, names, strict=True))  # fmt: skip
    rows = Markup("").join(
        Markup('<tr><th scope="row" title="{}" dir="auto">{}</th>{}</tr>').format(
            visible(label), name, _cells(at, confusion[at].tolist(), shares[at], labels)
        )
        for at, (label, name) in enumerate(zip(labels, names, strict=True))
    )
    upright = " upright" if len(labels) >= _UPRIGHT_FROM else ""
    colors = matplotlib.colormaps[CONFUSION_COLORS]
    scale = legend(colors, ("0%", "100%"), "share of the rows with this true label; outlined: correct")
    said = f"{right_in_words(confusion)} {chance_in_words(confusion)}".strip()
    empty = no_data_key("no held-out rows") if np.isnan(shares).any() else ""
    return Markup(
        '<div class="confusion scrolled{}" tabindex="0" role="region" aria-label="Confusion matrix">'
        '<table><thead><tr><th scope="col" class="corner">true ↓ predicted →</th>{}</tr></thead><tbody>{}'
        '</tbody></table></div>{}<p class="caption">{}{}</p>'
    ).format(upright, head, rows, scale, said, empty)


def _cells(row: int, counts: Sequence[int], shares: np.ndarray, labels: Sequence[str]) -> Markup:
    fills = fill_styles(matplotlib.colormaps[CONFUSION_COLORS](np.nan_to_num(shares)))
    cells = []
    for column, (count, share, fill) in enumerate(zip(counts, shares.tolist(), fills, strict=True)):
        style = fill if count or sum(counts) else ""
        title = f"{count} of {sum(counts)} {quoted(labels[row])} predicted as {quoted(labels[column])}"
        classes = " ".join(["right"] * (row == column) + ["no-data"] * (not sum(counts)))
        said = "–" if share != share else f"{share:.0%}"
        cells.append(
            Markup('<td class="{}" title="{}"{}><b>{}</b><small>{}</small></td>').format(
                classes, title, style, count, said
            )
        )
    return Markup("").join(cells)
