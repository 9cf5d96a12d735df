"""The labels that the chosen model can be conditioned on."""

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
    return Control.choice(choices, state.label if state.label in range(len(labels)) else None, interactive=bool(labels))
