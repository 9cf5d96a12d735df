"""Audio-video autoencoding: reconstruct a clip from its latents and classify it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.schema.common import AttentionMap, InputKey, LabelScore, Probe, RunInfo, StreamRequest, Weights
from models.schema.grouping import cells_along

Modality = Literal["image", "audio", "label"]
Upsample = Literal["pixels", "frames"]
VIDEO_CELLS = (4, 8, 8)
"""Most cells of the video inputs of `Stages` along times, rows and columns."""


@dataclass(frozen=True, slots=True)
class AvAutoencodingRequest(StreamRequest["AvPart", "AvAutoencodingResult"]):
    """Reconstruct the frames and audio of a clip from its latents, and classify it.

    frames: uint8 [t, h, w, 3], RGB, t >= 1; the model reads the center square.
    fps: frames per second.
    audio: float32 [samples], -1 to 1, starting with the first frame; padded with silence or cut to the frames.
    sample_rate: audio samples per second.
    blank: modalities that are masked.
    label: class that the model is conditioned on, as an index of its labels; None for no condition.
    frame_indices: frames to decode, without audio; None for all frames and the audio.
    upsample: "pixels" decodes twice as many pixels along each side, "frames" twice as many frames.
    top_k: number of classes in the result.
    probe.target: FramePixel or SoundAt, counted without `upsample`, or LabelAt for a class of the first window; None
        for the best class of the first window.
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
class AvOutputs:
    """The outputs whose attention `Stages` has: of one frame, of the sound of the window, and the label, in this order.

    frame: counted as in the result. image: (rows, columns) of its outputs. audio: number of those of the sound.
    traced: which one is traced. total: outputs of the whole window.
    """

    frame: int
    image: tuple[int, int]
    audio: int
    traced: int
    total: int


@dataclass(frozen=True, slots=True)
class AvTrace:
    """The attention of one output, divided by modality.

    modality: modality of the output.
    area: the outputs that the same query decodes, counted as in the result: (frame, top, left, height, width) or (first
        sample, samples); () for a class.
    start, frames: the window that was read, as many frames as the model reads at once.
    image: float32 [times, rows, columns], attention to the video inputs, equal parts of the window.
    audio: float32 [n], attention to the audio inputs, equal parts of the window.
    label: attention to the label. With `latent_share` and `query_share` of the attention map, all shares sum to 1.
    outputs: of `Stages`, if the probe asked for them; its inputs are `input_cells` of the video, of the sound, and the
    label, in this order.
    """

    modality: Modality
    area: tuple[int, ...]
    start: int
    frames: int
    image: np.ndarray
    audio: np.ndarray
    label: float
    outputs: AvOutputs | None = None

    @property
    def input_cells(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The shapes of the inputs in cells: (times, rows, columns) of the video and (times,) of the sound."""
        return cells_along(self.image.shape, VIDEO_CELLS), cells_along(self.audio.shape)


@dataclass(frozen=True, slots=True)
class AvWindow:
    """One window of a clip.

    start: its first frame, counted as in the result.
    labels: classes, best first.
    """

    start: int
    labels: tuple[LabelScore, ...]


@dataclass(frozen=True, slots=True)
class AvAutoencodingResult:
    """The reconstruction: t frames of s x s pixels, `fps` per second, or the frames `frame_indices`.

    frames: uint8 [t, s, s, 3].
    audio: float32 [samples], -1 to 1; empty if the request names frames.
    original_frames, original_audio: the clip at the size and rate of the reconstruction. With `upsample` the model
        reads the clip at a lower resolution than this.
    labels: classes, best first; probabilities are means over all windows.
    psnr_db, ssim: quality of the frames; NaN without frames.
    snr_db: signal-to-noise ratio of the audio; None for silence.
    numbers, latent_numbers: how many numbers the input and the latents hold.
    attention.values: float32 [inputs] of the window: audio, video, label.
    trace: the attention by modality; None without a probe and for method "decoder".
    masked: modalities that the model did not see; it got black frames or silence instead.
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
    """Frames of a result that is still being computed.

    numbers: indices of the frames.
    frames: uint8 [k, s, s, 3].
    window, windows: index of the current window, and number of windows.
    """

    numbers: tuple[int, ...]
    frames: np.ndarray
    window: int
    windows: int
