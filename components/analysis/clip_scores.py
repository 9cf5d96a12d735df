"""Quality of a reconstruction in words, and that of a trivial baseline."""

import math

import numpy as np

from components.words.numbers import decibels, similarity_in_words
from models.schema import AvAutoencodingResult


def numbers_in_words(result: AvAutoencodingResult) -> str:
    """ "Clip: 147,456 color values and audio samples. Latents: 21,504 values, a compression of 6.9x."."""
    clip, latents = result.numbers, result.latent_numbers
    ratio = f"{max(clip, latents) / max(min(clip, latents), 1):.2g}x"
    compared = f"a compression of {ratio}" if latents <= clip else f"an expansion of {ratio}"
    return f"Clip: {clip:,} color values and audio samples. Latents: {latents:,} values, {compared}."


def scores_in_words(result: AvAutoencodingResult) -> str:
    """ "PSNR 20.4 dB · SSIM 0.71 · SNR 3.1 dB"; without SNR for a silent clip."""
    sound = [] if result.snr_db is None else [f"SNR {decibels(result.snr_db)}"]
    return " · ".join([f"PSNR {decibels(result.psnr_db)}", f"SSIM {similarity_in_words(result.ssim)}", *sound])


def mean_color_psnr(frames: np.ndarray) -> float:
    """PSNR in dB of the baseline that predicts the mean color of the clip everywhere; infinite for a single color.

    frames: uint8 [t, height, width, 3].
    """
    total, squares, count = np.zeros(3), np.zeros(3), frames.shape[0] * frames.shape[1] * frames.shape[2]
    for frame in frames:  # one by one: all of them as float32 would be gigabytes of a long clip
        colors = frame.reshape(-1, 3).astype(np.float32)
        total += colors.sum(axis=0, dtype=np.float64)
        squares += np.einsum("nc,nc->c", colors, colors, dtype=np.float64)
    error = float(np.mean(squares / count - (total / count) ** 2))
    return 10 * math.log10(255**2 / error) if error > 1e-9 else math.inf


def psnr_in_words(result: AvAutoencodingResult) -> str:
    """The PSNR as a typical color error, and that of the baseline."""
    if math.isnan(result.psnr_db):
        return "no frame was reconstructed"
    if math.isinf(result.psnr_db):
        return "identical to the original"
    error = 255 / 10 ** (result.psnr_db / 20)
    baseline = decibels(mean_color_psnr(result.original_frames))
    return f"typical color error: {error:.2g} on a scale of 255; baseline (mean color of the clip): {baseline}"


def snr_in_words(snr_db: float | None) -> str:
    """The SNR as a ratio of powers, and that of the baseline, which is 0 dB."""
    if snr_db is None:
        return "the clip has no sound"
    if math.isinf(snr_db):
        return "identical to the original"
    times = 10 ** (abs(snr_db) / 10)
    if f"{times:.2g}" == "1":
        return "signal and error have the same power; baseline (silence): 0 dB"
    more, less = ("signal", "error") if snr_db > 0 else ("error", "signal")
    return f"{more} power is {times:.2g}x the {less} power; baseline (silence): 0 dB"
