"""Text generation: the text, alternatives to a token, and the attention of one token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from components import plots
from components.analysis.generated_text import (
    all_contents,
    cell_label,
    noun,
    place_in_words,
    tokens_after_prompt,
    words_read,
)
from components.analysis.generation_costs import WriterShape
from components.analysis.text_units import Piece, Unit, named
from components.html.charts.border import context_bar
from components.html.charts.network import network
from components.html.charts.network_cells import Cells, Group, cells_of, text_cells
from components.html.text.alternatives import alternative_bars
from components.html.text.compared import Compared, compared_strips
from components.html.text.traced import traced_strip
from components.html.text.written import running_strip, written_strip
from components.scale.attention import Scale
from components.words.numbers import counted
from components.words.quotes import quoted
from models.schema import GeneratedToken, ModelShape, Stages, TextGenerationStep


@dataclass(frozen=True, slots=True)
class TextGenerationPanels:
    """text: the generated tokens. alternatives: to the traced token, if they are known.

    attention: the context, colored by the attention of the traced token, or None without a trace.
    """

    text: Markup
    alternatives: Markup | None
    attention: Markup | None


def text_generation(
    step: TextGenerationStep, earlier: Sequence[GeneratedToken] = (), unit: Unit = "words", scale: Scale = "share"
) -> TextGenerationPanels:
    """All that a finished text shows. earlier: the tokens of the request's `written`, as they were when written."""
    return TextGenerationPanels(
        text=written_strip(step, earlier, step.traced),
        alternatives=None if step.traced is None else text_generation_alternatives(step, step.traced, earlier),
        attention=text_generation_context(step, unit, scale) if step.attention else None,
    )


def text_generation_running(step: TextGenerationStep, earlier: Sequence[GeneratedToken] = ()) -> Markup:
    """The text so far, light enough to be sent several times a second."""
    return running_strip(step, earlier)


def text_generation_alternatives(
    step: TextGenerationStep, token: int, earlier: Sequence[GeneratedToken] = ()
) -> Markup | None:
    """The most likely tokens in place of one, counted from the first after the prompt.

    None if its probabilities are unknown. Raises IndexError if there is no such token.
    """
    written = tokens_after_prompt(step, earlier)[token].written
    return alternative_bars(written) if written else None


def text_generation_context(step: TextGenerationStep, unit: Unit = "words", scale: Scale = "share") -> Markup:
    """The text before the traced token, colored by attention. Raises ValueError for a step without a trace."""
    return traced_strip(step, unit, scale)


def text_generation_network(step: TextGenerationStep, shape: ModelShape) -> Markup:
    """The run as a figure: the words that were read, latents, which are the last tokens, and generated tokens."""
    stages, first = step.attention and step.attention.stages, step.first_output
    if stages is None or first is None or step.traced is None:
        return Markup()
    contents, border = all_contents(step), step.dropped + step.prefix_length
    places = [border + int(latent) for latent in stages.latents]
    first_place = len(step.prompt_tokens) + first
    written = range(first_place, first_place + len(stages.decoder))
    return network(
        stages,
        shape,
        _words(step, step.dropped + stages.inputs.shape[1]),
        text_cells("outputs", [cell_label(contents[at]) for at in written], "generated tokens", places=written),
        step.traced - first,
        _latents(stages, [cell_label(contents[at]) for at in places], places),
    )


def _words(step: TextGenerationStep, stop: int) -> Cells:
    """The tokens before `stop` in words, the prefix apart."""
    pieces, border = words_read(step, stop), step.dropped + step.prefix_length
    each = noun(step.prompt_tokens)
    prefix = [piece for piece in pieces if piece.start < border]
    groups = [_word_group(prefix, each, "prefix"), _word_group(pieces[len(prefix) :], each, "tokens with a latent")]
    pool = np.repeat(np.arange(len(pieces)), [piece.stop - piece.start for piece in pieces])
    caption = f"{counted(stop - step.dropped, each)} in {counted(len(pieces), 'word')}"
    return cells_of("inputs", caption, *groups if prefix else groups[1:], pool=pool, total=stop - step.dropped)


def _word_group(pieces: Sequence[Piece], each: str, title: str) -> Group:
    names = [f"{named(piece)}, {place_in_words(piece, each)}" for piece in pieces]
    return Group("text", names, [piece.text.strip() or piece.text for piece in pieces], title=title)


def _latents(stages: Stages, labels: Sequence[str], places: Sequence[int]) -> Cells:
    caption = f"{stages.count:,} latents, {len(labels)} with most attention shown"
    names = [f"latent of {quoted(label)} at {place}" for label, place in zip(labels, places, strict=True)]
    return cells_of("latents", caption, Group("text", names, labels))


def text_generation_attention(
    step: TextGenerationStep,
    unit: Unit = "words",
    scale: Scale = "share",
    earlier: Sequence[GeneratedToken] = (),
) -> plots.Plot:
    """The same as a plot to save. earlier: as for `text_generation`. Raises ValueError for a step without a trace."""
    return plots.attention_over_written(step, unit, scale, earlier)


def text_generation_border(shape: WriterShape, prefix: int, latents: int, cut: int = 0, each: str = "byte") -> Markup:
    """The division of a prompt and its cost. Raises ValueError if the model takes fewer tokens."""
    return context_bar(shape, prefix, latents, cut, each)


def text_generation_comparison(texts: Sequence[Compared]) -> Markup:
    """The same prompt and seed, continued with a short and a long prefix; finished or not."""
    return compared_strips(texts)
