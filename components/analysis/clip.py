"""Positions in a clip: which frames of a window are shown, and clicks on them.

Frames and samples count from 0; frames in text count from 1.
"""

import math

from components.words.numbers import seconds_in_words
from models.schema import AvAutoencodingResult, AvTrace

MAX_FRAMES = 16
"""Most frames in a strip."""
Box = tuple[float, float, float, float]
"""A part of an image, as shares of the whole from its upper left corner: left, top, width, height."""


def strip_frames(result: AvAutoencodingResult, chosen: int) -> range:
    """The frames of `av_strip`: those of the window that shows `chosen`, which is one of them, evenly spaced.

    Raises ValueError where the result has no such frame.
    """
    if not 0 <= chosen < len(result.frames):
        raise ValueError(f"frame {chosen} of {len(result.frames)}")
    return evenly(_window_of(result, chosen), chosen)


def _window_of(result: AvAutoencodingResult, chosen: int) -> range:
    """The first window that holds a frame: the last one of a clip begins early, to end with it."""
    count = len(result.frames)
    starts = [window.start for window in result.windows if window.start < count] or [0]
    length = count - max(starts)
    start = next((start for start in starts if start <= chosen < start + length), chosen)
    return range(start, min(start + length, count))


def evenly(window: range, chosen: int) -> range:
    """At most MAX_FRAMES frames of a window, `chosen` among them."""
    step = math.ceil(len(window) / MAX_FRAMES)
    return range(window.start + (chosen - window.start) % step, window.stop, step)


def pixel_in_strip(place: tuple[float, float], frames: range, side: int) -> tuple[int, int, int]:
    """The pixel of a click in a strip, in the original frame above or the reconstruction below: (frame, row, column).

    place: shares of the strip's height and width, 0 to 1. frames: from `strip_frames`. side: pixels of a frame.
    """
    row = min(max(int(place[0] * 2 * side), 0), 2 * side - 1)
    column = min(max(int(place[1] * len(frames) * side), 0), len(frames) * side - 1)
    return frames[column // side], row % side, column % side


def sample_at(share: float, samples: int) -> int:
    """Which sample of a sound was clicked. share: of its time, 0 to 1."""
    return min(max(int(share * samples), 0), samples - 1)


def window_samples(result: AvAutoencodingResult, trace: AvTrace) -> range:
    """The samples of the window of an output; some may lie beyond the end of the sound."""
    first, last = (round(at / result.fps * result.sample_rate) for at in (trace.start, trace.start + trace.frames))
    return range(first, last)


def part_of(part: range, shown: range) -> Box:
    """The position of the samples `part` within those of `shown`, over the full height."""
    first, last = (min(max(at, shown.start), shown.stop) for at in (part.start, part.stop))
    return (first - shown.start) / len(shown), 0.0, (last - first) / len(shown), 1.0


def time_ticks(begin: float, end: float, most: int = 6) -> list[float]:
    """Round seconds from `begin` to `end`, which is later: steps of 1, 2 or 5 times a power of ten, `most` or fewer."""
    spread = (end - begin) / most
    power = 10.0 ** math.floor(math.log10(spread))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= spread * (1 - 1e-9))
    first, last = math.ceil(begin / step - 1e-9), math.floor(end / step + 1e-9)
    return [round(at * step, 9) for at in range(first, last + 1)]


def target_in_words(result: AvAutoencodingResult, trace: AvTrace) -> str:
    """ "rows 9 to 16, columns 1 to 8 of frame 3, at 0.13 s", "the sound from 0.260 to 0.270 s", "the label"."""
    if trace.modality == "image":
        frame, top, left, height, width = trace.area
        rows, columns = _span("row", top, height), _span("column", left, width)
        return f"{rows}, {columns} of frame {frame + 1}, at {seconds_in_words(frame / result.fps)}"
    if trace.modality == "audio":
        first, samples = trace.area
        begin, end = (f"{at / result.sample_rate:.3f}" for at in (first, first + samples))
        return f"the sound from {begin} to {end} s"
    if len(result.windows) > 1:
        return f"the label of the window that starts at {trace.start / result.fps:.2f} s"
    return "the label"


def _span(noun: str, first: int, count: int) -> str:
    return f"{noun} {first + 1}" if count == 1 else f"{noun}s {first + 1} to {first + count}"
