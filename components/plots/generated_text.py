"""The context of a generated token, colored by attention, as a plot with a line where the latents begin."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from components.analysis.generated_text import (
    ReadText,
    Token,
    plain,
    read_text,
    token_name,
    tokens_after_prompt,
    traced_attention,
    zones_in_words,
)
from components.analysis.text_units import Unit, named
from components.plots.arrays import Arrays, attention_arrays, color_arrays, run_arrays, target_arrays, text_array
from components.plots.attention import add_color_bar, draw_parts, footer
from components.plots.bytes import MARK
from components.plots.plot import MARGIN, SOFT_INK, Plot, printable, start_plot, wrapped
from components.plots.text import cell_label, draw_units, unit_quantity
from components.scale.attention import AttentionScale, Scale, scaled
from components.words.numbers import counted
from models.schema import GeneratedToken, TextGenerationStep, TokenAt


def attention_over_written(
    step: TextGenerationStep,
    unit: Unit = "words",
    scale: Scale = "share",
    earlier: Sequence[GeneratedToken] = (),
) -> Plot:
    """One cell per unit of prefix and latents, or of the latents if the map covers only them.

    More than 2,048 units are drawn as coarser ones, with a note. earlier: the tokens of the request's `written`, as
    they were when written. Raises ValueError for a step without attention.
    """
    read = read_text(step, unit)
    shown = read.pieces[read.first :]
    levels = scaled(read.shares.levels, read.shares.uniform, scale)
    colors = AttentionScale.over([levels], scale, read.shares.uniform)
    plot = _start(step, read, scale)
    plot.arrays |= color_arrays(colors) | _generation_arrays(step, tokens_after_prompt(step, earlier))
    _say_where(plot, step, read)
    if len(parts := _parts(step, read)) > 1:
        draw_parts(plot, parts)
    labels = [printable(piece.text) if read.unit == "bytes" else cell_label(piece.text) for piece in shown]
    starts = [piece.start for piece in shown]
    numbers = list(map(colors.brief, levels.tolist()))
    axes, boxes = draw_units(plot, labels, starts, colors.fills(levels) / 255, numbers)
    add_color_bar(plot, colors)
    if 0 < read.border - read.first < len(shown):
        _draw_border(axes, boxes[read.border - read.first])
    return plot


def _start(step: TextGenerationStep, read: ReadText, scale: Scale) -> Plot:
    attention = traced_attention(step)
    facts = footer([attention], [step.run], scale)
    plot = start_plot(attention.title, unit_quantity(read.said, scale), facts, _alt_text(step, read, scale))
    plot.arrays |= run_arrays(step.run) | attention_arrays(attention)
    plot.arrays |= {
        "units": np.array([piece.text for piece in read.pieces[read.first :]], dtype=str),
        "shares": read.shares.shares,
        "sizes": read.shares.sizes,
    }
    return plot


def _generation_arrays(step: TextGenerationStep, tokens: Sequence[Token]) -> Arrays:
    """tokens: after the prompt."""
    contents = [*step.prompt_tokens, *(token.content for token in tokens)]
    target = step.traced or 0
    written = tokens[target].written
    alternatives = written.alternatives if written else ()
    return target_arrays(TokenAt(target)) | {
        "text": text_array(b"".join(contents)),
        "token_sizes": np.array([len(content) for content in contents]),
        "prompt": len(step.prompt_tokens),
        "dropped": step.dropped,
        "prefix": step.prefix_length,
        "latents": step.latents,
        "probabilities": np.array([token.written.probability if token.written else np.nan for token in tokens]),
        "alternatives": np.array([plain([content]) for content, _ in alternatives], dtype=str),
        "alternative_probabilities": np.array([probability for _, probability in alternatives], dtype=np.float64),
    }


def _say_where(plot: Plot, step: TextGenerationStep, read: ReadText) -> None:
    """The traced token, and how the text before it was divided, below the title."""
    said = [f"Attention of {token_name(read.token)}, the {read.each} after this text."]
    lies = f"Prefix of {counted(step.prefix_length, read.each)}, then {counted(step.latents, 'latent')}"
    if read.first < read.border:
        lies += ", which begin at the vertical line"
    elif read.first:
        lies += "; only the latents are shown"
    said.append(f"{lies}.")
    if read.dropped:
        said.append(f"The first {counted(read.dropped, read.each)} were truncated.")
    for line in [*wrapped(printable(" ".join(said)), 13, 14.0, lines=2), *wrapped(read.note, 13, 14.0, lines=2)]:
        plot.write(MARGIN, plot.top + 0.02, line, color=SOFT_INK)
        plot.top -= 0.26


def _parts(step: TextGenerationStep, read: ReadText) -> dict[str, float]:
    """Shares of the attention by the names in the legend."""
    attention = traced_attention(step)
    parts = {"prefix": read.prefix_share, "latents": read.latents_share}
    stayed = {
        "residuals of other latents": attention.latent_share,
        "residual of the predicting latent": attention.query_share,
    }
    return {name: share for name, share in (parts | stayed).items() if share}


def _draw_border(axes: Axes, box: np.ndarray) -> None:
    """Before the first latent. box: left, bottom, width and height of its cell, inches."""
    left, bottom, _, height = box
    axes.plot([left, left], [bottom, bottom + height], color=MARK, linewidth=min(4.0, 36 * height), clip_on=False)
    # The triangle points to what begins here.
    reach = min(0.16, 0.3 * height)
    corners = np.array([(left, bottom + height), (left + reach, bottom + height), (left, bottom + height - reach)])
    axes.fill(*corners.T, color=MARK, linewidth=0, clip_on=False)


def _alt_text(step: TextGenerationStep, read: ReadText, scale: Scale) -> str:
    shown = read.pieces[read.first :]
    first = np.argsort(-read.shares.shares, kind="stable")[:3].tolist()
    most = "; ".join(f"{named(shown[at])}: {read.shares.in_words(at, scale)}" for at in first)
    title = traced_attention(step).title
    said = [title if title.endswith((".", "?", "!")) else f"{title}.", read.note]
    said += [f"Most attention of {len(shown):,} {read.said}: {most}.", zones_in_words(step, read)]
    return " ".join(filter(None, said))
