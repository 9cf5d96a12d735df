"""A design as a drawing: the array that each part makes, and what the part costs, next to a Transformer."""

from collections.abc import Sequence

from markupsafe import Markup

from components.words.numbers import memory, multiple, operations
from models.data.build_one import PartSize

_SIDE = 58
"""Pixels of the longest side of an array."""
DRAWING = Markup(
    '<div class="build-drawing"><div class="flow"><ul class="sources">{}</ul><ol>{}</ol></div>{}'
    "<p><small>{}</small></p><p>{}</p></div>"
)
PART = Markup(
    '<li title="{}"><strong>{}</strong><span class="array"><i style="width:{:.0f}px;height:{:.0f}px"></i></span>'
    "<b>{}</b><small>{:,} parameters<br>{}<br>{}</small></li>"
)
TOTAL = Markup('<tr><th scope="row">{}</th><td>{:,}</td><td>{}</td><td>{}</td></tr>')
TABLE = Markup(
    '<table class="build-totals"><thead><tr><th scope="col">One example</th><th scope="col">parameters</th>'
    '<th scope="col">operations</th><th scope="col">memory</th></tr></thead><tbody>{}{}</tbody></table>'
)


def build_drawing(parts: Sequence[PartSize], transformer: PartSize) -> Markup:
    """Inputs and latents, which the encoder takes, and the parts that follow it in the order of the model.

    The sides of an array are drawn by the square roots of its sizes.
    """
    longest = max(size for part in parts for size in part.shape[-2:]) ** 0.5
    sources, following = (Markup("").join(_part(part, longest) for part in some) for some in (parts[:2], parts[2:]))
    ours = PartSize(
        "This Perceiver",
        (),
        (),
        sum(part.parameters for part in parts),
        sum(part.operations for part in parts),
        sum(part.memory for part in parts),
    )
    return DRAWING.format(
        sources,
        following,
        TABLE.format(_total(ours), _total(transformer)),
        _shapes(parts[0]),
        _compared(ours, transformer),
    )


def _part(part: PartSize, longest: float) -> Markup:
    rows, columns = (1, *part.shape)[-2:]
    height, width = (max(4.0, _SIDE * side**0.5 / longest) for side in (rows, columns))
    shape = " × ".join(f"{side:,}" for side in part.shape)
    return PART.format(
        ", ".join(part.classes),
        part.name,
        width,
        height,
        shape,
        part.parameters,
        operations(part.operations),
        memory(part.memory),
    )


def _shapes(inputs: PartSize) -> str:
    """What the sizes of an array mean, with the inputs as the example."""
    count, channels = inputs.shape
    return f"Sizes are vectors × channels: {count:,} × {channels:,} is {count:,} inputs of {channels:,} channels each."


def _total(part: PartSize) -> Markup:
    return TOTAL.format(part.name, part.parameters, operations(part.operations), memory(part.memory))


def _compared(ours: PartSize, theirs: PartSize) -> str:
    times = theirs.operations / ours.operations
    if times > 1:
        return f"A Transformer with the same layers and channels takes {multiple(times)} times as many operations."
    return (
        f"A Transformer with the same layers and channels takes {multiple(times)} times the operations: with this few "
        "inputs, latents save nothing."
    )
