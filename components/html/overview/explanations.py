"""How faithful each attribution method is to each demo model, over data: a table of intervals, and what follows."""

from collections.abc import Callable, Iterable, Mapping

from markupsafe import Markup

from components.analysis.attribution import METHOD_NAMES
from components.words.numbers import signed
from models.data.faithfulness import Interval, Measured
from models.schema import METHODS, AttributionMethod

MODELS = {
    "sentiment": "Sentiment",
    "masked_bytes": "Masked language modeling",
    "image_learned": "Image, learned positions",
    "image_fourier": "Image, Fourier positions",
    "image_conv": "Image, convolution",
}
SCORE = "deletion area below random"
_WIDTH, _HEIGHT, _LOW, _HIGH = 120, 18, -0.1, 0.4


def explanations(measured: Mapping[str, Measured]) -> Markup:
    """A row for each method, those with the largest mean first."""
    means = {method: _mean(method, measured) for method in METHODS}
    rows = Markup("").join(
        Markup('<tr><th scope="row">{}</th>{}</tr>').format(
            METHOD_NAMES[method],
            Markup("").join(_cell(each.methods[method][SCORE]) for each in measured.values()),
        )
        for method in sorted(METHODS, key=lambda method: -means[method])
    )
    head = Markup("").join(
        Markup('<th scope="col">{}<small>{} inputs</small></th>').format(MODELS[name], each.inputs)
        for name, each in measured.items()
    )
    table = Markup(
        '<div class="attributions explanations scrolled" tabindex="0" role="region" aria-label="{}"><table><thead><tr>'
        '<th scope="col">method</th>{}</tr></thead><tbody>{}</tbody></table></div>'
    ).format("Faithfulness of each method to each demo model", head, rows)
    said = Markup("").join(map(Markup("<li>{}</li>").format, follows(measured)))
    return Markup('<div id="explanations">{}<ul>{}</ul></div>').format(table, said)


def follows(measured: Mapping[str, Measured]) -> list[str]:
    """What the intervals say."""
    better = _methods_where(measured, all, lambda interval: interval.low > 0)
    unclear = _methods_where(measured, any, lambda interval: interval.low <= 0 <= interval.high)
    worse = _methods_where(measured, any, lambda interval: interval.high < 0)
    sentences = (
        ("Better than random orders for every model", better),
        ("Not clearly better or worse for at least one model", unclear),
        ("Worse than random orders for at least one model", worse),
    )
    return [f"{start}: {'; '.join(METHOD_NAMES[each] for each in found) or 'none'}." for start, found in sentences]


def _methods_where(
    measured: Mapping[str, Measured], models: Callable[[Iterable[bool]], bool], holds: Callable[[Interval], bool]
) -> list[AttributionMethod]:
    return [each for each in METHODS if models(holds(found.methods[each][SCORE]) for found in measured.values())]


def _mean(method: AttributionMethod, measured: Mapping[str, Measured]) -> float:
    return sum(each.methods[method][SCORE].mean for each in measured.values()) / len(measured)


def _cell(interval: Interval) -> Markup:
    """The mean and its interval on an axis with a line at 0, which is chance."""
    said = f"{signed(interval.mean, 2)}, 95% interval {signed(interval.low, 2)} to {signed(interval.high, 2)}"
    mean, low, high, chance = (_at(value) for value in (interval.mean, interval.low, interval.high, 0.0))
    return Markup(
        '<td><svg viewBox="0 0 {0} {1}" role="img" aria-label="{2}"><title>{2}</title>'
        '<path class="chance" d="M{6} 0V{1}"/><path d="M{4} {7}H{5}"/><circle cx="{3}" cy="{7}" r="4"/></svg>{8}</td>'
    ).format(_WIDTH, _HEIGHT, said, mean, low, high, chance, _HEIGHT / 2, signed(interval.mean, 2))


def _at(value: float) -> str:
    return f"{_WIDTH * (min(max(value, _LOW), _HIGH) - _LOW) / (_HIGH - _LOW):.1f}"
