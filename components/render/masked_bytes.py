"""Masked bytes: the filled text, its candidates, and the attention of one byte."""

from __future__ import annotations

from markupsafe import Markup

from components import plots
from components.analysis.attention import is_on_latents
from components.analysis.byte_labels import byte_label
from components.analysis.filling import hidden_when_filled
from components.html.charts.network import network
from components.html.charts.network_cells import byte_cells, text_cells
from components.html.text.candidates import candidates_table
from components.html.text.filled import filled_strip, partly_filled_strip
from components.plots.arrays import Arrays, target_arrays, text_array
from components.scale.attention import Scale
from components.words.quotes import quoted
from models.schema import AttentionMap, ByteAt, MaskedBytesProgress, MaskedBytesResult, ModelShape


def masked_bytes(
    result: MaskedBytesResult, traced: int | None = None, scale: Scale = "share"
) -> tuple[Markup, Markup, plots.Plot | None]:
    """The filled text, colored by the attention of the byte `traced`; its candidates; and a plot of that attention.

    The plot is None unless the attention is on latents, which the text cannot show.
    """
    return (
        filled_strip(result, traced, scale),
        candidates_table(result, traced),
        masked_bytes_attention(result, traced, scale) if is_on_latents(result.attention) else None,
    )


def masked_bytes_network(result: MaskedBytesResult, shape: ModelShape) -> Markup:
    """The run as a figure: the bytes as they were read, the latents, and the masked bytes or the one that is traced."""
    stages, traced = result.attention and result.attention.stages, result.traced
    if stages is None or traced is None:
        return Markup()
    places, content = result.positions.tolist(), result.filled_bytes
    outputs = places[: len(stages.decoder)] if traced in places else [traced]
    labels = [byte_label(content[place]) for place in outputs]
    in_round = _round_of(result, traced)
    inputs = byte_cells(content[: result.bytes_read], hidden_when_filled(result, traced), in_round)
    predicted = text_cells("outputs", labels, f"predicted bytes{in_round}", places=outputs)
    return network(stages, shape, inputs, predicted, outputs.index(traced) if traced in outputs else 0)


def _round_of(result: MaskedBytesResult, position: int) -> str:
    """When a byte was filled, if that took several rounds: each reads the text as it was by then."""
    places, rounds = result.positions.tolist(), int(result.order.max()) + 1
    if rounds == 1 or position not in places:
        return ""
    filled = quoted(byte_label(result.filled_bytes[position]))
    return f" in round {result.order[places.index(position)] + 1} of {rounds}, which filled {filled}"


def masked_bytes_progress(progress: MaskedBytesProgress) -> Markup:
    """The text while it is being filled."""
    return partly_filled_strip(progress)


def masked_bytes_attention(result: MaskedBytesResult, traced: int | None = None, scale: Scale = "share") -> plots.Plot:
    """The attention of a result as a plot. Bytes that were masked when the byte was filled are shown as "?".

    Raises ValueError for a result without attention.
    """
    if result.attention is None:
        raise ValueError("the result has no attention")
    if is_on_latents(result.attention):
        plot = plots.attention_over_latents(result.attention, result.run, scale)
    else:
        plot = _attention_over_bytes(result, result.attention, traced, scale)
    plot.arrays |= _arrays(result) | ({} if traced is None else target_arrays(ByteAt(traced)))
    return plot


def _attention_over_bytes(
    result: MaskedBytesResult, attention: AttentionMap, traced: int | None, scale: Scale
) -> plots.Plot:
    labels = ["CLS", *map(byte_label, result.filled_bytes[: result.bytes_read]), "SEP"]
    marked = [position + 1 for position in hidden_when_filled(result, traced)]
    for cell in marked:
        labels[cell] = "?"
    cell = None if traced is None else traced + 1
    return plots.attention_over_bytes(attention, labels, result.run, scale, marked, cell, first=-1)


def _arrays(result: MaskedBytesResult) -> Arrays:
    return {
        "text": text_array(result.filled_bytes),
        "bytes_read": result.bytes_read,
        "positions": result.positions,
        "candidates": result.candidates,
        "probabilities": result.probabilities,
        "order": result.order,
    }
