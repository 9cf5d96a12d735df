"""A clip, with its sound, rebuilt and named."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.schema.common import AttentionMap, InputKey, LabelScore, Probe, RunInfo, StreamRequest, Weights

Modality = Literal["image", "audio", "label"]
Upsample = Literal["pixels", "frames"]


@dataclass(frozen=True, slots=True)
class AvAutoencodingRequest(StreamRequest["AvPart", "AvAutoencodingResult"]):
    """Rebuild a clip, picture and sound, from its latents, and say what it shows.

    frames: uint8 [t, h, w, 3], RGB, at least one, fps a second; the center square is what is read. audio: float32
    [samples], -1 to 1, beginning with the first frame; silence where it ends before the frames, or has none. blank:
    what is hidden from the model. label: a class that the model is told, as an index of its labels; None: it is not.
    frame_indices: frames of the result; all others are not decoded, nor is any sound. upsample: queries between the
    pixels, twice as many each way, or between the frames. top_k: classes wanted.
    probe.target: FramePixel or SoundAt, both as without `upsample`, or LabelAt for a class in the first window; None: the
    best class of the first window.
    """

    frames: np.ndarray | InputKey
    fps: float
    audio: np.ndarray | InputKey
    sample_rate: int
    blank: frozenset[Modality] = frozenset()
    label: int | None = None
    frame_indices: tuple[int, ...] | None = None
    upsample: Upsample | None = None
    top_k: int = 5
    probe: Probe | None = None
    weights: Weights = "embedded"


@dataclass(frozen=True, slots=True)
class AvTrace:
    """What one output was read from, in the window that holds it: as many frames as the model reads at once.

    asked: of which modality the output is. area: what it answers for, in the result's own count: (frame, top, left,
    height, width) or (sample, samples); () for the class. start, frames: the window. image: float32 [times, rows,
    columns], audio: float32 [n], label: the attention of the inputs, in equal parts of the window; with `latent_share`
    and `query_share` of the attention they sum to 1.
    """

    modality: Modality
    area: tuple[int, ...]
    start: int
    frames: int
    image: np.ndarray
    audio: np.ndarray
    label: float


@dataclass(frozen=True, slots=True)
class AvWindow:
    """One window of a clip. start: its first frame, in the result's own count. labels: the classes, best first."""

    start: int
    labels: tuple[LabelScore, ...]


@dataclass(frozen=True, slots=True)
class AvAutoencodingResult:
    """The clip rebuilt: t frames of s x s pixels, `fps` a second, or those of `frame_indices` where that was given.

    frames: uint8 [t, s, s, 3]. audio: float32 [samples], -1 to 1; empty where only some frames were wanted.
    original_frames, original_audio: the clip itself, of the same sizes: as it was read, or, with `upsample`, at the resolution
    that the model was asked for and did not read. labels: the classes, best first: means over all windows. psnr_db,
    ssim: of the frames, NaN where none was wanted; snr_db: of the sound, None where there is none to hear.
    numbers, latent_numbers: how many numbers the clip was as it was read, and how many its latents are.
    attention.values: float32 [inputs] of the window: sound, picture, label. trace: there with a probe, but for method
    "decoder". hidden: what the model did not see: for it, black frames or silence.
    """

    frames: np.ndarray
    fps: float
    audio: np.ndarray
    sample_rate: int
    original_frames: np.ndarray
    original_audio: np.ndarray
    labels: tuple[LabelScore, ...]
    windows: tuple[AvWindow, ...]
    psnr_db: float
    ssim: float
    snr_db: float | None
    numbers: int
    latent_numbers: int
    attention: AttentionMap | None
    trace: AvTrace | None
    run: RunInfo
    masked: frozenset[Modality] = frozenset()


@dataclass(frozen=True, slots=True)
class AvPart:
    """Frames of a result that is still to come. numbers: which of them; frames: uint8 [k, s, s, 3]. window of windows:
    how far it is."""

    numbers: tuple[int, ...]
    frames: np.ndarray
    window: int
    windows: int
