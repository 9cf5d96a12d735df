"""Facts about a clip, and limits on its size."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.data.images import MAX_PIXELS
from models.schema import InputError

# A minute at 30 frames per second. Opening a clip decodes every frame once, to detect damage.
LONGEST_SECONDS = 60
MAX_FRAMES = 1_800
# A minute of full HD is 3.7e9 pixels: five to ten seconds of decoding on two cores.
MAX_PIXELS_IN_ALL = 4_000_000_000


@dataclass(frozen=True, slots=True)
class Sound:
    """The audio track of the file.

    sample_rate: in Hz.
    """

    sample_rate: int
    channels: int


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip in a file; no frames are in memory.

    width, height: in pixels, upright; non-square pixels are treated as square.
    times: float64 [frames], seconds from the first frame to each, increasing.
    duration: in seconds, including the last frame; 0 for a still image.
    sound: None without an audio track.
    notes: remarks for the visitor, in sentences.
    moving_picture: whether Pillow reads it, as for a GIF.
    black: whether it is a sound file, whose frames are black.
    start: time of the first frame on the clock of the file, in seconds.
    stamps: int64 [frames], timestamps in the unit of the file; None if they do not identify the frames.
    keys: int64, indices of the frames at which decoding can start.
    """

    path: Path
    width: int
    height: int
    times: np.ndarray
    duration: float
    sound: Sound | None = None
    notes: tuple[str, ...] = ()
    moving_picture: bool = False
    black: bool = False
    start: float = 0.0
    stamps: np.ndarray | None = None
    keys: np.ndarray | None = None

    @property
    def frames(self) -> int:
        return len(self.times)

    @property
    def fps(self) -> float:
        """Average frames per second; 0 for a still image."""
        return self.frames / self.duration if self.duration else 0.0

    def shrunk(self, longest_side: int | None) -> tuple[int, int]:
        """(width, height) of the frames, scaled down until their longer side is at most `longest_side`."""
        if longest_side is None or max(self.width, self.height) <= longest_side:
            return self.width, self.height
        scale = longest_side / max(self.width, self.height)
        return max(1, round(self.width * scale)), max(1, round(self.height * scale))


def check_extent(width: int, height: int, frames: int, seconds: float) -> None:
    """Raises InputError for a clip that is too large or too long. Unknown values are 0."""
    if width * height > MAX_PIXELS:
        most = f"The limit is {MAX_PIXELS // 10**6} megapixels"
        raise InputError(f"The frames of the clip have too many pixels: {width:,}x{height:,}. {most}.")
    if seconds > LONGEST_SECONDS:
        raise InputError(f"The clip is too long. The limit is {LONGEST_SECONDS} seconds. Trim it.")
    if frames > MAX_FRAMES:
        raise InputError(f"The clip has too many frames. The limit is {MAX_FRAMES:,}. Trim it.")
    if frames * width * height > MAX_PIXELS_IN_ALL:
        most = MAX_PIXELS_IN_ALL // (width * height)
        raise InputError(
            f"The clip is too large. The limit at {width:,}x{height:,} pixels is {most:,} frames. "
            "Trim it or scale it down."
        )


def damaged_after(seconds: float) -> str:
    return f"The clip is damaged or cut short. Using its first {seconds:.1f} seconds."
