"""A clip as a model reads it: square frames at the frame rate of the model, mono audio, windows.

Frames are resampled at their midpoints: frame k of a clip at f frames per second is the one shown at (k + 1/2) / f
seconds.
"""

import math
from collections.abc import Iterable, Iterator

import numpy as np
import scipy
import skimage
from PIL import Image

from models.schema import AvAutoencodingRequest, FramePixel, ModelShape, SoundAt

LONGEST_SECONDS = 30
"""Longest clip to reconstruct."""
MAX_OUTPUT_PIXELS = 40_000_000
"""Most pixels of all output frames: 30 seconds of the published model at its native resolution."""
MAX_SSIM_FRAMES = 64
"""Most frames for the mean structural similarity of a clip, evenly spaced."""


def frames_in(seconds: float, fps: float) -> int:
    """Number of frames of a clip of this duration; at least one."""
    return max(1, round(seconds * fps))


def has_output(request: AvAutoencodingRequest, shape: ModelShape, target: FramePixel | SoundAt) -> bool:
    """Whether a model of this shape reconstructs this pixel or sample of the clip."""
    frames = frames_in(request.frames.shape[0] / request.fps, shape.fps)
    if isinstance(target, SoundAt):
        return 0 <= target.sample < frames * round(shape.sample_rate / shape.fps)
    place, size = (target.frame, target.row, target.column), (frames, shape.image_size, shape.image_size)
    return all(0 <= index < count for index, count in zip(place, size, strict=True))


def shown_at(times: np.ndarray, count: int, fps: float) -> np.ndarray:
    """Index of the frame shown at each output frame, int64 [count], for `count` frames at `fps`.

    times: [n], start of each input frame in seconds, from 0.
    """
    middles = (np.arange(count) + 0.5) / fps
    return np.clip(np.searchsorted(times, middles + 1e-9, side="right") - 1, 0, len(times) - 1)


def square(frame: np.ndarray, side: int) -> np.ndarray:
    """The center square of a frame [h, w, 3], downscaled by area to uint8 [side, side, 3]."""
    height, width = frame.shape[:2]
    short = min(height, width)
    if (height, width) == (side, side):
        return frame
    left, top = (width - short) / 2, (height - short) / 2
    how = Image.Resampling.BOX if short > side else Image.Resampling.BICUBIC
    resized = Image.fromarray(frame).resize((side, side), how, (left, top, left + short, top + short))
    return np.asarray(resized)


def at_rate(frames: Iterable[np.ndarray], times: np.ndarray, seconds: float, fps: float, side: int) -> np.ndarray:
    """Center squares of a stream of frames, resampled to `fps`: uint8 [t, side, side, 3].

    times: [n], start of each frame in seconds, from 0.
    seconds: duration of the clip.
    """
    wanted = shown_at(times, frames_in(seconds, fps), fps)
    found = np.empty((len(wanted), side, side, 3), np.uint8)
    for number, frame in enumerate(frames):
        here = wanted == number
        if here.any():
            found[here] = square(frame, side)
    return found


def resampled(audio: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """Audio [samples] resampled from `rate` to `wanted`, float32."""
    if rate == wanted or not len(audio):
        return np.asarray(audio, np.float32)
    common = math.gcd(rate, wanted)
    return scipy.signal.resample_poly(audio.astype(np.float64), wanted // common, rate // common).astype(np.float32)


def fitted(audio: np.ndarray, samples: int) -> np.ndarray:
    """Audio cut or padded with silence to `samples`."""
    return np.pad(audio[:samples], (0, max(0, samples - len(audio))))


def window_starts(frames: int, window: int) -> tuple[int, ...]:
    """First frames of the windows that cover a clip; the last window is moved back to end with the clip."""
    if frames <= window:
        return (0,)
    return (*range(0, frames - window, window), frames - window)


def window_of(frame: int, frames: int, window: int) -> int:
    """Index of the window that shows a frame: the first that contains it."""
    return min(frame // window, len(window_starts(frames, window)) - 1)


def window_frames(frames: np.ndarray, start: int, window: int) -> np.ndarray:
    """Frames of a window, [window, ...]; the last frame is repeated if the clip is shorter."""
    held = frames[start : start + window]
    return np.concatenate([held, np.repeat(held[-1:], window - len(held), axis=0)])


def new_in(starts: tuple[int, ...], frames: int, window: int) -> Iterator[range]:
    """For each window, the frames that no earlier window contains."""
    done = 0
    for start in starts:
        end = min(start + window, frames)
        yield range(done, end)
        done = end


def psnr_db(found: np.ndarray, clip: np.ndarray) -> float:
    """Peak signal-to-noise ratio of uint8 frames over all of them; NaN for no frames, infinite for equal ones."""
    if not found.size:
        return math.nan
    error = np.mean([np.mean((a.astype(np.float32) - b) ** 2) for a, b in zip(found, clip, strict=True)])
    return float(10 * np.log10(255**2 / error)) if error else math.inf


def ssim(found: np.ndarray, clip: np.ndarray) -> float:
    """Mean structural similarity of uint8 frames [t, s, s, 3]; NaN for no frames or frames that are too small."""
    if not found.size or min(found.shape[1:3]) < 7:
        return math.nan
    chosen = np.unique(np.linspace(0, len(found) - 1, MAX_SSIM_FRAMES).round().astype(int))
    each = [skimage.metrics.structural_similarity(found[k], clip[k], channel_axis=-1, data_range=255) for k in chosen]
    return float(np.mean(each))


def snr_db(found: np.ndarray, sound: np.ndarray) -> float | None:
    """Signal-to-noise ratio of audio; None for silence, infinite for equal signals."""
    power = float(np.square(sound, dtype=np.float64).sum())
    if not power or not len(found):
        return None
    wrong = float(np.square(found.astype(np.float64) - sound).sum())
    return 10 * math.log10(power / wrong) if wrong else math.inf
