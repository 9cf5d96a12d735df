"""A result of the multimodal autoencoder that no model made: small, and told in full."""

import numpy as np

from models.schema import AttentionMap, AvAutoencodingResult, AvTrace, AvWindow, LabelScore, RunInfo

RUN = RunInfo("av_autoencoding", "embedded", "cpu", "float32", 0.5, False)
LABELS = (LabelScore("<b>two</b>", 0.75, 2), LabelScore("nine", 0.2, 9))
SIDE, FPS, RATE = 4, 10.0, 80


def rebuilt_clip(frames: int = 6, window: int = 4, **more) -> AvAutoencodingResult:
    """Frames of 4 x 4 pixels, 10 a second; frame k is gray 10 k, reconstructed as 10 k + 5.

    Sound: 80 samples a second.
    """
    grays = np.arange(frames, dtype=np.uint8)[:, None, None, None] * 10
    seen = np.broadcast_to(grays, (frames, SIDE, SIDE, 3)).copy()
    sound = np.where(np.arange(8 * frames) % 4 < 2, 0.5, -0.5).astype(np.float32)
    starts = [0] if frames <= window else [*range(0, frames - window, window), frames - window]
    made = {
        "frames": seen + 5,
        "fps": FPS,
        "audio": sound * np.float32(0.5),
        "sample_rate": RATE,
        "original_frames": seen,
        "original_audio": sound,
        "labels": LABELS,
        "windows": tuple(AvWindow(start, LABELS[at % 2 :]) for at, start in enumerate(starts)),
        "psnr_db": 20.0,
        "ssim": 0.714,
        "snr_db": 3.0,
        "numbers": 300,
        "latent_numbers": 100,
        "attention": None,
        "trace": None,
        "run": RUN,
    }
    return AvAutoencodingResult(**(made | more))


HOW = "Encoder cross-attention, <i>mean</i> of heads, latents weighted by what the output reads of them"
"""As long as a task's may be."""


def asked(trace: AvTrace, latent_share: float = 0.0, query_share: float = 0.0, **more) -> AvAutoencodingResult:
    """The same with what one output was read from."""
    values = np.concatenate([trace.audio, trace.image.ravel(), [trace.label]]).astype(np.float32)
    attention = AttentionMap(values, latent_share, query_share, "rollout", f"{HOW}: frame 4, row 2")
    return rebuilt_clip(attention=attention, trace=trace, **more)


def pixel_trace() -> AvTrace:
    """Of rows 3 and 4, columns 1 and 2 of frame 4: 8 inputs of picture, each of two frames, 3 of sound, and the label.

    Its window begins with frame 2. Most was read of frames 4 and 5 together, row 2, column 2; sums to 0.8.
    """
    image = np.array([[[0.05, 0.05], [0.05, 0.05]], [[0.0, 0.0], [0.0, 0.3]]], np.float32)
    return AvTrace("image", (4, 2, 0, 2, 2), 2, 4, image, np.array([0.0, 0.15, 0.05], np.float32), 0.1)


def sound_trace() -> AvTrace:
    """Of samples 24 to 31, of the same window, which begins with sample 16."""
    trace = pixel_trace()
    return AvTrace("audio", (24, 8), 2, 4, trace.image, trace.audio, trace.label)
