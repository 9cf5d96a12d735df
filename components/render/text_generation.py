"""Text generation: the text, alternatives to a token, and the attention of one token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from components import plots
from components.analysis.generated_text import tokens_after_prompt
from components.analysis.generation_costs import WriterShape
from components.analysis.text_units import Unit
from components.html.charts.border import context_bar
from components.html.text.alternatives import alternative_bars
from components.html.text.compared import Compared, compared_strips
from components.html.text.traced import traced_strip
from components.html.text.written import running_strip, written_strip
from components.scale.attention import Scale
from models.schema import GeneratedToken, TextGenerationStep


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
