"""Scenes of flat moving layers, for which the flow of each pixel is known exactly.

A layer is a texture in its own plane and a place: the homography [3, 3] from that plane to the frame at any time. A
frame is rendered by mapping its points back to the texture; the flow is the difference of the places of a point at two
times. x is right and y down, in pixels of the frame, whose first pixel extends from 0 to 1; time is in frames.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

SAMPLES = 3
"""Samples along each side of a pixel."""

Place = Callable[[float], np.ndarray]


def moved(x: float, y: float) -> np.ndarray:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], float)


def scaled(x: float, y: float | None = None) -> np.ndarray:
    return np.diag([x, x if y is None else y, 1]).astype(float)


def turned(degrees: float) -> np.ndarray:
    """Clockwise in the image."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])


def resting(matrix: np.ndarray | None = None) -> Place:
    held = np.eye(3) if matrix is None else matrix
    return lambda _time: held


def applied(matrix: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points [n, 2] through a homography -> points [n, 2], and which of them [n] are in front of the camera."""
    through = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    ahead = through[:, 2] > 1e-9
    return through[:, :2] / np.where(ahead, through[:, 2], 1)[:, None], ahead


class Texture:
    """An image [height, width, 4] of colors and opacity in [0, 1], sampled at any distance.

    scale: pixels per unit of the plane of the layer.
    wraps: whether it repeats (down, across).
    """

    def __init__(self, pixels: np.ndarray, scale: float, wraps: tuple[bool, bool] = (False, False)):
        self.scale, self._wraps = scale, wraps
        level: np.ndarray = np.concatenate([pixels[..., :3] * pixels[..., 3:], pixels[..., 3:]], axis=-1).astype(
            np.float32
        )
        self._levels: list[np.ndarray] = [level]
        while min(level.shape[:2]) >= 4:
            level = level[: level.shape[0] // 2 * 2, : level.shape[1] // 2 * 2]
            level = (level[::2, ::2] + level[1::2, ::2] + level[::2, 1::2] + level[1::2, 1::2]) / 4
            self._levels.append(level)

    def at(self, points: np.ndarray, reach: np.ndarray) -> np.ndarray:
        """Samples at points [n, 2] of the plane, each the mean over `reach` [n] units: [n, 4], colors times opacity."""
        level = np.clip(np.log2(np.maximum(reach * self.scale, 1)), 0, len(self._levels) - 1)
        found = np.zeros((len(points), 4), np.float32)
        for step, pixels in enumerate(self._levels):
            near = np.flatnonzero(np.abs(level - step) < 1)
            if len(near):
                part = 1 - np.abs(level[near] - step)
                found[near] += part[:, None] * self._between(pixels, points[near] * (self.scale / 2**step) - 0.5)
        return found

    def _between(self, pixels: np.ndarray, points: np.ndarray) -> np.ndarray:
        """Bilinear; transparent beyond an edge that does not wrap."""
        corner = np.floor(points).astype(int)
        part = (points - corner).astype(np.float32)
        found = np.zeros((len(points), 4), np.float32)
        for right, down in ((0, 0), (1, 0), (0, 1), (1, 1)):
            column, row = corner[:, 0] + right, corner[:, 1] + down
            weight = (part[:, 0] if right else 1 - part[:, 0]) * (part[:, 1] if down else 1 - part[:, 1])
            for place, size, wraps in (
                (row, pixels.shape[0], self._wraps[0]),
                (column, pixels.shape[1], self._wraps[1]),
            ):
                weight = weight if wraps else weight * ((place >= 0) & (place < size))
            found += weight[:, None] * pixels[row % pixels.shape[0], column % pixels.shape[1]]
        return found


@dataclass(frozen=True, slots=True)
class Layer:
    """veil: transparent, so that the flow is that of the layer behind it."""

    texture: Texture
    place: Place
    veil: bool = False

    def seen(self, points: np.ndarray, time: float, reach: float) -> np.ndarray:
        """Colors times opacity, and opacity, [n, 4], at points [n, 2] of the frame: means over `reach` pixels."""
        back = np.linalg.inv(self.place(time))
        inside, ahead = applied(back, points)
        depth = np.where(ahead, points @ back[2, :2] + back[2, 2], 1)
        stretch = np.sqrt(np.abs(np.linalg.det(back) / depth**3))
        return np.where(ahead[:, None], self.texture.at(inside, reach * stretch), 0)


@dataclass(frozen=True, slots=True)
class Scene:
    """layers: from back to front; the first covers everything."""

    width: int
    height: int
    layers: tuple[Layer, ...]

    def frame(self, time: float) -> np.ndarray:
        """uint8 [height, width, 3]."""
        points = self._points(SAMPLES)
        pixels = np.zeros((len(points), 3), np.float32)
        for layer in self.layers:
            seen = layer.seen(points, time, 1 / SAMPLES)
            pixels = pixels * (1 - seen[:, 3:]) + seen[:, :3]
        parts = pixels.reshape(self.height, SAMPLES, self.width, SAMPLES, 3).mean(axis=(1, 3))
        return np.clip(parts * 255 + 0.5, 0, 255).astype(np.uint8)

    def flow(self, time: float, later: float) -> np.ndarray:
        """float32 [height, width, 2]: motion of the point at the center of each pixel, in pixels right and down."""
        points = self._points(1)
        flow = np.zeros_like(points)
        for layer in self.layers:
            if not layer.veil:
                onto = layer.place(later) @ np.linalg.inv(layer.place(time))
                top = layer.seen(points, time, 1)[:, 3] > 0.5
                flow[top] = applied(onto, points[top])[0] - points[top]
        return flow.reshape(self.height, self.width, 2).astype(np.float32)

    def _points(self, samples: int) -> np.ndarray:
        rows, columns = np.mgrid[0 : self.height * samples, 0 : self.width * samples]
        return (np.stack([columns.ravel(), rows.ravel()], axis=1) + 0.5) / samples
