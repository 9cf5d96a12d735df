"""What a written token was read from, as a strip: data in, HTML out. Its cells only show."""

from html import escape

import numpy as np

from components.analysis.generated_text import (
    ReadText,
    place_in_words,
    plain,
    read_text,
    token_name,
    traced_attention,
    zones_in_words,
)
from components.analysis.text_units import Unit, named
from components.html.images.pixels import color_legend
from components.html.text.cells import character_cells, fill_styles, in_words, kept_together, unit_label, word_cells
from components.scale.attention import Scale
from components.scale.shared import SharedScale, times_uniform
from components.words.numbers import counted
from models.schema import TextGenerationStep


def traced_strip(step: TextGenerationStep, unit: Unit = "words", scale: Scale = "linear") -> str:
    """The text before the traced token, colored by what that read, with a mark where the latents begin.

    Raises ValueError where no attention was asked for.
    """
    return _TracedStrip(step, read_text(step, unit), scale).markup()


class _TracedStrip:
    def __init__(self, step: TextGenerationStep, read: ReadText, scale: Scale):
        self.step, self.read = step, read
        self.attention = traced_attention(step)
        levels = times_uniform(read.shares.levels, read.shares.uniform, scale)
        self.scale = SharedScale.over([levels], scale)
        self.styles = fill_styles(self.scale.fills(levels) / 255)

    def markup(self) -> str:
        read = self.read
        # Apart, so that no word and no character runs across the border.
        prefix = self._folded_prefix() if read.first else self._joined(0, read.border)
        latents = self._joined(read.border, len(read.pieces))
        asked = f'<b class="asked" title="the {read.each} that is asked about">{escape(token_name(read.token))}</b>'
        measure = "times the uniform share" if self.scale.scale == "linear" else "log10 of times uniform"
        of_each = f", of a {read.each}" + ("" if read.unit == "bytes" else f" of each of these {read.said}")
        return (
            f'<div class="result-strip read-strip traced-strip" role="group" tabindex="0" '
            f'aria-label="{escape(self._spoken())}"><div dir="auto">{self._out_of_sight()}{prefix}{self._border()}'
            f"{latents}{asked}</div></div>{color_legend(self.scale, measure + of_each)}"
            f'<p class="caption">{escape(" ".join(self._caption()))}</p>'
        )

    def _joined(self, first: int, stop: int) -> str:
        shown, part = self.read.pieces[first:stop], [self._cell(at) for at in range(first, stop)]
        if self.read.unit != "bytes":
            join = word_cells if self.read.unit == "words" else in_words
            return join((piece.text, cell) for piece, cell in zip(shown, part, strict=True))
        contents = self._contents(first, stop)
        groups = kept_together(contents)
        return in_words((text or "", character_cells(text or "", part[run.start : run.stop])) for text, run in groups)

    def _contents(self, first: int, stop: int) -> list[bytes]:
        """Of some of the tokens that were read, counted from the first of them."""
        step = self.step
        every = [*step.prompt_tokens, *step.written_tokens, *(token.content for token in step.tokens)]
        return every[step.dropped + first : step.dropped + stop]

    def _cell(self, at: int) -> str:
        piece = self.read.pieces[at]
        title = escape(f"{place_in_words(piece, self.read.each)}, {self.read.in_words(at)}")
        label = unit_label(piece, self.read.unit)
        return f'<span class="byte" title="{title}"{self.styles[at - self.read.first]}>{label}</span>'

    def _border(self) -> str:
        at = self.read.dropped + self.step.prefix_length
        title = f"prefix up to here; {self.read.each} {at:,} is the first latent"
        return f'<span class="border-mark" title="{title}">latents ▸</span>'

    def _out_of_sight(self) -> str:
        if not self.read.dropped:
            return ""
        said = f"{counted(self.read.dropped, self.read.each)} out of sight"
        return _folded(said, f"<s>{escape(self.read.out_of_sight)}</s>")

    def _folded_prefix(self) -> str:
        said = f"{counted(self.step.prefix_length, self.read.each)} of prefix: this map is over the latents alone"
        return _folded(said, escape(plain(self._contents(0, self.step.prefix_length))))

    def _spoken(self) -> str:
        read = self.read
        first = np.argsort(-read.shares.shares, kind="stable")[:3].tolist()
        most = "; ".join(f"{named(read.pieces[at + read.first])}: {read.in_words(at + read.first)}" for at in first)
        said = f"What {token_name(read.token)} was read from, {len(read.pieces):,} {read.said}. Read most: {most}."
        return f"{said} {zones_in_words(self.step, read)}"

    def _caption(self) -> list[str]:
        """What is shown, and what must be known about it; nothing of what is not there."""
        said, title = [self.read.note] if self.read.note else [], self.attention.title
        said.append(title if title.endswith((".", "?", "!")) else f"{title}.")
        said.append(zones_in_words(self.step, self.read))
        if self.read.unit == "words":
            said.append("A word counts with the space behind it.")
        return said


def _folded(said: str, inner: str) -> str:
    return f'<details class="prompt"><summary>{said}</summary>{inner}</details>'
