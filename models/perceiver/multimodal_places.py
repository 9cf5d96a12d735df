"""Where something is in a clip, and the Fourier features of that: the same for inputs, queries and latents.

A place is a share of the clip: 0 at its beginning, top or left, 1 at its end. Video has places (time, row, column),
sound has (time,). Frequencies are octaves from half a wave over the whole clip on, so that no two places look alike.
"""

import math

import torch
from torch import Tensor
from transformers import PerceiverConfig

FREQUENCIES = {
    "image": ((1, 2, 4, 8, 16), (1, 2, 4, 8), (1, 2, 4, 8)),
    "audio": ((1, 2, 4, 8, 16, 32, 64, 128),),
}
"""Half waves over the clip, for each axis of a place."""
BANDS = {modality: sum(map(len, axes)) for modality, axes in FREQUENCIES.items()}
PLACE = 2 * sum(BANDS.values())
"""Channels that hold a place: sines and cosines for the sound's, then for the video's; the other's are 0."""
START = {"audio": 0, "image": 2 * BANDS["audio"]}
"""The first channel of each."""


def place_features(places: Tensor, modality: str) -> Tensor:
    """places [n, 1] (sound) or [n, 3] (video), 0 to 1 -> [n, PLACE]: sines, then cosines, of all axes."""
    angles = torch.cat(
        [
            math.pi * places[:, axis, None] * torch.tensor(frequencies, device=places.device)
            for axis, frequencies in enumerate(FREQUENCIES[modality])
        ],
        dim=1,
    )
    features = torch.zeros(len(places), PLACE, device=places.device)
    features[:, START[modality] : START[modality] + 2 * BANDS[modality]] = torch.cat([angles.sin(), angles.cos()], 1)
    return features


def grid(config: PerceiverConfig, modality: str) -> tuple[int, ...]:
    """Patches along each axis: (times, rows, columns) or (times,)."""
    if modality == "audio":
        return (config.num_frames * config.audio_samples_per_frame // config.samples_per_patch,)
    side = config.image_size // config.patch_size
    return (config.num_frames, side, side)


def middles(*counts: int) -> Tensor:
    """The middles of equal parts, counts[i] along axis i: float [product of counts, axes]."""
    axes = [(torch.arange(count) + 0.5) / count for count in counts]
    return torch.cartesian_prod(*axes).reshape(-1, len(counts))


def video_places(config: PerceiverConfig, times: Tensor, top: float = 0, left: float = 0) -> Tensor:
    """Where to ask for patches side by side, the first of them at (top, left), as many as lie within the frame.

    times: [n] in frames: 0 is the first, 0.5 between the first two. top, left: pixels, also parts of one: a patch may
    stick out by less than half a pixel. For twice the resolution ask four times, with -1/4 and 1/4 for both, and
    interleave the pixels. Returns float [n rows columns, 3], in order.
    """
    patch = config.patch_size
    size = grid(config, "image")[1] * patch
    rows, columns = (_row_of_patches(first, patch, size)[:, 0] for first in (top, left))
    return torch.cartesian_prod((times.float().cpu() + 0.5) / config.num_frames, rows, columns)


def sound_places(config: PerceiverConfig, first: float = 0) -> Tensor:
    """Where to ask for patches one after the other, from sample `first` on: float [n, 1]."""
    return _row_of_patches(first, config.samples_per_patch, config.num_frames * config.audio_samples_per_frame)


def _row_of_patches(first: float, patch: int, whole: int) -> Tensor:
    """[n, 1]: the middles of patches from `first` on, as shares of the whole."""
    return (torch.arange(first + patch / 2, whole - patch / 2 + 0.499, patch) / whole)[:, None]
