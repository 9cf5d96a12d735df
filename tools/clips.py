"""Draws and speaks the example clips for audio-video autoencoding: `python -m tools.clips`.

With names as arguments, such as `bell`, it draws only these. Each is an MP4 of SIDE x SIDE pixels at FPS frames per
second with audio, and a still image of STILL x STILL pixels for the selection.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from models.data.media.writing import write_clip
from tools.clip_bell import bell
from tools.clip_digits import Digit, Drifting
from tools.clip_toll import ringing, toll
from tools.clip_voices import RATE, spoken, track
from tools.shapes import area, box, oval

FOLDER = Path(__file__).parent.parent / "assets" / "examples" / "av_autoencoding"

FPS, STILL = 25, 96
WINDOW = 1.024
"""Seconds that the embedded model reads at once; the digits of a count keep to them."""

TOLLING = 3.0
"""Seconds of the bell."""

THREE = Digit(
    value=3,
    font="DejaVuSans-Bold",
    color="#fff3d6",
    ground="#2b5f8c #3c7fa6, #1f4a78 #2d8a94",
    path="82 84, 92 100, 108 104, 114 92",
    height=112,
    growth=0.25,
    angle=-4,
    turn=14,
    shapes=(
        Drifting(oval(0, 0, 22, 22), "#e8833a", "30 150, 60 158, 96 150"),
        Drifting(area("-18 12, 0 -20, 20 10"), "#8fd0c8", "168 30, 156 48, 150 70"),
        Drifting(box(-20, -3, 40, 6), "#f2c14e", "24 40, 44 30, 70 28"),
    ),
)
SEVEN = Digit(
    value=7,
    font="DejaVuSerif-Bold",
    color="#3a1f5c",
    ground="#f6c667 #f2a65a #f6d38a, #f9dba0 #f4b860 #ef9f6a",
    path="112 104, 100 92, 88 92, 80 102",
    height=116,
    growth=-0.2,
    angle=5,
    turn=-16,
    shapes=(
        Drifting(oval(0, 0, 17, 17), "#d9655b", "170 156, 150 166, 124 168"),
        Drifting(oval(0, 0, 12, 12), "#7fb77e", "26 28, 34 46, 36 70"),
    ),
    ground_path="-60 -48, -40 -52",
)
NINE = Digit(
    value=9,
    font="DejaVuSans",
    color="#ffe45e",
    ground="#5b2a5e #7a3566, #3f2a66 #8c3d5c",
    path="88 108, 86 96, 98 86, 108 92",
    height=118,
    growth=0.2,
    angle=3,
    turn=-12,
    shapes=(
        Drifting(area("-16 -14, 16 -18, 20 12, -8 20"), "#c96f9a", "160 150, 152 132, 156 108"),
        Drifting(oval(0, 0, 14, 14), "#4fa3a5", "30 48, 40 36, 58 30"),
    ),
)
TWO = Digit(
    value=2,
    font="DejaVuSans-Bold",
    color="#c8321f",
    ground="#bfe3d0 #d9efc8, #a8d8d8 #c4e6e0",
    path="104 90, 92 100, 86 98, 92 90",
    height=112,
    growth=0.2,
    angle=-5,
    turn=10,
    shapes=(
        Drifting(oval(0, 0, 18, 18), "#f4f0e0", "26 30, 44 38, 64 36"),
        Drifting(box(-18, -3, 36, 6), "#4a7fa8", "150 168, 164 156, 170 138"),
    ),
)
COUNT = (
    Digit(1, "DejaVuSans-Bold", "#fff6e0", "#a83a32 #c8553d", "80 96, 96 92, 108 98", 108, 0.2, 0, 10),
    Digit(2, "DejaVuSans-Bold", "#2a2350", "#f2c14e #f6d98a", "110 98, 96 102, 84 94", 108, 0.2, 4, -10),
    Digit(3, "DejaVuSans-Bold", "#fdf0a8", "#2f6f4f #47956a", "86 88, 98 96, 104 104", 108, 0.2, -4, 10),
    Digit(4, "DejaVuSans-Bold", "#7a1f3d", "#b8d8ea #d8e8f0", "106 90, 94 96, 88 102", 108, 0.2, 3, -10),
    Digit(5, "DejaVuSans-Bold", "#ffffff", "#4a3a8c #6a55b0", "84 102, 96 94, 108 92", 108, 0.2, -3, 10),
)


@dataclass(frozen=True, slots=True)
class Film:
    """frames: uint8 [n, SIDE, SIDE, 3], at FPS.

    sound: float32 [samples], at RATE.
    still: one of the frames.
    """

    frames: np.ndarray
    sound: np.ndarray
    still: np.ndarray


def digit_frames(digit: Digit, count: int) -> np.ndarray:
    """uint8 [count, SIDE, SIDE, 3]: its second, from start to end."""
    scene = digit.scene()
    return np.stack([scene.frame(time) for time in np.linspace(0, 1, count)])


def count_lengths(count: int) -> list[int]:
    """Frames of each of `count` digits: a frame in which a window begins belongs to the next digit."""
    begins = [int(window * WINDOW * FPS) for window in range(count + 1)]
    return [end - begin for begin, end in pairwise(begins)]


def one_digit(digit: Digit, sound: np.ndarray) -> Film:
    frames = digit_frames(digit, FPS)
    return Film(frames, track(1, (_in_the_middle(sound, 1), sound)), _small(frames[FPS // 2], STILL))


def counting() -> Film:
    lengths = count_lengths(len(COUNT))
    frames = [digit_frames(digit, length) for digit, length in zip(COUNT, lengths, strict=True)]
    words = [spoken(digit.value, "en-gb+m3", speed=140) for digit in COUNT]
    starts = [window * WINDOW + _in_the_middle(word, WINDOW) for window, word in enumerate(words)]
    sound = track(len(COUNT) * WINDOW, *zip(starts, words, strict=True))
    tiles = [_small(part[len(part) // 2], STILL // 2) for part in frames[:4]]
    still = np.vstack([np.hstack(tiles[:2]), np.hstack(tiles[2:])])
    return Film(np.concatenate(frames), sound, still)


def tolling() -> Film:
    """A bell that strikes once per window."""
    rung = ringing(TOLLING)
    scene = bell(rung)
    frames = np.stack([scene.frame(number / FPS) for number in range(round(TOLLING * FPS))])
    return Film(frames, track(TOLLING, (0, toll(rung.strikes, TOLLING))), _small(frames[0], STILL))


def _nine() -> np.ndarray:
    return spoken(9, "en-gb+f2")


FILMS: dict[str, Callable[[], Film]] = {
    "three": lambda: one_digit(THREE, spoken(3, "en-us+f1", pitch=55)),
    "seven": lambda: one_digit(SEVEN, spoken(7, "en-gb+m2", pitch=45)),
    "nine": lambda: one_digit(NINE, _nine()),
    "disagreeing": lambda: one_digit(TWO, _nine()),
    "counting": counting,
    "bell": tolling,
}


def _in_the_middle(sound: np.ndarray, seconds: float) -> float:
    """Start time that centers a sound, in seconds."""
    return (seconds - len(sound) / RATE) / 2


def _small(frame: np.ndarray, side: int) -> np.ndarray:
    return cv2.resize(frame, (side, side), interpolation=cv2.INTER_AREA)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or FILMS:
        film = FILMS[name]()
        write_clip(FOLDER / f"{name}.mp4", film.frames, FPS, film.sound, RATE)
        Image.fromarray(film.still).save(FOLDER / f"{name}.png", optimize=True)
