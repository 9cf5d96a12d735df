"""The state of the page of audio-video autoencoding."""

from typing import Literal

from models.data.examples import av_examples
from models.data.media.squares import Resolution
from models.schema import FramePixel, SoundAt
from pages.state import MapState, ModelState, control

NAME = "av_autoencoding"
EXAMPLES = av_examples(NAME)


class AvState(ModelState, MapState):
    example: int | None = control(
        0,
        "Example",
        "Sample clip, counting from 0; empty for an uploaded clip.",
        role="selection",
        ge=0,
        lt=len(EXAMPLES),
    )
    mask: tuple[Literal["image", "audio"], ...] = control(
        (),
        "Mask modalities",
        "Modalities that are hidden from the model. It was never trained with both masked.",
        labels={"image": "video", "audio": "sound"},
    )
    label: int | None = control(
        None,
        "Condition on label",
        "Label given to the model as an input, counting from 0. In training it was masked half of the time.",
        ge=0,
    )
    resolution: Resolution = control(
        "native",
        "Output resolution",
        '"native": that of the input; "pixels" or "frames": twice as many pixels per side or frames.',
        labels={"native": "native", "pixels": "2x pixels", "frames": "2x frame rate"},
    )
    method: Literal["rollout", "encoder"] = control(
        "rollout",
        "Attention",
        '"rollout": all layers; "encoder": encoder attention, latents weighted by decoder attention.',
        role="trace",
        labels={"rollout": "Rollout: all layers", "encoder": "Encoder: inputs → latents"},
    )
    frame: int = control(1, "Frame", "Frame shown in detail, counting from 1.", role="display", ge=1)
    pixel: tuple[int, int, int] | None = control(
        None,
        "Pixel",
        "Pixel whose attention is shown: frame, row and column at native resolution, counting from 0.",
        role="selection",
    )
    sample: int | None = control(
        None,
        "Sample",
        "Sample of the sound whose attention is shown, counting from 0. Without pixel and sample: the best label.",
        role="selection",
        ge=0,
    )

    @property
    def target(self) -> FramePixel | SoundAt | None:
        """The output whose attention is shown; None: the best label."""
        if self.pixel is not None:
            return FramePixel(*self.pixel)
        return None if self.sample is None else SoundAt(self.sample)
