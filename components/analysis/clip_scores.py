"""Quality of a reconstruction in words, and that of a trivial baseline."""

import math

import numpy as np

from components.words.numbers import decibels, similarity_in_words
from models.schema import AvAutoencodingResult


def numbers_in_words(result: AvAutoencodingResult) -> str:
    """ "147,456 colors and samples, 21,504 numbers in latents: 6.9 times fewer."."""
    clip, latents = result.numbers, result.latent_numbers
    times = f"{max(clip, latents) / max(min(clip, latents), 1):.2g} times {'fewer' if latents <= clip else 'more'}"
    compared = "as many" if clip == latents else times
    return f"{clip:,} colors and samples, {latents:,} numbers in latents: {compared}."


def scores_in_words(result: AvAutoencodingResult) -> str:
    """ "PSNR 20.4 dB · SSIM 0.71 · SNR 3.1 dB"; without SNR for a silent clip."""
    sound = [] if result.snr_db is None else [f"SNR {decibels(result.snr_db)}"]
    return " · ".join([f"PSNR {decibels(result.psnr_db)}", f"SSIM {similarity_in_words(result.ssim)}", *sound])


def mean_color_psnr(frames: np.ndarray) -> float:
    """dB that the mean color of a clip would reach in place of its frames; infinite for one of a single color.

    frames: uint8 [t, height, width, 3].
    """
    total, squares, count = np.zeros(3), np.zeros(3), frames.shape[0] * frames.shape[1] * frames.shape[2]
    for frame in frames:  # one by one: all of them as float32 would be gigabytes of a long clip
        colors = frame.reshape(-1, 3).astype(np.float32)
        total += colors.sum(axis=0, dtype=np.float64)
        squares += np.einsum("nc,nc->c", colors, colors, dtype=np.float64)
    error = float(np.mean(squares / count - (total / count) ** 2))
    return 10 * math.log10(255**2 / error) if error > 1e-9 else math.inf


def picture_in_words(result: AvAutoencodingResult) -> str:
    """What its PSNR means."""
    if math.isnan(result.psnr_db):
        return "no frame was reconstructed"
    if math.isinf(result.psnr_db):
        return "every color is the clip's own"
    off = 255 / 10 ** (result.psnr_db / 20)
    alone = decibels(mean_color_psnr(result.original_frames))
    return f"colors are off by about {off:.2g} of 255; the mean color of the clip would have {alone}"


def sound_error_in_words(snr_db: float | None) -> str:
    if snr_db is None:
        return "there is no sound to compare"
    if math.isinf(snr_db):
        return "every sample is the clip's own"
    times = 10 ** (abs(snr_db) / 10)
    if f"{times:.2g}" == "1":
        return "what is wrong has as much power as the sound itself; silence would have 0 dB"
    more, less = ("the sound", "what is wrong about it") if snr_db > 0 else ("what is wrong", "the sound itself")
    return f"{more} has {times:.2g} times the power of {less}; silence would have 0 dB"
