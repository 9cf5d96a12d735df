"""Clips on their way to the multimodal autoencoder, and back: from a file to a request, from a result to a film."""

import math
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from models.backend.local import ModelService
from models.data.av_clip import frames_in
from models.data.media.clip import Clip
from models.data.media.sound import read_sound
from models.data.media.squares import check_moving, read_squares
from models.data.media.writing import write_clip
from models.schema import AvAutoencodingRequest, AvAutoencodingResult, FramePixel, ModelShape, SoundAt
from pages.link import AvView

FILM_SIDE = 240
"""Pixels that frames are enlarged to at least, each pixel as a square: browsers would blur them."""


def av_request(service: ModelService, clip: Clip, view: AvView) -> AvAutoencodingRequest:
    """What is asked of the model, but for the probe: of the clip no more is held than what it reads.

    Raises InputError, in words for the visitor, for what cannot be rebuilt.
    """
    check_moving(clip)
    shape = service.shape("av_autoencoding", view.weights)
    # An odd number of frames for each that is read, so that the one in their middle is what is read without them, too.
    fps = shape.fps * (3 if view.finer == "frames" else 1)
    frames = read_squares(clip, fps, shape.image_size * (2 if view.finer == "pixels" else 1))
    audio = read_sound(clip, shape.sample_rate)
    finer: Any = view.finer or None
    hidden: Any = frozenset(view.hidden)
    asked = AvAutoencodingRequest(frames, fps, audio, shape.sample_rate, hidden, view.label, finer=finer)
    return replace(asked, weights=view.weights)


def outputs_of(request: AvAutoencodingRequest, shape: ModelShape) -> int:
    """How many outputs a probe can ask about, but for the class: pixels and samples, as they are read."""
    frames = frames_in(len(request.frames) / request.fps, shape.fps)
    return frames * (shape.image_size**2 + round(shape.sample_rate / shape.fps))


def target_of(output: int, request: AvAutoencodingRequest, shape: ModelShape) -> FramePixel | SoundAt:
    """The output of a flat index: pixels (frame, row, column) first, then the samples of the sound."""
    size = frames_in(len(request.frames) / request.fps, shape.fps), shape.image_size, shape.image_size
    pixels = math.prod(size)
    if output >= pixels:
        return SoundAt(output - pixels)
    return FramePixel(*map(int, np.unravel_index(output, size)))


def write_film(path: Path, frames: np.ndarray, audio: np.ndarray, result: AvAutoencodingResult) -> None:
    """An MP4, its pixels enlarged to squares. frames: uint8 [t, s, s, 3]; audio: as long as these."""
    write_clip(path, _enlarged(frames), result.fps, audio, result.sample_rate)


def _enlarged(frames: np.ndarray) -> Iterable[np.ndarray]:
    factor = -(-FILM_SIDE // frames.shape[1])
    return (frame.repeat(factor, axis=0).repeat(factor, axis=1) for frame in frames)
