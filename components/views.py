"""From results to panels: what a result looks like, whichever front-end shows it."""

from components.byte_labels import byte_label
from components.figures.attention import Scale
from components.figures.bytes import attention_over_bytes, attention_over_latents
from components.panels import FigurePanel, MarkupPanel
from components.strips.candidates import candidates_table
from components.strips.filled import filled_strip
from models.schema import MaskedBytesResult


def masked_bytes(
    result: MaskedBytesResult, traced: int | None = None, scale: Scale = "linear"
) -> tuple[MarkupPanel, MarkupPanel, FigurePanel | None]:
    """The filled text, its candidates, and the attention of the byte `traced` where the result has it."""
    return (
        MarkupPanel(filled_strip(result, traced, scale)),
        MarkupPanel(candidates_table(result, traced)),
        masked_bytes_attention(result, scale) if result.attention else None,
    )


def masked_bytes_attention(result: MaskedBytesResult, scale: Scale = "linear") -> FigurePanel:
    """The attention of a result as a figure, its hidden bytes outlined. Raises ValueError where none was asked for."""
    if result.attention is None:
        raise ValueError("this result was asked for without a probe")
    if result.attention.method == "decoder":
        return FigurePanel(attention_over_latents(result.attention, result.run, scale))
    labels = ["CLS", *map(byte_label, result.filled_bytes[: result.bytes_read]), "SEP"]
    marked = (result.positions + 1).tolist()
    return FigurePanel(attention_over_bytes(result.attention, labels, result.run, scale, marked))
