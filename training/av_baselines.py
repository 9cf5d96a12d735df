"""Baselines for audio-video autoencoding: one color, the mean clip, and PCA with as many numbers as the latents."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from training.av_clips import SIZE, Clips, Studio
from training.av_evaluation import held_out_clips, mean_color, rebuilt_scores
from training.av_sounds import read_recordings

CLIPS = 512
"""Training clips for the mean clip and the PCA."""
VIDEO_BLOCK, SOUND_BLOCK = (8, 8, 8), 256
"""Frames, rows and columns, and samples, of a block of the PCA: the parts of a clip that the latents start with."""
NUMBERS = 112 * 192
"""Size of the latent array of the model."""


@dataclass(frozen=True, slots=True)
class Components:
    """mean: [n]. basis: [k, n], orthonormal rows."""

    mean: Tensor
    basis: Tensor

    def rebuild(self, blocks: Tensor) -> Tensor:
        """[…, n] -> [k] numbers each -> […, n]."""
        return (blocks - self.mean) @ self.basis.T @ self.basis + self.mean


def baselines(data: Path) -> dict:
    """{method: as `rebuilt_scores`}. None of the methods classifies."""
    training, clips = Studio(read_recordings(data)[0]).draw(0, CLIPS), held_out_clips(data)
    rebuilt = {
        "mean_color": (mean_color(clips.frames), torch.zeros_like(clips.sound)),
        "mean_clip": (
            training.frames.mean(dim=0).expand_as(clips.frames),
            training.sound.mean(dim=0).expand_as(clips.sound),
        ),
        "pca": by_components(training, clips, NUMBERS),
    }
    return {name: rebuilt_scores(*found, clips) for name, found in rebuilt.items()}


def by_components(training: Clips, clips: Clips, numbers: int) -> tuple[Tensor, Tensor]:
    """Frames and audio of the clips, reconstructed from `numbers` each: the same count for every block."""
    of_video, of_sound = video_blocks(training.frames), sound_blocks(training.sound)
    each = numbers // (of_video.shape[1] + of_sound.shape[1])
    video, sound = (components(blocks.flatten(0, 1), each) for blocks in (of_video, of_sound))
    heard = sound.rebuild(sound_blocks(clips.sound)).flatten(1)
    return frames_of(video.rebuild(video_blocks(clips.frames))), heard[..., None]


def components(samples: Tensor, count: int) -> Components:
    """The `count` directions in which the samples [m, n] vary most; all n if there are fewer."""
    mean = samples.mean(dim=0)
    away = samples - mean
    vectors = torch.linalg.eigh(away.T @ away).eigenvectors  # from least to most
    return Components(mean, vectors[:, -min(count, samples.shape[1]) :].T)


def video_blocks(frames: Tensor) -> Tensor:
    """[B, T, 3, S, S] -> [B, blocks, values]."""
    times, rows, columns = VIDEO_BLOCK
    split = frames.unflatten(4, (-1, columns)).unflatten(3, (-1, rows)).unflatten(1, (-1, times))
    return split.permute(0, 1, 4, 6, 2, 3, 5, 7).flatten(4).flatten(1, 3)


def frames_of(blocks: Tensor) -> Tensor:
    """[B, blocks, values], as `video_blocks` gives them -> [B, T, 3, S, S]."""
    times, rows, columns = VIDEO_BLOCK
    split = blocks.unflatten(2, (times, 3, rows, columns)).unflatten(1, (-1, SIZE // rows, SIZE // columns))
    return split.permute(0, 1, 4, 5, 2, 6, 3, 7).flatten(6, 7).flatten(4, 5).flatten(1, 2)


def sound_blocks(sound: Tensor) -> Tensor:
    """[B, samples, 1] -> [B, blocks, SOUND_BLOCK]."""
    return sound[..., 0].unflatten(1, (-1, SOUND_BLOCK))
