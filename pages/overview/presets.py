"""Published models with real inputs."""

from collections.abc import Callable
from dataclasses import dataclass

from components.analysis.cost import Sizes
from models.backend.protocol import Description
from models.schema import ModelShape

FLOW_TILE = (368, 496)
"""Height and width of the frames that the published model of optical flow reads."""
CLIP_FRAMES, PATCH, PATCH_SAMPLES = 16, 4, 16
"""Frames of the clips that the published model of audio and video reads; sides of its patches, and their samples."""


@dataclass(frozen=True, slots=True)
class Preset:
    """title: to choose it by. notice: what it is. inputs, outputs: how many, from the shape of the task's model."""

    title: str
    notice: str
    task: str
    inputs: Callable[[ModelShape], int]
    outputs: Callable[[ModelShape], int]
    variant: str = ""
    widening: int = 1

    def sizes(self, models: Description) -> Sizes:
        shape = models.shape(self.task, "published", self.variant)
        return Sizes(
            self.inputs(shape),
            shape.latents,
            shape.blocks * shape.layers,
            self.outputs(shape),
            shape.latent_channels,
            shape.input_channels,
            self.widening,
        )


def _bytes(shape: ModelShape) -> int:
    return shape.longest_text + 2


def _pixels(shape: ModelShape) -> int:
    return shape.image_size**2


def _one(shape: ModelShape) -> int:
    return 1


def _tile(shape: ModelShape) -> int:
    return FLOW_TILE[0] * FLOW_TILE[1]


def _sounds(shape: ModelShape) -> int:
    return round(CLIP_FRAMES * shape.sample_rate / shape.fps / PATCH_SAMPLES)


def _clip(shape: ModelShape) -> int:
    return CLIP_FRAMES * (shape.image_size // PATCH) ** 2 + _sounds(shape) + 1


def _whole_clip(shape: ModelShape) -> int:
    return CLIP_FRAMES * _pixels(shape) + _sounds(shape) + 1


PRESETS = (
    Preset("Image: 224 × 224 pixels", "Each pixel is an input. One query asks for the class.",
           "image_classification", _pixels, _one, "fourier"),
    Preset("Text: 2,048 bytes", "Each byte is an input, and has a query that asks for the byte.",
           "masked_bytes", _bytes, _bytes),
    Preset("Optical flow: 368 × 496 pixels", "Each pixel is an input, and has a query that asks for its motion.",
           "optical_flow", _tile, _tile),
    Preset("Audio and video: 52,097 patches", "Inputs are patches of 16 frames and of sound, and a label. "
           "Each pixel of each frame has a query.", "av_autoencoding", _clip, _whole_clip),
    Preset("Perceiver AR: 1,024 tokens", "Each token is an input. The last 512 become latents.",
           "text_generation", lambda shape: shape.longest_text, _one, widening=4),
)  # fmt: skip
