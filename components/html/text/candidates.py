"""The candidates for each hidden byte: data in, HTML out. What carries `data-position` can be clicked."""

from html import escape

import matplotlib
import numpy as np

from components.analysis.byte_labels import byte_label
from components.html.text.cells import fill_styles
from models.schema import MaskedBytesResult


def candidates_table(result: MaskedBytesResult, selected: int | None = None) -> str:
    """A column a hidden byte, a row a rank: the candidate, and its probability as color and number."""
    positions = result.positions.tolist()
    head = "".join(_head(position, position == selected) for position in positions)
    rows = "".join(
        f'<tr><th scope="row">{rank + 1}</th>'
        + "".join(
            _candidate(result, index, rank, position, position == selected) for index, position in enumerate(positions)
        )
        + "</tr>"
        for rank in range(result.candidates.shape[1])
    )
    return (
        '<div class="candidates" tabindex="0" role="region" aria-label="Candidates for each hidden byte">'
        f'<p class="caption">Color and number: probability, from 0 % <i class="scale"></i> to 100 %.</p>'
        f'<table><thead><tr><th scope="col">byte</th>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _head(position: int, selected: bool) -> str:
    mark = ' class="selected" aria-current="true"' if selected else ""
    return (
        f'<th scope="col"><button type="button" data-position="{position}" title="byte {position}: trace it"{mark}>'
        f"{position}</button></th>"
    )


def _candidate(result: MaskedBytesResult, index: int, rank: int, position: int, selected: bool) -> str:
    label = escape(byte_label(int(result.candidates[index, rank])))
    probability = float(result.probabilities[index, rank])
    style = fill_styles(matplotlib.colormaps["cividis"](np.array([probability])))[0]
    classes = "candidate selected" if selected else "candidate"
    return (
        f'<td class="{classes}" data-position="{position}"{style}><b>{label}</b>'
        f"<small>{_percent(probability)}</small></td>"
    )


def _percent(probability: float) -> str:
    return f"{probability:.0%}" if probability >= 0.095 else f"{probability:.1%}"
