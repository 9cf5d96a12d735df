"""Generated text: data in, HTML out. What carries `data-position` can be clicked."""

from collections.abc import Sequence
from functools import lru_cache

import matplotlib
from markupsafe import Markup

from components.analysis.byte_labels import NEWLINE, byte_label
from components.analysis.generated_text import (
    NOTHING,
    Token,
    noun,
    plain,
    surprise_in_words,
    token_name,
    tokens_after_prompt,
)
from components.html.images.pixels import legend, no_data_key
from components.html.text.cells import character_cells, in_words, kept_together
from components.words.numbers import counted, percent
from models.data.graphemes import graphemes
from models.schema import GeneratedToken, TextGenerationStep

COLOR_MAP, LEVELS = "cividis", 20
"""Colors of probabilities, in steps of 5%: classes `.p0` to `.p20` of the style sheet keep cells short."""
UNFOLDED = 300
"""Characters of the prompt shown before the text; earlier ones are folded."""
_ALTERNATIVES = 3


def written_strip(
    step: TextGenerationStep, earlier: Sequence[GeneratedToken] = (), selected: int | None = None
) -> Markup:
    """The prompt, dimmed, and a cell for each generated token, colored by its probability.

    earlier: the tokens of the request's `written`, as generated. selected: the traced token, counting from the first
    generated one. The text is one tab stop, and arrow keys move between cells.
    """
    tokens = tokens_after_prompt(step, earlier)
    at_stop = selected if selected is not None and selected < len(tokens) else 0
    cells = [_button(token, at, at == selected, at == at_stop) for at, token in enumerate(tokens)]
    each = noun([token.content for token in tokens])
    said = f"{counted(len(tokens), each)}. {surprise_in_words(tokens)}".strip()
    body = _prompt(step, folded=True) + in_words(_characters(tokens, cells))
    unknown = no_data_key("probability unknown") if any(token.written is None for token in tokens) else ""
    # Focus goes from cell to cell only where it is watched for: `click.js`.
    strip = _strip("written roving", f"Generated text: {step.text} {said}", body)
    return Markup('{}{}<p class="caption">{}{}</p>').format(strip, probability_legend(each), said, unknown)


def running_strip(step: TextGenerationStep, earlier: Sequence[GeneratedToken] = ()) -> Markup:
    """The same during generation: without buttons and titles, since it is sent several times per second."""
    tokens = tokens_after_prompt(step, earlier)
    body = _prompt(step, folded=False) + plain_cells(tokens)
    return _strip("written", "Generated text so far", body) + probability_legend(noun(step.prompt_tokens))


def plain_cells(tokens: Sequence[Token]) -> Markup:
    """Cells with a color and nothing else."""
    return in_words(
        _characters(
            tokens, [Markup("<b class={}>{}</b>").format(_level(each), _label(each.content)) for each in tokens]
        )
    )


def probability_legend(each: str) -> Markup:
    said = f"probability of each {each}, before temperature, top-k and top-p"
    return legend(matplotlib.colormaps[COLOR_MAP], ("0%", "100%"), said)


def _strip(classes: str, spoken: str, body: Markup) -> Markup:
    said = spoken
    return Markup('<div class="result-strip {}" role="group" aria-label="{}"><div dir="auto">{}</div></div>').format(
        classes, said, body
    )


def _prompt(step: TextGenerationStep, folded: bool) -> Markup:
    """The end of the prompt; what is before that is folded, or only counted."""
    text = graphemes(plain(step.prompt_tokens))
    before, end = text[:-UNFOLDED], "".join(text[-UNFOLDED:])
    shown = Markup('<span class="prompt" dir="auto">{}</span>').format(end)
    if not before:
        return shown
    said = f"{counted(len(before), 'earlier character')} of the prompt"
    if not folded:
        return Markup('<span class="prompt folded">{} …</span>{}').format(said, shown)
    return Markup('<details class="prompt"><summary>{}</summary>{}</details>{}').format(said, "".join(before), shown)


def _characters(tokens: Sequence[Token], cells: Sequence[Markup]) -> list[tuple[str, Markup]]:
    groups = kept_together([token.content for token in tokens])
    return [(text or "", character_cells(text or "", cells[run.start : run.stop])) for text, run in groups]


def _button(token: Token, at: int, selected: bool, stop: bool) -> Markup:
    # Short, for there may be thousands. Without a form around it, a button needs no type.
    level = _level(token)
    classes = Markup('"{} selected" aria-current=true').format(level) if selected else level
    return Markup('<button class={} tabindex={} data-position="{}" title="{}">{}</button>').format(
        classes, 0 if stop else -1, at, _title(token), _label(token.content)
    )


def _level(token: Token) -> str:
    return f"p{round(LEVELS * token.written.probability)}" if token.written else "known"


@lru_cache(maxsize=1024)  # the same few again and again, several times a second
def _label(content: bytes) -> str:
    try:
        text = content.decode("utf-8").replace("\n", NEWLINE)
    except UnicodeDecodeError:
        text = "\x00"
    return text or NOTHING if text.isprintable() else " ".join(map(byte_label, content))


def _title(token: Token) -> str:
    name = token_name(token.content)
    if token.written is None:
        return f"{name}, generated earlier"
    others = [
        f"{token_name(content)} {percent(share)}"
        for content, share in token.written.alternatives
        if content != token.content
    ]
    said = f"{name} {percent(token.written.probability)}"
    return f"{said}; alternatives: {', '.join(others[:_ALTERNATIVES])}" if others else said
