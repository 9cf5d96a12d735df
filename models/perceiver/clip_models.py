"""A common interface of the published multimodal Perceiver, with a query per pixel, and the embedded one.

Shapes: T frames of S x S pixels, A audio samples, L labels; one window of a clip at a time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor
from transformers import PerceiverConfig, PerceiverForMultimodalAutoencoding

from models.perceiver.engine import Encoded, Wanted, decode
from models.perceiver.multimodal_places import grid, video_places
from models.perceiver.patch_multimodal import PerceiverForPatchMultimodal, video_of_patches
from models.perceiver.pixel_clips import video_frames

ClipModel = PerceiverForMultimodalAutoencoding | PerceiverForPatchMultimodal

PUBLISHED_RATE = 48_000
"""Audio sample rate of the published model."""
PUBLISHED_PATCH = 4
"""Pixels along each side of a video input of the published model, fixed by transformers."""
NOTHING = torch.zeros(0, dtype=torch.long)


@dataclass(frozen=True, slots=True)
class ClipShape:
    """What a model reads at once.

    samples_per_frame: audio samples per frame, so that fps = sample_rate / samples_per_frame.
    inputs: grid of the video inputs: (times, rows, columns), equal parts of the window.
    """

    frames: int
    side: int
    sample_rate: int
    samples_per_frame: int
    inputs: tuple[int, int, int]

    @property
    def fps(self) -> float:
        return self.sample_rate / self.samples_per_frame

    @property
    def samples(self) -> int:
        return self.frames * self.samples_per_frame


def clip_shape(config: PerceiverConfig) -> ClipShape:
    """For both kinds of models."""
    per_frame = config.audio_samples_per_frame
    if not hasattr(config, "input_frames"):
        side = cast(Sequence[int], config.output_shape)[-1]
        inputs = (config.num_frames, side // PUBLISHED_PATCH, side // PUBLISHED_PATCH)
        return ClipShape(config.num_frames, side, PUBLISHED_RATE, per_frame, inputs)
    times, rows, columns = grid(config, "image")
    inputs = (times // config.input_frames, rows, columns)
    return ClipShape(config.num_frames, cast(int, config.image_size), config.sample_rate, per_frame, inputs)


def outputs_of(model: ClipModel) -> dict[str, tuple[int, ...]]:
    """The grids of the queries that decode all of a window: of "image" (times, rows, columns), of "audio" (times,)."""
    config = model.config
    if isinstance(model, PerceiverForPatchMultimodal):
        return {modality: grid(config, modality) for modality in ("image", "audio")}
    shape = clip_shape(config)
    return {"image": (shape.frames, shape.side, shape.side), "audio": (shape.samples // config.samples_per_patch,)}


def decode_frames(model: ClipModel, encoded: Encoded, times: Tensor, upsample: bool = False) -> Iterator[Tensor]:
    """Yields the frames at these times in chunks: float [k, 3, S, S], about 0 to 1.

    times: float [n] in frames of the window, 0 is the first; fractions are between frames.
    upsample: twice the pixels along each side.
    """
    if isinstance(model, PerceiverForMultimodalAutoencoding):
        places = (torch.arange(2 * model.config.output_shape[-1]) + 0.5) / 2 - 0.5 if upsample else _pixels(model)
        yield from (frame[None] for frame in video_frames(model, encoded, times, places, places))
    elif len(times):
        quarters = (-0.25, 0.25) if upsample else (0.0,)
        grids = [[_patches(model, encoded, times, top, left) for left in quarters] for top in quarters]
        yield _interleaved(grids) if upsample else grids[0][0]


def decode_sound(model: ClipModel, encoded: Encoded) -> Tensor:
    """Audio of the window, float [A]."""
    return decode(model, encoded, {"image": NOTHING, "audio": None, "label": None})["audio"].flatten()


def decode_label(model: ClipModel, encoded: Encoded) -> Tensor:
    """Scores of the labels, [L]."""
    return decode(model, encoded, {"image": NOTHING, "audio": NOTHING, "label": None})["label"][0]


def pixel_query(model: ClipModel, frame: int, row: int, column: int) -> tuple[Wanted, tuple[int, int, int, int, int]]:
    """The query that decodes a pixel, and all pixels it decodes: (frame, top, left, height, width)."""
    if isinstance(model, PerceiverForPatchMultimodal):
        patch = cast(int, model.config.patch_size)
        _, rows, columns = grid(model.config, "image")
        number = (frame * rows + row // patch) * columns + column // patch
        area = frame, row // patch * patch, column // patch * patch, patch, patch
    else:
        side = model.config.output_shape[-1]
        number, area = (frame * side + row) * side + column, (frame, row, column, 1, 1)
    return {"image": torch.tensor([number]), "audio": NOTHING, "label": None}, area


def sample_query(model: ClipModel, sample: int) -> tuple[Wanted, tuple[int, int]]:
    """The query that decodes an audio sample, and all samples it decodes: (first sample, samples)."""
    patch = model.config.samples_per_patch
    number = sample // patch
    return {"image": NOTHING, "audio": torch.tensor([number]), "label": None}, (number * patch, patch)


LABEL_QUERY: Wanted = {"image": NOTHING, "audio": NOTHING, "label": None}


def _pixels(model: PerceiverForMultimodalAutoencoding) -> Tensor:
    return torch.arange(model.config.output_shape[-1], dtype=torch.float32)


def _patches(model: PerceiverForPatchMultimodal, encoded: Encoded, times: Tensor, top: float, left: float) -> Tensor:
    """[k, 3, S, S], with the grid of patches shifted by fractions of a pixel."""
    wanted = {"image": video_places(model.config, times, top, left), "audio": NOTHING, "label": None}
    patches = decode(model, encoded, wanted)["image"]
    return video_of_patches(patches, (len(times), *grid(model.config, "image")[1:]))[0]


def _interleaved(grids: list[list[Tensor]]) -> Tensor:
    """Four images, each shifted by a quarter of a pixel, as one image of twice the height and width."""
    rows = [torch.stack(row, dim=-1).flatten(-2) for row in grids]
    return torch.stack(rows, dim=-2).flatten(-3, -2)
