"""Digits as masks: typeset in the fonts of matplotlib, and drawn with a few strokes."""

import math
from functools import cache

import cv2
import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIDE = 64
"""Pixels along each side of a mask."""
MARGIN = 6
FONTS = (
    *(f"DejaVu{style}" for style in ("Sans", "Sans-Bold", "Sans-Oblique", "Sans-BoldOblique")),
    *(f"DejaVu{style}" for style in ("SansMono", "SansMono-Bold", "Serif", "Serif-Bold", "Serif-Italic")),
    *("STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "STIXGeneralBolIta"),
    *("cmr10", "cmb10", "cmss10", "cmtt10"),
)
HANDS = 24
"""Number of random drawings of each digit."""


def _arc(x: float, y: float, across: float, down: float, start: float, end: float) -> list[tuple[float, float]]:
    """Points of an ellipse about (x, y) between two angles in degrees: 0 is right, 90 is down."""
    angles = np.radians(np.linspace(start, end, 14))
    return [(x + across * math.cos(angle), y + down * math.sin(angle)) for angle in angles]


# In a unit square, from the top left.
STROKES: tuple[tuple[list[tuple[float, float]], ...], ...] = (
    (_arc(0.5, 0.5, 0.32, 0.48, -90, 270),),
    ([(0.3, 0.22), (0.55, 0.02), (0.55, 0.98)],),
    ([*_arc(0.5, 0.3, 0.32, 0.28, -170, 40), (0.18, 0.97), (0.84, 0.97)],),
    ([*_arc(0.46, 0.26, 0.3, 0.24, -150, 90), *_arc(0.46, 0.73, 0.34, 0.25, -90, 150)],),
    ([(0.66, 0.98), (0.66, 0.02), (0.14, 0.68), (0.88, 0.68)],),
    ([(0.8, 0.03), (0.26, 0.03), (0.22, 0.44), *_arc(0.48, 0.67, 0.33, 0.3, -120, 140)],),
    ([(0.68, 0.03), (0.34, 0.36), *_arc(0.5, 0.68, 0.32, 0.29, -180, 180)],),
    ([(0.16, 0.04), (0.84, 0.04), (0.4, 0.98)],),
    (_arc(0.5, 0.26, 0.27, 0.23, 90, 450), _arc(0.5, 0.74, 0.33, 0.25, -90, 270)),
    ([*_arc(0.5, 0.31, 0.32, 0.28, 0, 360), (0.78, 0.4), (0.62, 0.98)],),
)


@cache
def digit_masks(seed: int = 0) -> np.ndarray:
    """uint8 [10, len(FONTS) + HANDS, SIDE, SIDE]: 255 where the digit is. Each touches the margin on two sides."""
    generator = np.random.default_rng(seed)
    typeset = [[_typeset(font, digit) for font in FONTS] for digit in range(10)]
    drawn = [[_drawn(digit, generator) for _ in range(HANDS)] for digit in range(10)]
    return np.concatenate([np.array(typeset), np.array(drawn)], axis=1)


def _typeset(name: str, digit: int) -> np.ndarray:
    font = ImageFont.truetype(f"{matplotlib.get_data_path()}/fonts/ttf/{name}.ttf", 4 * SIDE)
    left, top, right, bottom = font.getbbox(str(digit))
    image = Image.new("L", (math.ceil(right - left), math.ceil(bottom - top)))
    ImageDraw.Draw(image).text((-left, -top), str(digit), fill=255, font=font)
    return _framed(np.asarray(image))


def _drawn(digit: int, generator: np.random.Generator) -> np.ndarray:
    scale, thickness = 4 * SIDE, int(generator.integers(18, 50))
    wide = generator.uniform(0.55, 0.85)
    shear = generator.uniform(-0.15, 0.25)
    canvas = np.zeros((2 * scale, 2 * scale), np.uint8)
    for stroke in STROKES[digit]:
        points = np.array(stroke) + generator.normal(0, 0.012, (len(stroke), 2)).cumsum(axis=0)
        points[:, 0] = points[:, 0] * wide + shear * (0.5 - points[:, 1])
        cv2.polylines(canvas, [np.round(points * scale + scale / 2).astype(np.int32)], False, 255, thickness)
    return _framed(canvas)


def _framed(image: np.ndarray) -> np.ndarray:
    """Crops the mask and scales it to fill the frame within the margin."""
    rows, columns = (np.flatnonzero(image.max(axis=axis) > 64) for axis in (1, 0))
    ink = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    factor = (SIDE - 2 * MARGIN) / max(ink.shape)
    height, width = (max(1, round(side * factor)) for side in ink.shape)
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[top : top + height, left : left + width] = cv2.resize(ink, (width, height), interpolation=cv2.INTER_AREA)
    return mask
