"""Digits that move, turn and grow over soft colors with other shapes behind them, like the training clips.

Lengths are in pixels of the frame; time is the elapsed fraction of the digit's second, 0 to 1.
"""

import math
from dataclasses import dataclass

import cv2
import matplotlib
import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFont

from tools.canvas import Canvas
from tools.layers import Layer, Place, Scene, Texture, moved, scaled, turned
from tools.shapes import Shape, curve, points

SIDE = 192
GROUND = 288
"""Side of a background, larger than the frame so that it can move."""
GLYPH = 320
"""Font size in pixels, larger than any digit in a frame."""


@dataclass(frozen=True, slots=True)
class Drifting:
    """A shape about (0, 0) behind a digit. path: "x y, x y, ...", traversed in one second."""

    shape: Shape
    color: str
    path: str


@dataclass(frozen=True, slots=True)
class Digit:
    """font: a font that comes with matplotlib.

    ground: a grid of colors, rows separated by commas.
    ground_path: path of the top left corner of the background.
    path: path of the center of the digit.
    height: in pixels, halfway through its second.
    growth: change of the height as a fraction of it.
    angle, turn: rotation in degrees, and its change.
    """

    value: int
    font: str
    color: str
    ground: str
    path: str
    height: float
    growth: float
    angle: float
    turn: float
    shapes: tuple[Drifting, ...] = ()
    ground_path: str = "-48 -48, -48 -48"

    def scene(self) -> Scene:
        """SIDE x SIDE pixels, at times from 0 to 1."""
        ground = Layer(_ground(self.ground), _along(self.ground_path))
        shapes = (_shape(drifting) for drifting in self.shapes)
        glyph, high, wide = _glyph(self.value, self.font, self.color)
        path = _along(self.path)

        def place(time: float) -> np.ndarray:
            scale = self.height * (1 + self.growth * (time - 0.5)) / high
            turn = turned(self.angle + self.turn * (time - 0.5))
            return path(time) @ turn @ scaled(scale) @ moved(-wide / 2, -high / 2)

        return Scene(SIDE, SIDE, (ground, *shapes, Layer(glyph, place)))


def _along(path: str) -> Place:
    line = curve(points(path), closed=False, steps=32)
    shares = np.linspace(0, 1, len(line))
    return lambda time: moved(*(float(np.interp(time, shares, part)) for part in line.T))


def _ground(colors: str) -> Texture:
    grid = np.array([[ImageColor.getrgb(name) for name in row.split()] for row in colors.split(",")], np.float32) / 255
    soft = cv2.resize(grid, (GROUND, GROUND), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    return Texture(np.concatenate([soft, np.ones_like(soft[..., :1])], axis=-1), scale=1)


def _shape(drifting: Drifting) -> Layer:
    reach = max(float(np.abs(outline).max()) for outline in drifting.shape) + 2
    canvas = Canvas(2 * reach, 2 * reach, seed=0)
    canvas.paint([outline + reach for outline in drifting.shape], drifting.color)
    path = _along(drifting.path)
    return Layer(canvas.texture(), lambda time: path(time) @ moved(-reach, -reach))


def _glyph(value: int, font: str, color: str) -> tuple[Texture, float, float]:
    """The digit without a margin, and its height and width in the plane of the texture."""
    face = ImageFont.truetype(f"{matplotlib.get_data_path()}/fonts/ttf/{font}.ttf", GLYPH)
    left, top, right, bottom = face.getbbox(str(value))
    image = Image.new("L", (math.ceil(right - left), math.ceil(bottom - top)))
    ImageDraw.Draw(image).text((-left, -top), str(value), fill=255, font=face)
    cover = np.pad(np.asarray(image, np.float32) / 255, 2)
    colors = np.broadcast_to(np.array(ImageColor.getrgb(color), np.float32) / 255, (*cover.shape, 3))
    return Texture(np.concatenate([colors, cover[..., None]], axis=-1), scale=1), *cover.shape
