"""Losses of the audio-video autoencoder: some inputs are masked, and a part of the outputs is decoded."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import PerceiverConfig

from models.perceiver.engine import decode, encode
from models.perceiver.multimodal_inputs import patches_of_video
from models.perceiver.multimodal_places import sound_places, video_places
from models.perceiver.patch_multimodal import PerceiverForPatchMultimodal
from training.av_clips import Clips

BLANK = {"image": 0.2, "audio": 0.35, "label": 0.5}
"""How often each modality is masked; video and audio never both."""
UNSEEN = 0.05
"""Weight of an error in a masked modality, of which only the average clip is known."""
MOVED = 0.25
"""How often the grid of queries is moved: by any number of pixels, and by up to an eighth of a patch of audio."""
PLAIN, SILENT = 5e-3, 1e-5
"""Lower bounds for the variance of colors and the power of audio that errors are divided by."""


@dataclass(frozen=True, slots=True)
class Targets:
    """Positions [Q, axes] of queries and the values [B, Q, values] there, for one modality."""

    places: Tensor
    values: Tensor

    def some(self, share: float) -> "Targets":
        kept = torch.randperm(len(self.places))[: max(1, round(share * len(self.places)))]
        return Targets(self.places[kept], self.values[:, kept])


def clip_losses(model: PerceiverForPatchMultimodal, clips: Clips, share: float) -> dict[str, Tensor]:
    """The mean loss of each modality over a batch. share: of the queries that are decoded.

    "image": error relative to that of the mean color; "audio": to that of silence; "label": cross-entropy.
    """
    video = video_targets(clips, model.config).some(share)
    sound = sound_targets(clips.sound, model.config).some(share)
    seen = _seen(len(clips.digits), clips.digits.device)
    inputs = {name: values * seen[name].view(-1, *[1] * (values.ndim - 1)) for name, values in clips.inputs.items()}
    wanted = {"image": video.places, "audio": sound.places, "label": None}
    with torch.autocast(clips.frames.device.type, torch.bfloat16):
        found = decode(model, encode(model, inputs), wanted)
    of_video = _relative(found["image"], video.values, clips.frames.var(dim=(1, 3, 4)).mean(dim=1), PLAIN)
    sounds = found["audio"].unflatten(1, (len(sound.places), -1))
    of_sound = _relative(sounds, sound.values, clips.sound.square().mean(dim=(1, 2)), SILENT)
    return {
        "image": _weighted(of_video, seen["image"]),
        "audio": _weighted(of_sound, seen["audio"]),
        "label": F.cross_entropy(found["label"].float(), clips.digits),
    }


def video_targets(clips: Clips, config: PerceiverConfig) -> Targets:
    """All patches of a grid that is sometimes moved by some pixels, including frames between the frames."""
    patch = config.patch_size
    top, left = torch.randint(0, patch, (2,)).tolist() if torch.rand(()) < MOVED else (0, 0)
    times = torch.cat([torch.arange(config.num_frames), clips.between_times])
    frames = torch.cat([clips.frames, clips.between], dim=1)
    rows, columns = ((frames.shape[-1] - first) // patch * patch for first in (top, left))
    part = frames[..., top : top + rows, left : left + columns]
    return Targets(video_places(config, times, top, left), patches_of_video(part, patch))


def sound_targets(sound: Tensor, config: PerceiverConfig) -> Targets:
    """All consecutive patches, sometimes from a little after the start."""
    patch = config.samples_per_patch
    first = int(torch.randint(0, patch // 8, ())) if torch.rand(()) < MOVED else 0
    whole = (sound.shape[1] - first) // patch * patch
    return Targets(sound_places(config, first), sound[:, first : first + whole, 0].unflatten(1, (-1, patch)))


def _seen(batch: int, device: torch.device) -> dict[str, Tensor]:
    """float [B] for each modality: 0 where it is masked."""
    chance = torch.rand(batch, device=device)
    hidden = {"image": chance < BLANK["image"], "audio": chance > 1 - BLANK["audio"]}
    hidden["label"] = torch.rand(batch, device=device) < BLANK["label"]
    return {name: (~blank).float() for name, blank in hidden.items()}


def _relative(found: Tensor, values: Tensor, power: Tensor, least: float) -> Tensor:
    """[B]: mean squared error of [B, Q, values], relative to `power` [B], at least `least`."""
    return (found.float() - values).square().mean(dim=(1, 2)) / power.clamp(min=least)


def _weighted(losses: Tensor, seen: Tensor) -> Tensor:
    counts = seen + UNSEEN * (1 - seen)
    return (losses * counts).sum() / counts.sum()
