"""A clip that was asked about, as the model reads it: checked, at the model's own rates, and cut into windows."""

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
    """frames: uint8 [t, S, S, 3] and audio: float32 [t * samples_per_frame], as the model reads them.

    answers: uint8, the same frames at the resolution that is asked for: those that are read, unless it is upsample.
    fps: of these.
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
        """Frames that are asked for, for each that is read."""
        return len(self.answers) // len(self.frames)

    def first_sample(self, window: int) -> int:
        return self.starts[window] * self.shape.samples_per_frame

    def window_of(self, frame: int) -> int:
        """The window that answers for a frame as it is read."""
        return av_clip.window_of(frame, len(self.frames), self.shape.frames)

    def moments(self, frames: list[int], window: int) -> Tensor:
        """When frames of the answer are, in frames of a window: in the middles of equal parts of each."""
        return (torch.tensor(frames, dtype=torch.float32) + 0.5) / self.times - 0.5 - self.starts[window]


def read_clip(request: AvAutoencodingRequest, loaded: Loaded) -> ReadClip:
    """Raises InputError, in words for the visitor, for what cannot be asked."""
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
    """A window as the model's own forward takes it; what is hidden is zeros."""
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
    """uint8 [count, side, side, 3]"""
    frames = resolved(request.frames)
    chosen = av_clip.shown_at(np.arange(len(frames)) / request.fps, count, fps).tolist()
    squares = {number: av_clip.square(frames[number], side) for number in set(chosen)}
    return np.stack([squares[number] for number in chosen])


def _check(request: AvAutoencodingRequest) -> None:
    frames, audio = resolved(request.frames), resolved(request.audio)
    if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8:
        raise InputError("Frames are RGB, of 8 bits a color: an array uint8 [t, h, w, 3].")
    if not frames.size:
        raise InputError("There is not one frame in this clip.")
    if not 0 < request.fps <= 1000:
        raise InputError(f"{request.fps:g} frames a second cannot be read: above 0, at most 1000.")
    if len(frames) / request.fps > av_clip.LONGEST_SECONDS + 0.5:
        raise InputError(f"This clip is too long: at most {av_clip.LONGEST_SECONDS} seconds can be rebuilt.")
    if audio.ndim != 1 or not np.isfinite(audio).all():
        raise InputError("The sound is one channel of finite samples: an array float32 [samples].")
    if request.sample_rate not in _RATES:
        raise InputError(f"A sound of {request.sample_rate} samples a second cannot be read.")
    if unknown := set(request.blank) - set(_MODALITIES):
        raise InputError(
            f"What is hidden is {', '.join(_MODALITIES[:-1])} or {_MODALITIES[-1]}, not {unknown.pop()!r}."
        )
    if request.upsample not in (None, "pixels", "frames"):
        raise InputError(f"Between the pixels or between the frames, not {request.upsample!r}.")


def _check_answers(request: AvAutoencodingRequest, shape: ClipShape, count: int) -> None:
    upsample = {None: 1, "frames": 2, "pixels": 4}[request.upsample]
    most = av_clip.MAX_OUTPUT_PIXELS // (upsample * shape.side**2)
    if count > most:
        raise InputError(
            f"So much upsample than it was read, at most {most / shape.fps:.0f} seconds can be rebuilt: cut out a part of "
            "the clip, or ask for it as it was read."
        )


def _check_label(label: int, loaded: Loaded) -> None:
    if loaded.checkpoint.weights == "published":
        raise InputError("The published model hides the label from itself: it cannot be told one.")
    count = len(labels_of(loaded.model.config))
    if not 0 <= label < count:
        raise InputError(f"There is no label {label}: this model has labels 0 to {count - 1}.")
