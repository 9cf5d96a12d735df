"""The network of each task as a drawing: stages, and the sizes of the chosen model."""

from collections.abc import Sequence

from components.plots.architecture import Stage, draw_architecture
from models.schema import ModelShape


def masked_bytes_architecture(shape: ModelShape) -> str:
    return draw_architecture(
        inputs=_bytes(shape),
        latents=_learned_latents(shape),
        layers=_layers(shape),
        queries=Stage("queries", f"m × {shape.input_channels}", "the m masked positions"),
        outputs=Stage("outputs", "m × 262", "bytes and special tokens"),
    )


def sentiment_architecture(shape: ModelShape) -> str:
    return draw_architecture(
        inputs=_bytes(shape),
        latents=_learned_latents(shape),
        layers=_layers(shape),
        queries=Stage("query", f"1 × {shape.latent_channels}", "one for the whole text"),
        outputs=Stage("outputs", f"{len(shape.labels)}", "a logit for each label"),
    )


def text_generation_architecture(shape: ModelShape) -> str:
    return draw_architecture(
        inputs=Stage("tokens", f"M × {shape.input_channels}", f"M up to {shape.longest_text:,}"),
        latents=Stage("latents", f"N × {shape.latent_channels}", f"the last N tokens, up to {shape.latents}"),
        layers=f"{shape.layers} causal self-attention layers, {shape.self_heads} heads",
        queries=Stage("last latent", f"1 × {shape.latent_channels}", "at the end of the text"),
        outputs=Stage("next token", "probabilities", "appended to the text"),
        decoder=("last", "latent"),
    )


def image_classification_architecture(shapes: Sequence[ModelShape]) -> str:
    """shapes: of the models with learned, Fourier and convolutional position encodings."""
    learned, fourier, conv = shapes
    channels = f"C: {learned.input_channels}, {fourier.input_channels}, {conv.input_channels}"
    latents = f"N: {learned.latents}, {fourier.latents}, {conv.latents}"
    return draw_architecture(
        inputs=Stage("inputs", "M × C", channels),
        latents=Stage("latents", f"N × {fourier.latent_channels}", latents),
        layers=_layers(fourier),
        queries=Stage("query", f"1 × {fourier.latent_channels}", "one for all classes"),
        outputs=Stage("outputs", f"{len(fourier.labels):,}", "a score for each class"),
    )


def optical_flow_architecture(shape: ModelShape) -> str:
    return draw_architecture(
        inputs=Stage("inputs", "M × C", f"C: {shape.input_channels}; both frames in each"),
        latents=_latents(shape),
        layers=_layers(shape),
        queries=Stage("queries", f"M × {shape.input_channels}", "the inputs themselves"),
        outputs=Stage("outputs", "M × motion", "right and down, in pixels"),
    )


def av_autoencoding_architecture(shape: ModelShape) -> str:
    return draw_architecture(
        inputs=Stage("inputs", "M × C", f"C: {shape.input_channels}; frames, sound and label in one list"),
        latents=_latents(shape),
        layers=_layers(shape),
        queries=Stage("queries", "Q × C", "positions and times, and one for the label"),
        outputs=Stage("outputs", "Q × values", "colors, samples, or a score for each label"),
    )


def _bytes(shape: ModelShape) -> Stage:
    return Stage("bytes", f"M × {shape.input_channels}", f"M up to {shape.longest_text + 2:,}")


def _learned_latents(shape: ModelShape) -> Stage:
    return Stage("latents", f"{shape.latents} × {shape.latent_channels}", "a learned array")


def _latents(shape: ModelShape) -> Stage:
    return Stage("latents", f"{shape.latents:,} × {shape.latent_channels}", f"N = {shape.latents:,}")


def _layers(shape: ModelShape) -> str:
    return f"{shape.blocks} × {shape.layers} self-attention layers, {shape.self_heads} heads"
