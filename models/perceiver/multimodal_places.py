"""Positions in a clip and their Fourier features, the same for inputs, queries and latents.

A position is a fraction of the clip: 0 at its start, top or left, 1 at its end. Video has positions (time, row,
column), audio has (time,). Frequencies are octaves from half a wave over the whole clip, so that all positions differ.
"""

import math

import torch
from torch import Tensor
from transformers import PerceiverConfig

FREQUENCIES = {
    "image": ((1, 2, 4, 8, 16), (1, 2, 4, 8), (1, 2, 4, 8)),
    "audio": ((1, 2, 4, 8, 16, 32, 64, 128),),
}
"""Half waves over the clip, for each axis of a position."""
BANDS = {modality: sum(map(len, axes)) for modality, axes in FREQUENCIES.items()}
PLACE = 2 * sum(BANDS.values())
"""Channels of a position: sines and cosines for audio, then for video; those of the other modality are 0."""
START = {"audio": 0, "image": 2 * BANDS["audio"]}
"""First channel of each modality."""


def place_features(places: Tensor, modality: str) -> Tensor:
    """positions [n, 1] (audio) or [n, 3] (video), 0 to 1 -> [n, PLACE]: sines, then cosines, of all axes."""
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
    """Centers of equal parts, counts[i] along axis i: float [product of counts, axes]."""
    axes = [(torch.arange(count) + 0.5) / count for count in counts]
    return torch.cartesian_prod(*axes).reshape(-1, len(counts))


def video_places(config: PerceiverConfig, times: Tensor, top: float = 0, left: float = 0) -> Tensor:
    """Positions of a grid of patches, the first of them at (top, left), as many as fit into the frame.

    times: [n] in frames: 0 is the first, 0.5 between the first two.
    top, left: in pixels, may be fractional: a patch may extend beyond the frame by less than half a pixel. For twice
        the resolution, decode four grids, with -1/4 and 1/4 for both, and interleave the pixels.

    Returns float [n rows columns, 3], in order.
    """
    patch = config.patch_size
    size = grid(config, "image")[1] * patch
    rows, columns = (_row_of_patches(first, patch, size)[:, 0] for first in (top, left))
    return torch.cartesian_prod((times.float().cpu() + 0.5) / config.num_frames, rows, columns)


def sound_places(config: PerceiverConfig, first: float = 0) -> Tensor:
    """Positions of consecutive patches from sample `first` on: float [n, 1]."""
    return _row_of_patches(first, config.samples_per_patch, config.num_frames * config.audio_samples_per_frame)


def _row_of_patches(first: float, patch: int, whole: int) -> Tensor:
    """[n, 1]: centers of patches from `first` on, as fractions of the whole."""
    return (torch.arange(first + patch / 2, whole - patch / 2 + 0.499, patch) / whole)[:, None]
