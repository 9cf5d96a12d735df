"""What depends on the model that is chosen: labels, and the drawing of the architecture."""

from components.plots.architecture import Stage, draw_architecture
from models.schema import ModelShape
from pages.av_autoencoding.state import AvState
from pages.screen import Control


def labels_of(shape: ModelShape, state: AvState) -> tuple[str, ...]:
    """The labels that the model can be conditioned on. The published model masks its label."""
    return () if state.weights == "published" else shape.labels


def label_control(shape: ModelShape, state: AvState) -> Control:
    labels = labels_of(shape, state)
    none = "none" if labels else "none: this model masks its label"
    choices = [(none, ""), *((name, index) for index, name in enumerate(labels))]
    known = state.label is not None and state.label < len(labels)
    return Control.of(choices=choices, value=state.label if known else "", interactive=bool(labels))


def architecture(shape: ModelShape) -> str:
    return draw_architecture(
        inputs=Stage("inputs", "M × C", f"C: {shape.input_channels}; frames, sound and label in one list"),
        latents=Stage("latents", f"{shape.latents:,} × {shape.latent_channels}", f"N = {shape.latents:,}"),
        layers=f"{shape.blocks} × {shape.layers} self-attention layers, {shape.self_heads} heads",
        queries=Stage("queries", "Q × C", "positions and times, and one for the label"),
        outputs=Stage("outputs", "Q × values", "colors, samples, or a score for each label"),
    )
