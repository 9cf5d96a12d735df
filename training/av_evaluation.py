"""Scores of reconstruction and classification, on fixed clips with recordings that training does not see."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from training.av_clips import Clips, Studio
from training.av_sounds import read_recordings

SEED = 0
BARS = {"video_db": 3.0, "both": 0.85, "video_alone": 0.80, "sound_alone": 0.50, "sound_db": 1.0}
"""Required scores: video in dB above the mean color, accuracies of the digit, audio in dB."""
AIMS = {"video_db": 6.0, "both": 0.97, "video_alone": 0.95, "sound_alone": 0.80, "sound_db": 6.0}

Rebuild = Callable[[dict[str, Tensor], Tensor], dict[str, Tensor]]
"""Inputs as the model takes them, and times [k] in frames -> "image" [n, k, 3, S, S], "audio" [n, samples, 1] and
"label" [n, 10], scores."""
Name = Callable[[dict[str, Tensor]], Tensor]
"""Scores of the label only."""


def held_out_clips(data: Path) -> Clips:
    """One clip for each held-out recording, each with its own animation."""
    return Studio(read_recordings(data)[1]).all_recordings(SEED)


def evaluate(rebuild: Rebuild, name: Name, clips: Clips) -> dict:
    """The scores of BARS and the cross-entropies, all with masked labels.

    "between_db": the same as "video_db" for frames between the input frames, if the clips have any.
    """
    inputs, count = blanked(clips.inputs, "label"), clips.frames.shape[1]
    found = rebuild(inputs, torch.cat([torch.arange(count), clips.between_times.cpu()]))
    labels = {
        "both": found["label"],
        "video_alone": name(blanked(inputs, "audio")),
        "sound_alone": name(blanked(inputs, "image")),
    }
    named = {which: (scores.argmax(dim=1) == clips.digits).float().mean().item() for which, scores in labels.items()}
    nats = {f"{which}_nats": F.cross_entropy(scores.float(), clips.digits).item() for which, scores in labels.items()}
    scores = rebuilt_scores(found["image"][:, :count], found["audio"], clips)
    if len(clips.between_times):
        scores["between_db"] = _above_mean_color(found["image"][:, count:], clips.between)
    return scores | {key: round(value, 4) for key, value in (named | nats).items()}


def rebuilt_scores(frames: Tensor, sound: Tensor, clips: Clips) -> dict:
    """video_db: PSNR above that of each clip's mean color; video_psnr; sound_db: SNR. Means over the clips."""
    return {
        "video_db": _above_mean_color(frames, clips.frames),
        "video_psnr": round(psnr(frames, clips.frames).mean().item(), 4),
        "sound_db": round(snr(sound, clips.sound).mean().item(), 4),
    }


def _above_mean_color(found: Tensor, frames: Tensor) -> float:
    return round((psnr(found, frames) - psnr(mean_color(frames), frames)).mean().item(), 4)


def blanked(inputs: dict[str, Tensor], *names: str) -> dict[str, Tensor]:
    """The inputs with zeros in the named modalities."""
    return inputs | {name: torch.zeros_like(inputs[name]) for name in names}


def psnr(found: Tensor, frames: Tensor) -> Tensor:
    """[n] dB, of colors clamped to 0..1."""
    return -10 * (found.float().clamp(0, 1) - frames).square().flatten(1).mean(dim=1).clamp(min=1e-10).log10()


def snr(found: Tensor, sound: Tensor) -> Tensor:
    """[n] dB: power of the audio relative to the power of the error."""
    power, wrong = (x.square().flatten(1).sum(dim=1).clamp(min=1e-10) for x in (sound, found.float() - sound))
    return 10 * (power / wrong).log10()


def mean_color(frames: Tensor) -> Tensor:
    """Each clip as its mean color, [n, T, 3, S, S]."""
    return frames.mean(dim=(1, 3, 4), keepdim=True).expand_as(frames)


def met(scores: dict) -> bool:
    return all(scores[name] >= bar for name, bar in BARS.items())
