"""How much each word was read beside what leaving it out does, as HTML; data in, HTML out."""

from html import escape

import matplotlib
import numpy as np
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


def occlusion_bars(result: SentimentResult) -> str:
    """Two bars a word, in reading order: its share of attention, and what it does for the label.

    Of many words, those with the largest effects and those most read. Raises ValueError where none was left out.
    """
    occlusion = result.occlusion
    if occlusion is None:
        raise ValueError("this result was asked for without leaving out words")
    if not len(occlusion.drops):
        return '<p class="caption">There is no word in this text to leave out.</p>'
    return _Bars(result, occlusion).markup()


class _Bars:
    def __init__(self, result: SentimentResult, occlusion: Occlusion):
        self.occlusion, self.label = occlusion, label_asked(result)
        self.words, self.shown = words_of(result.text, occlusion), words_to_show(occlusion)
        self.reach = effect_reach(occlusion)
        self.full = 0.0 if occlusion.attention is None else float(occlusion.attention.max())
        self.uniform = 0.0 if result.attention is None else result.attention.uniform

    def markup(self) -> str:
        label = escape(self.label)
        attention = "" if self.occlusion.attention is None else '<th scope="col">attention on it</th>'
        rows = "".join(map(self._row, self.shown))
        notes = [left_out_in_words(self.shown, self.occlusion), agreement_in_words(self.occlusion)]
        if attention and self.uniform:
            notes.append("The line across a bar of attention: uniform, for as many bytes.")
        said = escape(" ".join(filter(None, notes)))
        ends = (f"−{points(self.reach)[1:]}", points(self.reach))
        scale = legend(matplotlib.colormaps[EFFECT_COLORS], ends, f"against “{self.label}” – for it", 0.5)
        return (
            '<div class="occlusion scrolled" tabindex="0" role="region" aria-label="Attention on each word, and the '
            f'effect of leaving it out"><table><thead><tr><th scope="col">word</th>{attention}<th scope="col">what it '
            f"does for “{label}”: probability with it less without it</th></tr></thead><tbody>{rows}</tbody></table>"
            f'</div>{scale}<p class="caption">{said}</p><p class="caption">{escape(CAVEAT)}</p>'
        )

    def _row(self, at: int) -> str:
        attention = "" if self.occlusion.attention is None else self._attention(at, float(self.occlusion.attention[at]))
        word = escape(shortened(self.words[at].text, 24))
        return (
            f'<tr><th scope="row" dir="auto">{word}</th>{attention}{self._effect(float(self.occlusion.drops[at]))}</tr>'
        )

    def _attention(self, at: int, share: float) -> str:
        width = 100 * share / self.full if self.full else 0.0
        level = self.uniform * (self.words[at].stop - self.words[at].start)
        tick = f'<b style="left:{100 * level / self.full:.2f}%"></b>' if self.full and level <= self.full else ""
        return f'<td><span class="bar"><i style="width:{width:.2f}%"></i>{tick}</span>{percent(share)}</td>'

    def _effect(self, drop: float) -> str:
        width = 50 * abs(drop) / self.reach
        left = 50.0 if drop >= 0 else 50.0 - width
        fill = to_hex(effect_colors(np.array([drop]), self.reach)[0])
        return (
            f'<td><span class="bar both"><i style="left:{left:.2f}%;width:{width:.2f}%;background:{fill}"></i></span>'
            f"{points(drop)}</td>"
        )
