"""Paints textures: flat shapes first, then grain over all of them, so that no area is without structure."""

import numpy as np
from PIL import Image, ImageColor, ImageDraw

from tools.layers import Texture
from tools.shapes import Shape, box, curve, oval

SCALE = 3
"""Pixels per unit of a canvas."""


class Canvas:
    """Transparent where no color is given. Lengths in units; x right, y down."""

    def __init__(self, wide: float, high: float, seed: int, color: str | None = None, scale: float = SCALE):
        size = round(wide * scale), round(high * scale)
        self.rng = np.random.default_rng(seed)
        self.wide, self.high, self.scale = wide, high, scale
        self._image = Image.new("RGBA", size, ImageColor.getrgb(color) if color else (0, 0, 0, 0))
        self._light = np.ones((size[1], size[0]), np.float32)

    def paint(self, shape: Shape, color: str, vary: float = 0, lit: float = 1) -> None:
        """Fills a shape. A color with alpha (two more hexadecimal digits) also replaces what is below it.

        lit: brightness.
        vary: random variation of the brightness.
        """
        channels = ImageColor.getrgb(color)
        bright = lit * (1 + vary * self.rng.uniform(-1, 1))
        red, green, blue = (int(min(channel * bright, 255)) for channel in channels[:3])
        for outline in shape:
            places = [(x, y) for x, y in (outline * self.scale).tolist()]
            ImageDraw.Draw(self._image).polygon(places, fill=(red, green, blue, *channels[3:]))

    def sky(self, top: str, bottom: str, horizon: float) -> None:
        """A vertical gradient with heaps of white cloud."""
        ends = np.array([ImageColor.getrgb(top), ImageColor.getrgb(bottom)])
        for y in range(round(horizon)):
            red, green, blue = (ends[0] + (ends[1] - ends[0]) * y / horizon).astype(int)
            self.paint(box(0, y, self.wide, 1), f"#{red:02x}{green:02x}{blue:02x}")
        for x, y, size in self.rng.uniform((0, 8, 8), (self.wide, horizon * 0.75, 17), (22, 3)):
            puffs = self.rng.uniform((x - 2.2 * size, y - 0.6 * size), (x + 2.2 * size, y + 0.2 * size), (26, 2))
            for across, down in puffs[np.argsort(-puffs[:, 1])]:
                reach = size * (0.65 - 0.15 * abs(across - x) / size)
                lit = 0.88 + 0.12 * np.clip((y - down) / size, 0, 1)
                self.paint(oval(across, down, reach, reach * 0.62), "#ffffff", vary=0.03, lit=lit)

    def line(self, places: np.ndarray, color: str, wide: float = 1) -> None:
        line = [(x, y) for x, y in (curve(places, closed=False) * self.scale).tolist()]
        ImageDraw.Draw(self._image).line(line, ImageColor.getrgb(color), max(round(wide * self.scale), 1), "curve")

    def leaves(self, places: np.ndarray, size: tuple[float, float], colors: str) -> None:
        """Small ovals with random rotation, brighter toward the end."""
        for number, (x, y) in enumerate(places):
            wide, color = self.rng.uniform(*size), self.rng.choice(colors.split())
            leaf = oval(x, y, wide, wide * 0.6, self.rng.uniform(0, 180))
            self.paint(leaf, color, vary=0.08, lit=0.62 + 0.5 * number / len(places))

    def rough(self, amount: float, slope: float = 0.6, across: float = 1, down: float = 1) -> None:
        """Adds grain to everything painted so far; see `grain`."""
        self._light *= 1 + amount * grain(self._light.shape, slope, self.rng, across, down)

    def shade(self, top: float, bottom: float, left: float = 1, right: float = 1) -> None:
        """Brightness at the edges."""
        rows, columns = self._light.shape
        self._light *= np.linspace(top, bottom, rows)[:, None] * np.linspace(left, right, columns)

    def texture(self, cover: float = 1, wraps: tuple[bool, bool] = (False, False)) -> Texture:
        pixels = np.asarray(self._image, np.float32) / 255
        colors = np.clip(pixels[..., :3] * self._light[..., None], 0, 1)
        return Texture(np.concatenate([colors, pixels[..., 3:] * cover], axis=-1), self.scale, wraps)


def grain(
    shape: tuple[int, int], slope: float, rng: np.random.Generator, across: float = 1, down: float = 1
) -> np.ndarray:
    """Wrapping noise float32 [shape], deviation 1. slope: of its spectrum, steep is cloudy; across, down: stretch."""
    rows, columns = shape
    waves = np.hypot(np.fft.fftfreq(rows)[:, None] * down, np.fft.rfftfreq(columns) * across)
    waves[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.standard_normal(shape)) * waves**-slope
    # Finer than a pixel of a frame: not visible, and lost when a texture is rotated.
    noise = np.fft.irfft2(spectrum * np.exp(-((np.minimum(waves, 9) * 6) ** 2)), shape)
    return (noise / noise.std()).astype(np.float32)
