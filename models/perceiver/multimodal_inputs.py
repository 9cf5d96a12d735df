"""Inputs of the small multimodal Perceiver: patches of frames and audio with their positions."""

import math
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import PerceiverConfig
from transformers.models.perceiver.modeling_perceiver import AbstractPreprocessor

from models.perceiver.multimodal_places import PLACE, grid, middles, place_features

KIND = 6
"""Channels that only encode the modality of an input (padding in transformers)."""
WINDOW = 256
"""Samples in the window of the spectrum of an audio patch."""
SPECTRUM = 32
"""Bands of the spectrum."""
LOUDER = 1.5
"""Factor of the samples: as large as possible without the layer norm making all sounds equally loud."""
QUIETEST = 1e-4
"""Power that is treated as silence."""


class VideoPreprocessor(AbstractPreprocessor):
    """Frames to inputs: one input per patch of consecutive frames."""

    def __init__(self, config: PerceiverConfig):
        super().__init__()
        times, *sides = grid(config, "image")
        self.dims, self.frames, self.patch = (
            (times // config.input_frames, *sides),
            config.input_frames,
            config.patch_size,
        )
        self.features = nn.Linear(self.frames * 3 * self.patch**2, config.d_model - PLACE - KIND)

    @property
    def num_channels(self) -> int:
        return self.features.out_features + PLACE

    def forward(
        self, inputs: Tensor, pos: Tensor | None = None, network_input_is_1d: bool = True
    ) -> tuple[Tensor, None, Tensor]:
        """[B, T, 3, S, S], 0 to 1 -> inputs [B, M, C], None, and the inputs without positions."""
        patches = patches_of_video(inputs.unflatten(1, (-1, self.frames)).flatten(2, 3), self.patch)
        return _with_places(self.features(2 * patches - 1), self.dims, "image")


class SoundPreprocessor(AbstractPreprocessor):
    """Audio to inputs: one input per patch, its samples and the spectrum around it."""

    def __init__(self, config: PerceiverConfig):
        super().__init__()
        self.patch = config.input_samples
        self.dims = (config.num_frames * config.audio_samples_per_frame // self.patch,)
        self.features = nn.Linear(self.patch + SPECTRUM, config.d_model - PLACE - KIND)

    @property
    def num_channels(self) -> int:
        return self.features.out_features + PLACE

    def forward(
        self, inputs: Tensor, pos: Tensor | None = None, network_input_is_1d: bool = True
    ) -> tuple[Tensor, None, Tensor]:
        """[B, samples, 1], -1 to 1 -> inputs [B, M, C], None, and the inputs without positions."""
        sound = inputs[..., 0]
        patches = LOUDER * sound.unflatten(-1, (-1, self.patch))
        seen = torch.cat([patches, log_spectrum(sound, self.patch).to(patches.dtype)], dim=-1)
        return _with_places(self.features(seen), self.dims, "audio")


def patches_of_video(frames: Tensor, patch: int) -> Tensor:
    """Frames [B, T, C, height, width], sides multiples of patch -> [B, T rows columns, C patch²], in order."""
    split = frames.unflatten(-1, (-1, patch)).unflatten(-3, (-1, patch))
    return split.permute(0, 1, 3, 5, 2, 4, 6).flatten(4).flatten(1, 3)


def log_spectrum(sound: Tensor, hop: int) -> Tensor:
    """Level of each mel band in a window around each patch: [B, samples] -> float32 [B, samples / hop, SPECTRUM].

    Logarithms, about -0.2 to 0.2: see LOUDER.
    """
    side = (WINDOW - hop) // 2
    windows = F.pad(sound.float(), (side, WINDOW - hop - side)).unfold(-1, WINDOW, hop)
    power = torch.fft.rfft(windows * torch.hann_window(WINDOW, device=sound.device)).abs().square()
    with torch.autocast(sound.device.type, enabled=False):
        bands = power @ _mel_bands(WINDOW // 2 + 1).to(sound.device)
    return 0.08 * ((bands + QUIETEST).log10() + 1.2)


@cache
def _mel_bands(bins: int) -> Tensor:
    """[bins, SPECTRUM]: triangular filters, evenly spaced on the mel scale up to 4 kHz."""

    def mel(hertz: float) -> float:
        return 2595 * math.log10(1 + hertz / 700)

    edges = 700 * (10 ** (torch.linspace(mel(60), mel(4000), SPECTRUM + 2) / 2595) - 1)
    hertz = torch.linspace(0, 4000, bins)[:, None]
    rising = (hertz - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hertz) / (edges[2:] - edges[1:-1])
    return torch.minimum(rising, falling).clamp(min=0)


def _with_places(seen: Tensor, dims: tuple[int, ...], modality: str) -> tuple[Tensor, None, Tensor]:
    places = place_features(middles(*dims).to(seen.device), modality).to(seen.dtype)
    return torch.cat([seen, places.expand(len(seen), -1, -1)], dim=-1), None, seen
