"""The candidates for each masked byte: data in, HTML out. Elements with `data-position` can be clicked."""

import matplotlib
import numpy as np
from markupsafe import Markup

from components.analysis.byte_labels import byte_label
from components.html.text.cells import fill_styles
from models.schema import MaskedBytesResult


def candidates_table(result: MaskedBytesResult, selected: int | None = None) -> Markup:
    """A column per masked byte and a row per rank: the candidate, and its probability as color and number."""
    positions = result.positions.tolist()
    head = Markup("").join(_head(position, position == selected) for position in positions)
    rows = Markup("").join(
        Markup('<tr><th scope="row">{}</th>').format(rank + 1)
        + Markup("").join(
            _candidate(result, index, rank, position, position == selected) for index, position in enumerate(positions)
        )
        + Markup("</tr>")
        for rank in range(result.candidates.shape[1])
    )
    return Markup(
        '<div class="candidates" tabindex="0" role="region" aria-label="Candidates for each masked byte">'
        '<p class="caption">Color and number: probability from 0% <i class="scale"></i> to 100%.</p><table>'
        '<thead><tr><th scope="col">byte</th>{}</tr></thead><tbody>{}</tbody></table></div>'
    ).format(head, rows)


def _head(position: int, selected: bool) -> Markup:
    mark = Markup(' class="selected" aria-current="true"') if selected else ""
    return Markup(
        '<th scope="col"><button type="button" data-position="{}" title="byte {}: show attention"{}>{}</button></th>'
    ).format(position, position, mark, position)


def _candidate(result: MaskedBytesResult, index: int, rank: int, position: int, selected: bool) -> Markup:
    label = byte_label(int(result.candidates[index, rank]))
    probability = float(result.probabilities[index, rank])
    style = fill_styles(matplotlib.colormaps["cividis"](np.array([probability])))[0]
    classes = "candidate selected" if selected else "candidate"
    return Markup('<td class="{}" data-position="{}"{}><b>{}</b><small>{}</small></td>').format(
        classes, position, style, label, _percent(probability)
    )


def _percent(probability: float) -> str:
    return f"{probability:.0%}" if probability >= 0.095 else f"{probability:.1%}"
