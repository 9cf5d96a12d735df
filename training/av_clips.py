"""Clips generated during training: a digit that moves, and the same digit spoken."""

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from training.av_animation import FRAMES, animation
from training.av_glyphs import digit_masks
from training.av_sounds import Spoken, a_second

SIZE = 48
"""Pixels along each side of a frame."""
SPEED = 0.3
"""Largest change of speed of training recordings, in octaves."""
ESPEAK = 0.3
"""Share of the training clips with a voice of espeak-ng."""


@dataclass(frozen=True, slots=True)
class Clips:
    """frames: float32 [B, 16, 3, SIZE, SIZE], 0 to 1. between: as frames, at the times of `between_times` [k].

    sound: float32 [B, 8192, 1], -1 to 1. digits: int64 [B].
    """

    frames: Tensor
    between: Tensor
    between_times: Tensor
    sound: Tensor
    digits: Tensor

    @property
    def inputs(self) -> dict[str, Tensor]:
        """As the model takes them, label included."""
        labels = torch.nn.functional.one_hot(self.digits, 10).float()
        return {"image": self.frames, "audio": self.sound, "label": labels}

    def to(self, device: torch.device | str) -> "Clips":
        return Clips(*(getattr(self, field.name).to(device) for field in fields(self)))

    def first(self, count: int) -> "Clips":
        """The first `count`, without the frames in between."""
        rest = (self.between[:count, :0], self.between_times[:0])
        return Clips(self.frames[:count], *rest, self.sound[:count], self.digits[:count])


class Studio:
    """Makes clips; the same seed gives the same clips."""

    def __init__(self, recordings: Spoken, voices: Spoken | None = None):
        self._recordings, self._voices, self._masks = recordings, voices, digit_masks()

    def draw(self, seed: int, batch: int, between: int = 0) -> Clips:
        """For training: random digits, recordings and voices; `between` random times between two frames."""
        generator = np.random.default_rng(seed)
        digits = generator.integers(0, 10, batch)
        times = generator.permutation(FRAMES - 1)[:between] + 0.5
        frames = np.stack([self._animated(digit, times, generator) for digit in digits])
        sounds = [a_second(self._any(digit, generator), generator, SPEED) for digit in digits]
        return _clips(frames, times, np.stack(sounds), digits)

    def all_recordings(self, seed: int) -> Clips:
        """For evaluation: one clip for every recording, unchanged, and a frame between each two."""
        generator = np.random.default_rng(seed)
        spoken = [(digit, sound) for digit, sounds in enumerate(self._recordings.sounds) for sound in sounds]
        order = generator.permutation(len(spoken))
        digits = np.array([spoken[index][0] for index in order])
        times = np.arange(FRAMES - 1) + 0.5
        frames = np.stack([self._animated(digit, times, generator) for digit in digits])
        sounds = np.stack([a_second(spoken[index][1], generator) for index in order])
        return _clips(frames, times, sounds, digits)

    def _animated(self, digit: int, between: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        return animation(self._masks[digit], np.concatenate([np.arange(FRAMES), between]), SIZE, generator)

    def _any(self, digit: int, generator: np.random.Generator) -> np.ndarray:
        source = self._recordings
        if self._voices is not None and generator.random() < ESPEAK:
            source = self._voices
        sounds = source.sounds[digit]
        return sounds[generator.integers(len(sounds))]


def _clips(frames: np.ndarray, times: np.ndarray, sounds: np.ndarray, digits: np.ndarray) -> Clips:
    pixels = torch.from_numpy(frames).permute(0, 1, 4, 2, 3).float().div_(255)
    return Clips(
        frames=pixels[:, :FRAMES],
        between=pixels[:, FRAMES:],
        between_times=torch.from_numpy(times),
        sound=torch.from_numpy(sounds)[..., None],
        digits=torch.from_numpy(digits),
    )
