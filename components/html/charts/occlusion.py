"""How much each word was read beside what leaving it out does, as HTML; data in, HTML out."""

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.colors import to_hex

from components.analysis.occlusion import (
    CAVEAT,
    EFFECT_COLORS,
    agreement_in_words,
    effect_colors,
    effect_reach,
    label_asked,
    left_out_in_words,
    words_of,
    words_to_show,
)
from components.analysis.text_units import shortened
from components.html.images.pixels import legend
from components.words.numbers import percent, points
from models.schema import Occlusion, SentimentResult


def occlusion_bars(result: SentimentResult) -> Markup:
    """Two bars a word, in reading order: its share of attention, and what it does for the label.

    Of many words, those with the largest effects and those most read. Raises ValueError where none was left out.
    """
    occlusion = result.occlusion
    if occlusion is None:
        raise ValueError("this result was asked for without leaving out words")
    if not len(occlusion.drops):
        return Markup('<p class="caption">There is no word in this text to leave out.</p>')
    return _Bars(result, occlusion).markup()


class _Bars:
    def __init__(self, result: SentimentResult, occlusion: Occlusion):
        self.occlusion, self.label = occlusion, label_asked(result)
        self.words, self.shown = words_of(result.text, occlusion), words_to_show(occlusion)
        self.reach = effect_reach(occlusion)
        self.full = 0.0 if occlusion.attention is None else float(occlusion.attention.max())
        self.uniform = 0.0 if result.attention is None else result.attention.uniform

    def markup(self) -> Markup:
        label = self.label
        attention = "" if self.occlusion.attention is None else Markup('<th scope="col">attention on it</th>')
        rows = Markup("").join(map(self._row, self.shown))
        notes = [left_out_in_words(self.shown, self.occlusion), agreement_in_words(self.occlusion)]
        if attention and self.uniform:
            notes.append("The line across a bar of attention: uniform, for as many bytes.")
        said = " ".join(filter(None, notes))
        ends = (f"−{points(self.reach)[1:]}", points(self.reach))
        scale = legend(matplotlib.colormaps[EFFECT_COLORS], ends, f"against “{self.label}” – for it", 0.5)
        return Markup(
            '<div class="occlusion scrolled" tabindex="0" role="region" aria-label="Attention on each word, and the '
            'effect of leaving it out"><table><thead><tr><th scope="col">word</th>{}'
            '<th scope="col">what it does for “{}”: probability with it less without it</th></tr></thead><tbody>{}'
            '</tbody></table></div>{}<p class="caption">{}</p><p class="caption">{}</p>'
        ).format(attention, label, rows, scale, said, CAVEAT)

    def _row(self, at: int) -> Markup:
        attention = "" if self.occlusion.attention is None else self._attention(at, float(self.occlusion.attention[at]))
        word = shortened(self.words[at].text, 24)
        return Markup('<tr><th scope="row" dir="auto">{}</th>{}{}</tr>').format(
            word, attention, self._effect(float(self.occlusion.drops[at]))
        )

    def _attention(self, at: int, share: float) -> Markup:
        width = 100 * share / self.full if self.full else 0.0
        level = self.uniform * (self.words[at].stop - self.words[at].start)
        tick = (
            Markup('<b style="left:{:.2f}%"></b>').format(100 * level / self.full)
            if self.full and level <= self.full
            else ""
        )
        return Markup('<td><span class="bar"><i style="width:{:.2f}%"></i>{}</span>{}</td>').format(
            width, tick, percent(share)
        )

    def _effect(self, drop: float) -> Markup:
        width = 50 * abs(drop) / self.reach
        left = 50.0 if drop >= 0 else 50.0 - width
        fill = to_hex(effect_colors(np.array([drop]), self.reach)[0])
        return Markup(
            '<td><span class="bar both"><i style="left:{:.2f}%;width:{:.2f}%;background:{}"></i></span>{}</td>'
        ).format(left, width, fill, points(drop))
