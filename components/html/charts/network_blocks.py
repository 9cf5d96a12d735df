"""The three kinds of attention layers behind the figure of a run: what they compute, with its shapes, and as code."""

from dataclasses import dataclass

from markupsafe import Markup

from components.html.charts.network_effects import head_maps, heads
from components.words.numbers import counted
from models.schema import ModelShape, Stages

BLOCKS = Markup('<details class="network-blocks"><summary>Layers, heads, equations and code</summary>{}{}{}</details>')
BLOCK = Markup("<section><h4>{}</h4><p>{}</p>{}<pre><code>{}</code></pre></section>")
ATTENTION = Markup("<p>Attention is softmax(<i>Q K</i><sup>T</sup> / √<i>d</i>) <i>V</i>, where <i>d</i> is the number "
    "of channels per head. Each layer adds its input (residual) and ends with an MLP.</p>")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Block:
    """code: with transformers, for `model` and the preprocessed `inputs` [1, M, C]; it goes on where the last ended."""

    title: str
    text: str
    code: str


def blocks(shape: ModelShape, inputs: int, outputs: int) -> tuple[Block, Block, Block]:
    """inputs, outputs: their numbers M and R."""
    n, d, c, layers = shape.latents, shape.latent_channels, shape.input_channels, shape.blocks * shape.layers
    encoder = Block(
        "Encoder cross-attention",
        f"Q: {n:,} latents of {d} channels, which are learned. K and V: {inputs:,} inputs of {c} channels. "
        f"{n:,} x {inputs:,} = {n * inputs:,} products of a query and a key for each of {shape.cross_heads} heads.",
        f"""perceiver = model.perceiver
latents = perceiver.embeddings(batch_size=1)  # [1, {n}, {d}]
latents = perceiver.encoder.cross_attention(latents, inputs=inputs)[0]  # inputs: [1, {inputs}, {c}]""",
    )
    process = Block(
        f"Self-attention, {layers} layers",
        f"Q, K and V: the {n:,} latents. {n:,} x {n:,} = {n * n:,} products for each of {shape.self_heads} heads and "
        f"each layer, however many inputs there are. {_repeated(shape)}",
        f"""for _ in range({shape.blocks}):
    for layer in perceiver.encoder.self_attends:  # {shape.layers}
        latents = layer(latents)[0]""",
    )
    decoder = Block(
        "Decoder cross-attention",
        f"Q: {'1 query' if outputs == 1 else f'{outputs:,} queries'}, one for each output. K and V: the {n:,} latents. "
        f"{outputs:,} x {n:,} = {outputs * n:,} products for each of {counted(shape.decoder_heads, 'head')}.",
        f"""decoder = getattr(perceiver.decoder, "decoder", perceiver.decoder)
answers = decoder.decoding_cross_attention(queries, inputs=latents)[0]  # queries: [1, {outputs}, channels]""",
    )
    return encoder, process, decoder


def _repeated(shape: ModelShape) -> str:
    if shape.blocks == 1:
        return ""
    return f"{shape.layers} layers with weights of their own run {shape.blocks} times."


def network_blocks(stages: Stages, shape: ModelShape, inputs: int | None = None, outputs: int | None = None) -> Markup:
    """The blocks, closed at first, with the maps and the effects of their heads; nothing for a model without a decoder.

    inputs, outputs: their numbers, if the stages have fewer.
    """
    if not shape.decoder_heads:
        return Markup()
    described = blocks(shape, inputs or stages.inputs.shape[1], outputs or len(stages.decoder))
    maps = head_maps(stages, "encoder"), "", head_maps(stages, "decoder")
    found = (BLOCK.format(each.title, each.text, own, each.code) for each, own in zip(described, maps, strict=True))
    return BLOCKS.format(ATTENTION, heads(stages, shape), Markup("").join(found))
