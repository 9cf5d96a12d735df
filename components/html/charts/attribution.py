"""Attributions by several methods on one scale, with their deletion and insertion curves, as HTML."""

from collections.abc import Iterable

import matplotlib
import numpy as np
from markupsafe import Markup

from components.analysis.attribution import (
    CAVEAT,
    METHOD_NAMES,
    fills_of,
    reach_of,
    shares_of,
    summary_in_words,
    verdict_in_words,
)
from components.analysis.occlusion import EFFECT_COLORS
from components.html.images.pixels import legend, picture
from components.html.text.cells import fill_styles
from components.words.numbers import percent, signed
from components.words.quotes import quoted
from models.schema import Attribution, AttributionResult

_WIDTH, _HEIGHT = 96, 48
_HEAD = (
    "method",
    "share of the attribution",
    "deletion",
    "insertion",
    "better than random",
    "comprehensiveness",
    "sufficiency",
)


def faithfulness_table(result: AttributionResult) -> Markup:
    """A row for each method: its map, its curves over the band of random orders, and its scores."""
    reach = reach_of(result.attributions)
    rows = Markup("").join(_row(result, each, reach) for each in result.attributions)
    key = legend(
        matplotlib.colormaps[EFFECT_COLORS],
        (f"−{percent(reach)}", f"+{percent(reach)}"),
        f"opposes {quoted(result.output)} – supports it; share of the method’s absolute total, the same scale for all",
        0.5,
    )
    notes = (summary_in_words(result), verdict_in_words(result), _reading(result), CAVEAT)
    return _scrolled(_HEAD if result.random else _HEAD[:2], rows, "Attribution by each method") + key + _captions(notes)


def randomization_table(result: AttributionResult) -> Markup:
    """A row for each method: its map, and those of models with more and more random weights, with rank correlations."""
    reach = reach_of(result.attributions)
    rows = Markup("").join(
        Markup('<tr><th scope="row">{}</th><td>{}</td>{}</tr>').format(
            METHOD_NAMES[each.method],
            _map(result, each.values, reach),
            Markup("").join(
                Markup('<td class="map">{}{}</td>').format(
                    _map(result, values, reach), "undefined" if np.isnan(rho) else signed(float(rho), 2)
                )
                for values, rho in zip(each.randomized, each.rank_correlations, strict=True)
            ),
        )
        for each in result.attributions
    )
    head = ("method", "trained", *(f"+ {name}" for name in result.random_models))
    note = (
        "Weights are drawn again part by part, from the output to the input. The number is Spearman’s rank correlation "
        "with the map of the trained model. A map that stays the same does not show what the model has learned there."
    )
    return _scrolled(head, rows, "Maps of models with random weights") + _captions((note,))


def _row(result: AttributionResult, attribution: Attribution, reach: float) -> Markup:
    row = Markup('<tr><th scope="row">{}</th><td class="map">{}</td>{}</tr>')
    shown = _parts(result, attribution, reach) if result.parts else _map(result, attribution.values, reach)
    curves = attribution.curves
    if curves is None or result.band is None:
        return row.format(METHOD_NAMES[attribution.method], shown, "")
    band, cells = result.band, Markup("")
    for name, line, between, area in (
        ("deletion", curves.deletion, band.deletion, curves.deletion_area),
        ("insertion", curves.insertion, band.insertion, curves.insertion_area),
    ):
        cells += Markup("<td>{}{:.2f}</td>").format(_chart(name, curves.shares, line, between), float(area))
    scores = (
        percent(result.better_than_random(attribution)),
        signed(float(curves.comprehensiveness), 2),
        signed(float(curves.sufficiency), 2),
    )
    return row.format(
        METHOD_NAMES[attribution.method], shown, cells + Markup("").join(map(Markup("<td>{}</td>").format, scores))
    )


def _parts(result: AttributionResult, attribution: Attribution, reach: float) -> Markup:
    """The words, colored."""
    shares = shares_of(attribution.values)
    cells = (
        Markup('<span class="byte" title="{}"{}>{}</span>').format(signed(100 * share, 1) + "%", style, part)
        for part, share, style in zip(result.parts, shares.tolist(), fill_styles(fills_of(shares, reach)), strict=True)
    )
    return Markup('<span class="parts" dir="auto">{}</span>').format(Markup("").join(cells))


def _map(result: AttributionResult, values: np.ndarray, reach: float) -> Markup:
    """An image of the values: the grid of an image, or one row for a text."""
    shares = shares_of(values)
    pixels = (255 * fills_of(shares.reshape(result.grid or (1, -1)), reach)[..., :3]).round().astype(np.uint8)
    first = int(np.argmax(np.abs(shares)))
    alt = f"Map; the largest share, {signed(100 * float(shares[first]), 1)}%, is at part {first + 1} of {len(shares)}"
    return picture(pixels, alt, "map-tile" if result.grid else "map-row")


def _chart(name: str, shares: np.ndarray, line: np.ndarray, band: np.ndarray) -> Markup:
    """The probability, 0 to 1, against the share of parts."""
    between = [*zip(shares, band[0], strict=True), *reversed([*zip(shares, band[1], strict=True)])]
    said = f"{name} curve, from {percent(float(line[0]))} to {percent(float(line[-1]))}"
    return Markup(
        '<svg viewBox="0 -1 {} {}" role="img" aria-label="{}"><polygon points="{}"/><polyline points="{}"/></svg>'
    ).format(_WIDTH, _HEIGHT + 2, said, _points(between), _points(zip(shares, line, strict=True)))


def _points(pairs: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{_WIDTH * share:.1f},{_HEIGHT * (1 - value):.1f}" for share, value in pairs)


def _reading(result: AttributionResult) -> str:
    if result.random is None:
        return ""
    orders = len(result.random.deletion)
    return (
        "Curves: probability while the parts are removed (deletion) or inserted into the baseline (insertion) in the "
        f"order of the method, with the area under them; gray: 5th to 95th percentile of {orders} random orders. A "
        "faithful order has a small deletion area and a large insertion area. Better than random: share of the random "
        "orders with a larger deletion area. Comprehensiveness: drop of the probability without the first 10%, 20% and "
        "50% of the parts (mean); sufficiency: drop with only these."
    )


def _scrolled(head: tuple[str, ...], rows: Markup, label: str) -> Markup:
    names = Markup("").join(map(Markup('<th scope="col">{}</th>').format, head))
    return Markup(
        '<div class="attributions scrolled" tabindex="0" role="region" aria-label="{}"><table><thead><tr>{}</tr>'
        "</thead><tbody>{}</tbody></table></div>"
    ).format(label, names, rows)


def _captions(notes: tuple[str, ...]) -> Markup:
    return Markup("").join(Markup('<p class="caption">{}</p>').format(note) for note in notes if note)
