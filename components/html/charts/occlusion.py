"""Leave-one-out word importance next to the attention on each word, as HTML; data in, HTML out."""

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.colors import to_hex

from components.analysis.occlusion import (
    CAVEAT,
    EFFECT_COLORS,
    Effects,
    EffectUnit,
    agreement_in_words,
    effect_title,
    selection_in_words,
    traced_label,
    word_attention,
    words_of,
    words_to_show,
)
from components.analysis.text_units import shortened
from components.html.axis import BarAxis
from components.html.images.pixels import legend
from components.scale.attention import AttentionScale, Scale
from components.words.quotes import quoted
from models.schema import Occlusion, SentimentResult


def occlusion_bars(result: SentimentResult, unit: EffectUnit = "log_odds", scale: Scale = "share") -> Markup:
    """Two bars a word, in reading order: the attention on it, and its effect on the label.

    If there are many words, those with the largest effects and the most attention. Raises ValueError for a result
    without occlusion.
    """
    occlusion = result.occlusion
    if occlusion is None:
        raise ValueError("the result has no leave-one-out importance")
    if not len(occlusion.drops):
        return Markup('<p class="caption">This text has no words to leave out.</p>')
    return _Bars(result, occlusion, unit, scale).markup()


class _Bars:
    def __init__(self, result: SentimentResult, occlusion: Occlusion, unit: EffectUnit, scale: Scale):
        self.occlusion = occlusion
        self.label, self.effects = traced_label(result), Effects.of(occlusion, unit)
        self.words, self.shown = words_of(result.text, occlusion), words_to_show(self.effects)
        reach = self.effects.reach
        self.axis = BarAxis.over(-reach, reach, self.effects.tick)
        self.attention: _Attention | None = None
        if occlusion.attention is not None and result.attention is not None:
            self.attention = _Attention(*word_attention(result, self.words, scale), self.shown, scale)

    def markup(self) -> Markup:
        head, foot = "", ""
        if self.attention:
            head = Markup('<th scope="col">{}</th>').format(self.attention.colors.unit)
            foot = Markup("<td>{}</td>").format(self.attention.axis.markup())
        rows = Markup("").join(map(self._row, self.shown))
        notes = [selection_in_words(self.shown, self.effects), self._agreement()]
        if self.attention:
            notes.append("Line across the attention bars: uniform attention for a word of that length.")
        ends = self.effects.in_words(-self.effects.reach), self.effects.in_words(self.effects.reach)
        key = legend(matplotlib.colormaps[EFFECT_COLORS], ends, f"opposes {quoted(self.label)} – supports it", 0.5)
        return Markup(
            '<div class="occlusion scrolled" tabindex="0" role="region" aria-label="Attention on each word, and the '
            'effect of leaving it out"><table><thead><tr><th scope="col">word</th>{}<th scope="col">{}</th></tr>'
            "</thead><tbody>{}</tbody><tfoot><tr><td></td>{}<td>{}</td></tr></tfoot></table></div>{}"
            '<p class="caption">{}</p><p class="caption">{}</p>'
        ).format(
            head,
            effect_title(self.effects, self.label),
            rows,
            foot,
            self.axis.markup(),
            key,
            " ".join(filter(None, notes)),
            CAVEAT,
        )

    def _agreement(self) -> str:
        occlusion = self.occlusion
        if occlusion.complete:
            return agreement_in_words(self.effects)
        return f"Left out {len(occlusion.words):,} of {occlusion.words_in_text:,} words so far."

    def _row(self, at: int) -> Markup:
        attention = self.attention.cell(at) if self.attention else ""
        effect = float(self.effects.values[at])
        bar = self.axis.bar(effect, fill=to_hex(self.effects.colors(np.array([effect]))[0]))
        return Markup('<tr><th scope="row" dir="auto">{}</th>{}<td class="effect">{}{}</td></tr>').format(
            shortened(self.words[at].text, 24), attention, bar, self.effects.in_words(effect)
        )


class _Attention:
    """The column of attention. levels, uniform: float64 [words], of each word and of as many bytes of an even map."""

    def __init__(self, levels: np.ndarray, uniform: np.ndarray, shown: list[int], scale: Scale):
        self.levels, self.uniform = levels, uniform
        self.colors = AttentionScale.over([levels[shown], uniform[shown]], scale, float(uniform.mean()))
        self.axis = BarAxis.over(*self.colors.limits, self.colors.in_words)

    def cell(self, at: int) -> Markup:
        level, uniform = float(self.levels[at]), float(self.uniform[at])
        return Markup("<td>{}{}</td>").format(self.axis.bar(level, uniform), self.colors.in_words(level))
