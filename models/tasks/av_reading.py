"""Prepares a clip for the model: checks the request, resamples the clip, and cuts it into windows."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.data import av_clip
from models.perceiver.checkpoints import labels_of
from models.perceiver.clip_models import ClipShape, clip_shape
from models.schema import AvAutoencodingRequest, InputError, resolved
from models.tasks.task import Loaded

_MODALITIES = ("image", "audio", "label")
_RATES = range(1_000, 400_000)


@dataclass(frozen=True, slots=True)
class ReadClip:
    """frames: uint8 [t, S, S, 3]; audio: float32 [t * samples_per_frame], as the model reads them.

    answers: uint8, the frames at the output resolution; the same as `frames` without `upsample`.
    fps: of `answers`.
    """

    shape: ClipShape
    frames: np.ndarray
    audio: np.ndarray
    answers: np.ndarray
    fps: float

    @property
    def starts(self) -> tuple[int, ...]:
        """First frames of the windows."""
        return av_clip.window_starts(len(self.frames), self.shape.frames)

    @property
    def times(self) -> int:
        """Output frames per input frame."""
        return len(self.answers) // len(self.frames)

    def first_sample(self, window: int) -> int:
        return self.starts[window] * self.shape.samples_per_frame

    def window_of(self, frame: int) -> int:
        """Index of the window that decodes an input frame."""
        return av_clip.window_of(frame, len(self.frames), self.shape.frames)

    def moments(self, frames: list[int], window: int) -> Tensor:
        """Times of output frames in frames of the window: the centers of equal parts of each input frame."""
        return (torch.tensor(frames, dtype=torch.float32) + 0.5) / self.times - 0.5 - self.starts[window]


def read_clip(request: AvAutoencodingRequest, loaded: Loaded) -> ReadClip:
    """Raises InputError for an invalid request."""
    _check(request)
    if request.label is not None:
        _check_label(request.label, loaded)
    shape = clip_shape(loaded.model.config)
    count = av_clip.frames_in(len(resolved(request.frames)) / request.fps, shape.fps)
    _check_answers(request, shape, count)
    frames = _squares(request, shape.fps, shape.side, count)
    answers, fps = frames, shape.fps
    if request.upsample == "pixels":
        answers = _squares(request, fps, 2 * shape.side, count)
    elif request.upsample == "frames":
        fps = 2 * fps
        answers = _squares(request, fps, shape.side, 2 * count)
    heard = av_clip.resampled(resolved(request.audio), request.sample_rate, shape.sample_rate)
    return ReadClip(shape, frames, av_clip.fitted(heard, count * shape.samples_per_frame), answers, fps)


def window_of_clip(clip: ReadClip, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Frames uint8 [T, S, S, 3] and sound float32 [samples] of a window."""
    frames = av_clip.window_frames(clip.frames, clip.starts[window], clip.shape.frames)
    return frames, av_clip.fitted(clip.audio[clip.first_sample(window) :], clip.shape.samples)


def model_inputs(request: AvAutoencodingRequest, loaded: Loaded, clip: ReadClip, window: int) -> dict[str, Tensor]:
    """Inputs of the model for one window; masked modalities are zeros."""
    frames, audio = window_of_clip(clip, window)
    label = torch.zeros(1, len(labels_of(loaded.model.config)))
    if request.label is not None:
        label[0, request.label] = 1
    inputs = {
        "image": torch.from_numpy(frames).permute(0, 3, 1, 2)[None].float() / 255,
        "audio": torch.from_numpy(audio)[None, :, None],
        "label": label,
    }
    hidden = {name: torch.zeros_like(inputs[name]) for name in request.blank}
    return {name: values.to(loaded.model.dtype) for name, values in (inputs | hidden).items()}


def _squares(request: AvAutoencodingRequest, fps: float, side: int, count: int) -> np.ndarray:
    """uint8 [count, side, side, 3]."""
    frames = resolved(request.frames)
    chosen = av_clip.shown_at(np.arange(len(frames)) / request.fps, count, fps).tolist()
    squares = {number: av_clip.square(frames[number], side) for number in set(chosen)}
    return np.stack([squares[number] for number in chosen])


def _check(request: AvAutoencodingRequest) -> None:
    frames, audio = resolved(request.frames), resolved(request.audio)
    if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8:
        raise InputError("Frames must be RGB, a uint8 array [t, h, w, 3].")
    if not frames.size:
        raise InputError("The clip has no frames.")
    if not 0 < request.fps <= 1000:
        raise InputError(f"The frame rate must be above 0 and at most 1000, not {request.fps:g}.")
    if len(frames) / request.fps > av_clip.LONGEST_SECONDS + 0.5:
        raise InputError(f"The clip is too long. The limit is {av_clip.LONGEST_SECONDS} seconds. Trim it.")
    if audio.ndim != 1 or not np.isfinite(audio).all():
        raise InputError("Audio must be one channel of finite samples, a float32 array [samples].")
    if request.sample_rate not in _RATES:
        raise InputError(
            f"The sample rate must be {_RATES.start:,} to {_RATES.stop - 1:,} Hz, not {request.sample_rate:,}."
        )
    if unknown := set(request.blank) - set(_MODALITIES):
        raise InputError(
            f"Only {', '.join(_MODALITIES[:-1])} and {_MODALITIES[-1]} can be masked, not {unknown.pop()!r}."
        )
    if request.upsample not in (None, "pixels", "frames"):
        raise InputError(f"The output can be upsampled in pixels or frames, not {request.upsample!r}.")


def _check_answers(request: AvAutoencodingRequest, shape: ClipShape, count: int) -> None:
    upsample = {None: 1, "frames": 2, "pixels": 4}[request.upsample]
    most = av_clip.MAX_OUTPUT_PIXELS // (upsample * shape.side**2)
    if count > most:
        raise InputError(
            f"The clip is too long for this output resolution. The limit is {most / shape.fps:.0f} seconds. "
            "Trim it, or choose the native resolution."
        )


def _check_label(label: int, loaded: Loaded) -> None:
    if loaded.checkpoint.weights == "published":
        raise InputError("The published model always masks the label, so it cannot be conditioned on one.")
    count = len(labels_of(loaded.model.config))
    if not 0 <= label < count:
        raise InputError(f"There is no label {label}. The model has labels 0 to {count - 1}.")
