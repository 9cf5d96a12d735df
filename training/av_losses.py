"""What the multimodal autoencoder learns by: some of its input hidden, some of its outputs asked for."""

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
"""How often each modality is blanked; picture and sound never both."""
UNSEEN = 0.05
"""What an error counts in a modality that was blanked: nothing is known but what is usual."""
MOVED = 0.25
"""How often the grid that is asked for is moved: by any pixels, and by up to an eighth of a patch of sound."""
PLAIN, SILENT = 5e-3, 1e-5
"""Variance of colors and power of sound below which errors no longer count for more."""


@dataclass(frozen=True, slots=True)
class Asked:
    """places [Q, axes] and what is there [B, Q, values], for one modality."""

    places: Tensor
    values: Tensor

    def some(self, share: float) -> "Asked":
        kept = torch.randperm(len(self.places))[: max(1, round(share * len(self.places)))]
        return Asked(self.places[kept], self.values[:, kept])


def clip_losses(model: PerceiverForPatchMultimodal, clips: Clips, share: float) -> dict[str, Tensor]:
    """The mean loss of each modality over a batch. share: of the queries that are decoded.

    "image": error relative to that of the mean color; "audio": to that of silence; "label": cross-entropy.
    """
    video = asked_of_video(clips, model.config).some(share)
    sound = asked_of_sound(clips.sound, model.config).some(share)
    seen = _seen(len(clips.digits), clips.digits.device)
    inputs = {name: values * seen[name].view(-1, *[1] * (values.ndim - 1)) for name, values in clips.inputs.items()}
    wanted = {"image": video.places, "audio": sound.places, "label": None}
    with torch.autocast(clips.frames.device.type, torch.bfloat16):
        found = decode(model, encode(model, inputs), wanted)
    of_video = _relative(found["image"], video.values, clips.frames.var(dim=(1, 3, 4)).mean(dim=1), PLAIN)
    sounds = found["audio"].unflatten(1, (len(sound.places), -1))
    of_sound = _relative(sounds, sound.values, clips.sound.square().mean(dim=(1, 2)), SILENT)
    return {
        "image": _weighed(of_video, seen["image"]),
        "audio": _weighed(of_sound, seen["audio"]),
        "label": F.cross_entropy(found["label"].float(), clips.digits),
    }


def asked_of_video(clips: Clips, config: PerceiverConfig) -> Asked:
    """All patches of a grid that is moved by some pixels at times, also of frames between the frames."""
    patch = config.patch_size
    top, left = torch.randint(0, patch, (2,)).tolist() if torch.rand(()) < MOVED else (0, 0)
    times = torch.cat([torch.arange(config.num_frames), clips.between_times])
    frames = torch.cat([clips.frames, clips.between], dim=1)
    rows, columns = ((frames.shape[-1] - first) // patch * patch for first in (top, left))
    part = frames[..., top : top + rows, left : left + columns]
    return Asked(video_places(config, times, top, left), patches_of_video(part, patch))


def asked_of_sound(sound: Tensor, config: PerceiverConfig) -> Asked:
    """All patches, one after the other, at times from a little later than the beginning."""
    patch = config.samples_per_patch
    first = int(torch.randint(0, patch // 8, ())) if torch.rand(()) < MOVED else 0
    whole = (sound.shape[1] - first) // patch * patch
    return Asked(sound_places(config, first), sound[:, first : first + whole, 0].unflatten(1, (-1, patch)))


def _seen(batch: int, device: torch.device) -> dict[str, Tensor]:
    """float [B] for each modality: 0 where it is blanked."""
    chance = torch.rand(batch, device=device)
    hidden = {"image": chance < BLANK["image"], "audio": chance > 1 - BLANK["audio"]}
    hidden["label"] = torch.rand(batch, device=device) < BLANK["label"]
    return {name: (~blank).float() for name, blank in hidden.items()}


def _relative(found: Tensor, values: Tensor, power: Tensor, least: float) -> Tensor:
    """[B]: mean square error of [B, Q, values], in units of what there is to be told."""
    return (found.float() - values).square().mean(dim=(1, 2)) / power.clamp(min=least)


def _weighed(losses: Tensor, seen: Tensor) -> Tensor:
    counts = seen + UNSEEN * (1 - seen)
    return (losses * counts).sum() / counts.sum()
