"""A digit that moves over a background with other shapes behind it: frames at any times.

Everything is a function of time, so that a frame between two others is as exact as they are. Coordinates are fractions
of the side of the image, x right and y down; times are frames, of which a clip has 16.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from training.av_glyphs import SIDE

FRAMES = 16
GLYPH = (0.45, 0.8)
"""Smallest and largest height of a digit."""
FINE = 4
"""Fractional bits of the coordinates of shapes."""


@dataclass(frozen=True, slots=True)
class Path:
    """start, drift: x and y, and their change over the clip.

    sway, phase: of an oscillation, once or twice per clip.
    """

    start: np.ndarray
    drift: np.ndarray
    sway: np.ndarray
    phase: np.ndarray

    @staticmethod
    def drawn(generator: np.random.Generator, low: float, high: float, reach: float) -> "Path":
        """Starts within low and high, and moves by at most about `reach`."""
        ends = generator.uniform(low, high, (2, 2))
        drift = (ends[1] - ends[0]).clip(-reach, reach)
        sway = generator.uniform(0, 0.06, 2) * (generator.random() < 0.5)
        return Path(ends[0], drift, sway, generator.uniform(0, 2 * math.pi, 2))

    def at(self, time: float) -> tuple[float, float]:
        share = time / (FRAMES - 1)
        x, y = self.start + share * self.drift + self.sway * np.sin(2 * math.pi * share + self.phase)
        return float(x), float(y)


def animation(masks: np.ndarray, times: np.ndarray, size: int, generator: np.random.Generator) -> np.ndarray:
    """Frames uint8 [len(times), size, size, 3] of one of the masks [n, SIDE, SIDE] in its own scene."""
    frames = _background(times, size, generator)
    ground = frames[0].reshape(-1, 3).mean(axis=0)
    for _ in range(generator.integers(0, 4)):
        _draw_shape(frames, times, generator)
    mask = masks[generator.integers(len(masks))]
    path = Path.drawn(generator, 0.36, 0.64, 0.3)
    height, growth = generator.uniform(*GLYPH), generator.uniform(-0.15, 0.15)
    angle, turn = generator.normal(0, 0.1), generator.normal(0, 0.15)
    color = _apart(ground, generator)
    for frame, time in zip(frames, times, strict=True):
        share = time / (FRAMES - 1) - 0.5
        scale = size * height * (1 + growth * share) / (SIDE - 12)
        there = cv2.warpAffine(mask, _placed(path.at(time), size, scale, angle + turn * share), (size, size))
        alpha = there[..., None].astype(np.uint16)
        frame[:] = (alpha * color + (255 - alpha) * frame + 127) // 255
    return frames


def _placed(center: tuple[float, float], size: int, scale: float, angle: float) -> np.ndarray:
    """The matrix that moves the center of a mask to `center`, for cv2.warpAffine."""
    cos, sin = scale * math.cos(angle), scale * math.sin(angle)
    x, y = (size * part - 0.5 for part in center)
    middle = (SIDE - 1) / 2
    return np.array([[cos, -sin, x - middle * (cos - sin)], [sin, cos, y - middle * (sin + cos)]])


def _background(times: np.ndarray, size: int, generator: np.random.Generator) -> np.ndarray:
    """A grid of colors, one to eight per side, smooth or in squares, at rest or moving."""
    side = int(generator.choice((1, 2, 2, 3, 5, 8)))
    base, spread = generator.integers(20, 236, 3), generator.uniform(8, 60)
    grid = (base + spread * generator.standard_normal((side, side, 3))).clip(0, 255).astype(np.uint8)
    moving = generator.random() < 0.4
    smooth = generator.random() < 0.8
    larger = int(1.5 * size) if moving else size
    how = cv2.INTER_CUBIC if smooth else cv2.INTER_NEAREST
    ground = cv2.resize(grid, (larger, larger), interpolation=how)
    if not moving:
        return np.repeat(ground[None], len(times), axis=0)
    path = Path.drawn(generator, 0, (larger - size) / size, 0.5)
    frames = []
    for time in times:
        x, y = (size * part for part in path.at(time))
        moved = cv2.warpAffine(ground, np.array([[1, 0, -x], [0, 1, -y]]), (size, size), borderMode=cv2.BORDER_REFLECT)
        frames.append(moved)
    return np.stack(frames)


def _draw_shape(frames: np.ndarray, times: np.ndarray, generator: np.random.Generator) -> None:
    """Draws a disc, a polygon or a line with a random path onto all frames."""
    size, kind = frames.shape[1], generator.integers(3)
    path = Path.drawn(generator, -0.05, 1.05, 0.5)
    radius = generator.uniform(0.05, 0.2)
    color = tuple(int(part) for part in generator.integers(0, 256, 3))
    corners = np.sort(generator.uniform(0, 2 * math.pi, 4 if kind == 1 else 2))
    outline = radius * np.stack([np.cos(corners), np.sin(corners)], axis=1)
    thickness = int(generator.integers(1, 3))
    for frame, time in zip(frames, times, strict=True):
        center = np.array(path.at(time))
        points = np.round((size * (center + outline) - 0.5) * 2**FINE).astype(np.int32)
        match kind:
            case 0:
                middle = tuple(int(part) for part in np.round((size * center - 0.5) * 2**FINE))
                cv2.circle(frame, middle, round(size * radius * 2**FINE), color, -1, cv2.LINE_AA, FINE)
            case 1:
                cv2.fillPoly(frame, [points], color, cv2.LINE_AA, FINE)
            case _:
                ends = (tuple(map(int, point)) for point in points)
                cv2.line(frame, *ends, color, thickness, cv2.LINE_AA, FINE)


def _apart(ground: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """A color uint16 [3] that contrasts with the background."""
    while True:
        color = generator.integers(0, 256, 3)
        if abs(float((color - ground).mean())) > 50 and np.abs(color - ground).max() > 90:
            return color.astype(np.uint16)
