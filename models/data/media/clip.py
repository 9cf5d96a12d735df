"""What is known of a clip, and how large one may be."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.data.images import MAX_PIXELS
from models.schema import InputError

# A minute at 30 frames a second: every frame is decoded once when a clip is opened, so that damage is found then.
LONGEST_SECONDS = 60
MAX_FRAMES = 1_800
# That minute in full HD is 3.7e9 pixels: five to ten seconds of decoding on two cores.
MAX_PIXELS_IN_ALL = 4_000_000_000


@dataclass(frozen=True, slots=True)
class Sound:
    """The sound track as it is in the file. sample_rate: in Hz."""

    sample_rate: int
    channels: int


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip in a file, none of its frames held.

    width, height: in pixels, upright; the shape of pixels that are not square is ignored. times: float64 [frames],
    seconds from the first frame to each, increasing. duration: seconds, the last frame's included; 0 for a still
    picture. sound: None where there is none. notes: what a visitor should know of the reading, in sentences.

    For those who read on: moving_picture is one that Pillow reads, such as a GIF. start: seconds at which the file's
    own clock shows the first frame. stamps: int64 [frames], the file's times in its own unit, or None where they do
    not tell the frames apart. keys: int64, the frames at which decoding can begin.
    """

    path: Path
    width: int
    height: int
    times: np.ndarray
    duration: float
    sound: Sound | None = None
    notes: tuple[str, ...] = ()
    moving_picture: bool = False
    start: float = 0.0
    stamps: np.ndarray | None = None
    keys: np.ndarray | None = None

    @property
    def frames(self) -> int:
        return len(self.times)

    @property
    def fps(self) -> float:
        """Frames a second, on average; 0 for a still picture."""
        return self.frames / self.duration if self.duration else 0.0

    def shrunk(self, longest_side: int | None) -> tuple[int, int]:
        """(width, height) of frames whose longer side is at most `longest_side`."""
        if longest_side is None or max(self.width, self.height) <= longest_side:
            return self.width, self.height
        scale = longest_side / max(self.width, self.height)
        return max(1, round(self.width * scale)), max(1, round(self.height * scale))


def check_extent(width: int, height: int, frames: int, seconds: float) -> None:
    """Raises InputError for a clip that is larger or longer than may be; what is unknown is given as 0."""
    if width * height > MAX_PIXELS:
        most = f"at most {MAX_PIXELS // 10**6} megapixels can be read"
        raise InputError(f"The frames of this clip have too many pixels ({width:,} x {height:,}): {most}.")
    if seconds > LONGEST_SECONDS:
        raise InputError(f"This clip is too long: at most {LONGEST_SECONDS} seconds can be read. Cut out a part of it.")
    if frames > MAX_FRAMES:
        raise InputError(f"This clip has too many frames: at most {MAX_FRAMES:,} can be read. Cut out a part of it.")
    if frames * width * height > MAX_PIXELS_IN_ALL:
        most = MAX_PIXELS_IN_ALL // (width * height)
        raise InputError(
            f"This clip is too large: of {width:,} x {height:,} pixels, at most {most:,} frames can be read. "
            "Cut out a part of it, or make it smaller."
        )


def damaged_after(seconds: float) -> str:
    return f"This clip is damaged or cut short: only its first {seconds:.1f} seconds can be read."
