"""The context of a generated token, colored by attention: data in, HTML out. Its cells cannot be clicked."""

import numpy as np
from markupsafe import Markup

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
from components.scale.attention import AttentionScale, Scale, scaled
from components.words.numbers import counted
from components.words.quotes import visible
from models.schema import TextGenerationStep


def traced_strip(step: TextGenerationStep, unit: Unit = "words", scale: Scale = "share") -> Markup:
    """The text before the traced token, colored by attention, with a mark where the latents begin.

    Raises ValueError for a step without attention.
    """
    return _TracedStrip(step, read_text(step, unit), scale).markup()


class _TracedStrip:
    def __init__(self, step: TextGenerationStep, read: ReadText, scale: Scale):
        self.step, self.read = step, read
        self.attention = traced_attention(step)
        levels = scaled(read.shares.levels, read.shares.uniform, scale)
        self.colors = AttentionScale.over([levels], scale, read.shares.uniform)
        self.styles = fill_styles(self.colors.fills(levels) / 255)

    def markup(self) -> Markup:
        read = self.read
        # Apart, so that no word or character crosses the border.
        prefix = self._folded_prefix() if read.first else self._joined(0, read.border)
        latents = self._joined(read.border, len(read.pieces))
        target = Markup('<b class="asked" title="{} whose attention is shown">{}</b>').format(
            read.each, token_name(read.token)
        )
        of_each = "" if read.unit == "bytes" else f", mean over the {read.each}s of each {read.said.removesuffix('s')}"
        return Markup(
            '<div class="result-strip read-strip traced-strip" role="group" tabindex="0" aria-label="{}">'
            '<div dir="auto">{}{}{}{}{}</div></div>{}<p class="caption">{}</p>'
        ).format(
            self._spoken(),
            self._out_of_sight(),
            prefix,
            self._border(),
            latents,
            target,
            color_legend(self.colors, self.colors.unit + of_each),
            " ".join(self._caption()),
        )

    def _joined(self, first: int, stop: int) -> Markup:
        shown, part = self.read.pieces[first:stop], [self._cell(at) for at in range(first, stop)]
        if self.read.unit != "bytes":
            join = word_cells if self.read.unit == "words" else in_words
            return join((piece.text, cell) for piece, cell in zip(shown, part, strict=True))
        contents = self._contents(first, stop)
        groups = kept_together(contents)
        return in_words((text or "", character_cells(text or "", part[run.start : run.stop])) for text, run in groups)

    def _contents(self, first: int, stop: int) -> list[bytes]:
        """Some of the tokens, counted from the first."""
        step = self.step
        every = [*step.prompt_tokens, *step.written_tokens, *(token.content for token in step.tokens)]
        return every[step.dropped + first : step.dropped + stop]

    def _cell(self, at: int) -> Markup:
        piece = self.read.pieces[at]
        title = f"{place_in_words(piece, self.read.each)}, {self._level(at)}"
        label = unit_label(piece, self.read.unit)
        return Markup('<span class="byte" title="{}"{}>{}</span>').format(
            title, self.styles[at - self.read.first], label
        )

    def _level(self, at: int) -> str:
        return self.read.in_words(at, self.colors.scale)

    def _border(self) -> Markup:
        at = self.read.dropped + self.step.prefix_length
        title = f"{self.read.each} {at:,} is the first latent"
        return Markup('<span class="border-mark" title="{}">latents begin ▸</span>').format(title)

    def _out_of_sight(self) -> Markup:
        if not self.read.dropped:
            return Markup()
        said = f"first {counted(self.read.dropped, self.read.each)}: truncated"
        return _folded(said, Markup("<s>{}</s>").format(self.read.out_of_sight))

    def _folded_prefix(self) -> Markup:
        said = f"prefix ({counted(self.step.prefix_length, self.read.each)}): not part of this map"
        return _folded(said, plain(self._contents(0, self.step.prefix_length)))

    def _spoken(self) -> str:
        read = self.read
        first = np.argsort(-read.shares.shares, kind="stable")[:3].tolist()
        most = "; ".join(f"{named(read.pieces[at + read.first])}: {self._level(at + read.first)}" for at in first)
        said = f"Context of {token_name(read.token)}, {len(read.pieces):,} {read.said}. Most attention: {most}."
        return f"{said} {zones_in_words(self.step, read)}"

    def _caption(self) -> list[str]:
        """Which attention is shown, and notes on how to read it."""
        said, title = [self.read.note] if self.read.note else [], visible(self.attention.title)
        said.append(title if title.endswith((".", "?", "!")) else f"{title}.")
        said.append(zones_in_words(self.step, self.read))
        if self.read.unit == "words":
            said.append("A word includes the space after it.")
        return said


def _folded(said: str, inner: str) -> Markup:
    return Markup('<details class="prompt"><summary>{}</summary>{}</details>').format(said, inner)
