"""Prefix and latents of a prompt within the context, and the cost of this division: data in, HTML out."""

from collections.abc import Callable

from markupsafe import Markup

from components.analysis.generation_costs import WriterShape, costs
from components.words.numbers import counted, memory, operations, ratio

_ROOM_FOR_NAME = 0.25
"""Share of the bar from which the name of a part fits on a narrow screen."""


def context_bar(shape: WriterShape, prefix: int, latents: int, cut: int = 0, each: str = "byte") -> Markup:
    """The context as a bar of prefix, latents and room, and the cost. each: noun for a token.

    cut: truncated tokens at the start of the prompt. Raises ValueError if prefix or latents are more than the model
    takes, or if there is no latent.
    """
    if not (0 < latents <= shape.latents and 0 <= prefix <= shape.most_prefix):
        raise ValueError(f"{latents} latents after a prefix of {prefix}: this model takes at most {shape.latents}")
    room = shape.context - prefix - latents
    parts = (("prefix", prefix), ("latents", latents), ("room", room))
    bar = Markup("").join(_part(name, tokens, tokens / shape.context) for name, tokens in parts)
    spoken = f"Context of {counted(shape.context, each)}: {prefix:,} prefix, {latents:,} latents, room for {room:,}"
    return Markup(
        '<div class="border-picture"><p class="border-label" style="--at:{:.4f}"><span>{} {} {:,}</span>'
        '</p><div class="context-bar" role="img" aria-label="{}">{}</div>{}{}</div>'
    ).format(
        prefix / shape.context,
        "latents begin at" if prefix else "no prefix, latents begin at",
        each,
        prefix + cut,
        spoken,
        bar,
        _words(shape, (prefix, latents, room), cut, each),
        _costs(shape, prefix, latents, each),
    )


def _part(name: str, tokens: int, share: float) -> Markup:
    label = f"{name} {tokens:,}" if share >= _ROOM_FOR_NAME else ""
    return Markup('<i class="{}" style="flex-grow:{}">{}</i>').format(name, tokens, label)


def _words(shape: WriterShape, parts: tuple[int, int, int], cut: int, each: str) -> Markup:
    prefix, latents, room = parts
    layers = f"through all {shape.layers} self-attention layers"
    said = {
        "prefix": f"{counted(prefix, each)}: only read by cross-attention."
        if prefix
        else "none: the whole prompt becomes latents.",
        "latents": f"the last {counted(latents, each)} of the prompt. In cross-attention, each "
        f"reads everything up to itself. The latents then pass {layers}.",
        "room": f"{counted(room, each)}. {_growth(shape, latents, each)}",
    }
    if cut:
        said = {"truncated": f"the first {counted(cut, each)} of the prompt."} | said
    rows = Markup("").join(
        Markup('<div><dt class="{}">{}</dt><dd>{}</dd></div>').format(name.split()[0], name, text)
        for name, text in said.items()
    )
    return Markup('<dl class="zones">{}</dl>').format(rows)


def _growth(shape: WriterShape, latents: int, each: str) -> str:
    """How the division changes as the text grows."""
    again = (shape.latents + 1) // 2
    period = (
        f"every {shape.latents + 1 - again:,} {each}s, half of the latents become prefix and the text is read again"
    )
    if more := shape.latents - latents:
        return f"The next {counted(more, each)} become latents at a low cost. After that, {period}."
    return f"All {shape.latents:,} latents are in use. From the next {each} on, {period}."


def _costs(shape: WriterShape, prefix: int, latents: int, each: str) -> Markup:
    ours, theirs = costs(shape, prefix, latents)
    rows = (
        ("reading the prompt", ours.prompt, theirs.prompt, operations),
        (f"generating a {each}", ours.token, theirs.token, operations),
        ("key-value cache", ours.memory, theirs.memory, memory),
    )
    body = Markup("").join(
        Markup('<tr><th scope="row">{}</th>{}{}<td>{}</td></tr>').format(
            name, _cost(mine, other, said), _cost(other, mine, said), ratio(mine, other)
        )
        for name, mine, other, said in rows
    )
    head = Markup("").join(
        Markup('<th scope="col">{}</th>').format(name) for name in ("", "Perceiver AR", "decoder-only", "")
    )
    return Markup(
        '<details class="more"><summary>Cost, compared with a decoder-only Transformer</summary>'
        '<div class="scrolled costs" tabindex="0" role="region" aria-label="Computational cost"><table><thead><tr>{}'
        '</tr></thead><tbody>{}</tbody></table></div><p class="caption">Calculated, not measured: '
        "multiplications and additions. Decoder-only: a Transformer of the same depth ({} layers) and width ({:,} "
        "channels), in which every position passes through every layer. Bars: relative to the larger value.</p>"
        "</details>"
    ).format(head, body, 1 + shape.layers, shape.channels)


def _cost(cost: int, other: int, said: Callable[[int], str]) -> Markup:
    width = 100 * cost / max(cost, other)
    return Markup('<td>{}<span class="bar"><i style="width:{:.2f}%"></i></span></td>').format(said(cost), width)
