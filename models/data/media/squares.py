"""A clip as a model reads it, streamed from its file so that few frames are in memory at a time."""

import math
from collections.abc import Iterable
from typing import Literal, get_args

import numpy as np

from models.data.av_clip import LONGEST_SECONDS, at_rate
from models.data.media.clip import Clip
from models.data.media.reading import read_frames
from models.data.media.sound import read_sound
from models.schema import AvAutoencodingRequest, InputError, Modality, ModelShape, Weights

Resolution = Literal["native", "pixels", "frames"]
"""Output resolution: native, twice as many pixels along each side, or twice the frame rate."""
RESOLUTIONS: tuple[Resolution, ...] = get_args(Resolution)


def check_moving(clip: Clip) -> None:
    """Raises InputError for a still image, and for a clip that is too long to reconstruct."""
    if clip.frames < 2:
        raise InputError("The file is a still image. Use a clip of at least two frames.")
    if clip.duration > LONGEST_SECONDS + 0.5:
        raise InputError(f"The clip is too long: {clip.duration:.0f} seconds. The limit is {LONGEST_SECONDS}. Trim it.")


def read_squares(clip: Clip, fps: float, side: int) -> np.ndarray:
    """Center squares of the frames at `fps` frames per second: uint8 [t, side, side, 3].

    Raises InputError if the file is gone or has changed.
    """
    longest = math.ceil(side * max(clip.width, clip.height) / min(clip.width, clip.height))
    return at_rate(read_frames(clip, 0, clip.frames, longest), clip.times, clip.duration, fps, side)


def av_request(
    clip: Clip,
    shape: ModelShape,
    weights: Weights = "embedded",
    blank: Iterable[Modality] = (),
    label: int | None = None,
    resolution: Resolution = "native",
) -> AvAutoencodingRequest:
    """A request, without a probe, to reconstruct a clip; it holds only the frames that the model reads.

    shape: of the model that `weights` names.

    Raises InputError for a clip that cannot be reconstructed.
    """
    check_moving(clip)
    # An odd number of frames for each frame that the model reads: the middle one is the frame at the native rate.
    fps = shape.fps * (3 if resolution == "frames" else 1)
    frames = read_squares(clip, fps, shape.image_size * (2 if resolution == "pixels" else 1))
    audio = read_sound(clip, shape.sample_rate)
    upsample = None if resolution == "native" else resolution
    return AvAutoencodingRequest(
        frames, fps, audio, shape.sample_rate, frozenset(blank), label, upsample=upsample, weights=weights
    )
