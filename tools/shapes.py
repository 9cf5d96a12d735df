"""Outlines of shapes. Lengths are in the units of the image; angles are in degrees, clockwise."""

import numpy as np

Shape = list[np.ndarray]
"""Outlines that are filled together."""


def points(text: str) -> np.ndarray:
    return np.array([point.split() for point in text.split(",")], float)


def curve(p: np.ndarray, closed: bool = True, steps: int = 10) -> np.ndarray:
    """A smooth line through the points (Catmull-Rom), of any dimension."""
    p = np.concatenate([p[-1:], p, p[:2]] if closed else [p[:1], p, p[-1:]])
    t = np.linspace(0, 1, steps, endpoint=not closed)[:, None]
    a, b, c, d = (p[i : len(p) - 3 + i, None] for i in range(4))
    line = b + t * (c - a) / 2 + t**2 * (a - 2.5 * b + 2 * c - d / 2) + t**3 * (1.5 * (b - c) + (d - a) / 2)
    return line.reshape(-1, p.shape[1])


def area(text: str) -> Shape:
    return [points(text)]


def blob(text: str) -> Shape:
    return [curve(points(text))]


def box(x: float, y: float, wide: float, high: float) -> Shape:
    return [np.array([(x, y), (x + wide, y), (x + wide, y + high), (x, y + high)])]


def oval(x: float, y: float, wide: float, high: float, turn: float = 0) -> Shape:
    angle, (cos, sin) = np.linspace(0, 2 * np.pi, 64), (np.cos(np.radians(turn)), np.sin(np.radians(turn)))
    right, down = wide * np.cos(angle), high * np.sin(angle)
    return [np.stack([x + right * cos - down * sin, y + right * sin + down * cos], axis=1)]


def limb(text: str) -> Shape:
    """A leg, a neck, a twig: through points (across, down, radius)."""
    return [oval(x, y, radius, radius)[0] for x, y, radius in curve(points(text), closed=False, steps=32)]
