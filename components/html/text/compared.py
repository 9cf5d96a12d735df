"""The same prompt continued with a short and a long prefix, side by side: data in, HTML out."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from components.analysis.generated_text import Token, noun, surprise_in_words, tokens_after_prompt
from components.html.text.written import plain_cells, probability_legend
from components.words.numbers import counted
from models.schema import GeneratedToken, TextGenerationStep


@dataclass(frozen=True, slots=True)
class Compared:
    """One of the texts, so far. earlier: the tokens of the request's `written`, as generated."""

    step: TextGenerationStep
    earlier: tuple[GeneratedToken, ...] = ()


def compared_strips(texts: Sequence[Compared]) -> Markup:
    """The texts in columns with the lengths of their prefixes, and the length of their common beginning."""
    written = [tokens_after_prompt(text.step, text.earlier) for text in texts]
    each = noun([token.content for tokens in written for token in tokens])
    columns = Markup("").join(_column(text.step, tokens, each) for text, tokens in zip(texts, written, strict=True))
    caption = Markup('<p class="caption">{}</p>').format(_same_until(written, each))
    return Markup('<div class="compared-texts">{}</div>{}{}').format(columns, probability_legend(each), caption)


def _column(step: TextGenerationStep, tokens: Sequence[Token], each: str) -> Markup:
    first = tokens[0].written if tokens else None
    prefix = first.prefix if first else step.prefix_length
    heading = f"Prefix of {counted(prefix, each)}" if prefix else "No prefix"
    spoken = f"{heading}, generated text: {step.text}"
    said = surprise_in_words(tokens) or "Nothing generated yet."
    return Markup(
        '<section><h3>{}</h3><div class="result-strip written" role="group" tabindex="0" aria-label="{}">'
        '<div dir="auto">{}</div></div><p class="caption">{}. {}</p></section>'
    ).format(heading, spoken, plain_cells(tokens), counted(len(tokens), each), said)


def _same_until(written: Sequence[Sequence[Token]], each: str) -> str:
    """The length of the common beginning, as far as the texts are generated."""
    contents = [[token.content for token in tokens] for tokens in written]
    shortest = min(map(len, contents), default=0)
    same = next((at for at in range(shortest) if len({text[at] for text in contents}) > 1), shortest)
    if not shortest:
        return "There is nothing to compare yet."
    said = f"Both texts begin with the same {counted(same, each)}." if same else "The texts differ from the start."
    if same == shortest:
        said = f"The texts are the same so far ({counted(same, each)})."
    return f"{said} Fewer bits per {each} mean a more certain model, not a better text."
