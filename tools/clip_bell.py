"""A church bell that swings in its window above a village: the image. `clip_toll` computes its motion and sound.

Lengths are in pixels of the frame; time is in seconds.
"""

from itertools import pairwise

import numpy as np

from tools.canvas import Canvas
from tools.clip_toll import Ringing
from tools.layers import Layer, Scene, Texture, moved, resting, turned
from tools.shapes import area, blob, box, oval, points

SIDE = 192
PIVOT = (96, 46)
CROWN, LIP = 26, 92
"""Distance of top and bottom of the bell from the pivot."""
BALL = 9.5
"""Radius of the clapper ball."""
WHEEL = 47
"""Radius at which the rope lies."""
TILT = 0.2
"""Height of a circle of width 1, seen slightly from below."""
PROFILE = points("0 13, 1 17, 4 20, 10 22, 22 23.5, 36 26, 47 30, 55 35, 61 39.5, 64 42, 66 42")
"""The wall of the bell: distance below the crown, and from the center line."""
MIDDLE = 60
"""Position of the pivot in the swinging textures, across and down."""


def bell(ringing: Ringing) -> Scene:
    """From back to front: sky, land, rope, wheel, inside of the bell, clapper, bell, window with a beam."""

    def swinging(time: float) -> np.ndarray:
        return moved(*PIVOT) @ turned(ringing.bell(time)) @ moved(-MIDDLE, -MIDDLE)

    def clapping(time: float) -> np.ndarray:
        return moved(*PIVOT) @ turned(ringing.clapper(time)) @ moved(-MIDDLE, -MIDDLE)

    def pulled(time: float) -> np.ndarray:
        return moved(PIVOT[0] - WHEEL - 2, PIVOT[1] - WHEEL * np.radians(ringing.bell(time)))

    layers = (
        Layer(_sky(), lambda time: moved(5 * time - 30, 0)),
        Layer(_land(), resting()),
        Layer(_rope(), pulled),
        Layer(_wheel(), swinging),
        Layer(_inside(), swinging),
        Layer(_clapper(), clapping),
        Layer(_outside(), swinging),
        Layer(_window(), resting()),
    )
    return Scene(SIDE, SIDE, layers)


def _sky() -> Texture:
    sky = Canvas(SIDE + 60, 150, seed=51)
    sky.sky("#4f93d2", "#e6e6dc", 150)
    sky.rough(0.03, 0.9)
    return sky.texture(wraps=(True, True))


def _land() -> Texture:
    """Hills, fields, and a village at their feet."""
    land = Canvas(SIDE, SIDE, seed=52)
    land.paint(blob("-20 140, 20 124, 60 130, 100 118, 150 128, 215 114, 220 200, -20 200"), "#7f9fae")
    land.paint(blob("-20 146, 30 138, 80 142, 130 134, 215 142, 220 210, -20 210"), "#6f9a6a")
    land.paint(area("90 146, 150 140, 192 146, 192 156, 110 156"), "#c8b45f")
    land.paint(area("20 148, 70 144, 96 152, 30 158"), "#9ab05a")
    places = land.rng.uniform((-4, 146), (196, 156), (420, 2))
    land.leaves(places[np.argsort(places[:, 1])], (1.6, 3.4), "#3f6f3a #557f42 #2f5a34")
    for y, size in ((157, 0.8), (165, 1.0), (175, 1.3)):
        x = land.rng.uniform(-12, -4)
        while x < SIDE:
            x += _house(land, x, y, size)
        bushes = land.rng.uniform((-4, y + 1), (196, y + 4 * size), (14, 2))
        land.leaves(np.repeat(bushes, 8, axis=0) + land.rng.normal(0, 1.5 * size, (112, 2)), (1, 2), "#3f6f3a #557f42")
    land.rough(0.06, 0.6)
    return land.texture()


def _house(land: Canvas, x: float, y: float, size: float) -> float:
    """Its walls end at y. Returns its width."""
    wide, roof = size * land.rng.uniform(11, 17), size * land.rng.uniform(6, 8)
    top, color = y - 5 * size, land.rng.choice(["#b0523a", "#9a4632", "#c0694a", "#8a5a48"])
    land.paint(box(x, top, wide, 5 * size), "#efe4cc", vary=0.1)
    edges = (x - 1, top), (x + 2 * size, top - roof), (x + wide - 2 * size, top - roof), (x + wide + 1, top)
    land.paint([np.array(edges)], color, vary=0.12)
    for left in np.arange(x + 2 * size, x + wide - 2.5 * size, 3.6 * size):
        land.paint(box(left, top + 1.4 * size, 1.5 * size, 2 * size), "#4a5560")
    if land.rng.random() < 0.5:
        land.paint(box(x + wide * 0.6, top - roof - 2 * size, 1.8 * size, 3.5 * size), "#8a4a38")
    return wide + land.rng.uniform(-1, 3)


def _rope() -> Texture:
    """From far above the frame to far below it."""
    rope = Canvas(4, 240, seed=53, scale=4)
    rope.paint(box(0.6, 0, 2.8, 240), "#c9ab74")
    for y in np.arange(0, 240, 3.0):
        rope.line(np.array([(0.6, y + 2), (3.4, y)]), "#8a6a3c", 0.7)
    rope.shade(1, 1, 1.15, 0.75)
    return rope.texture()


def _wheel() -> Texture:
    wheel = Canvas(2 * MIDDLE, 2 * MIDDLE, seed=54, scale=4)
    wheel.paint(oval(MIDDLE, MIDDLE, 49, 49), "#5a3c22")
    wheel.paint(oval(MIDDLE, MIDDLE, 47.5, 47.5), "#8f683c")
    wheel.paint(oval(MIDDLE, MIDDLE, 42, 42), "#5a3c22")
    wheel.paint(oval(MIDDLE, MIDDLE, 41, 41), "#00000000")
    for degrees in np.arange(0, 180, 45) + 22.5:
        reach = 42 * np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
        wheel.line(MIDDLE + np.array([-reach, reach * 0, reach]), "#5a3c22", 5)
        wheel.line(MIDDLE + np.array([-reach, reach * 0, reach]), "#865f36", 3.6)
    wheel.rough(0.08, 0.7)
    return wheel.texture()


def _inside() -> Texture:
    """The mouth, seen from below: the far rim and the dark inside."""
    y, wide = MIDDLE + LIP, PROFILE[-1, 1]
    inside = Canvas(2 * MIDDLE, MIDDLE + LIP + 20, seed=55, scale=4)
    inside.paint(oval(MIDDLE, y, wide, wide * TILT), "#8a6230")
    inside.paint(oval(MIDDLE, y - 0.6, wide - 3, wide * TILT - 1.2), "#3a2814")
    inside.paint(oval(MIDDLE, y - 2.6, wide - 4, wide * TILT - 2.4), "#21160b")
    inside.rough(0.06, 0.6)
    return inside.texture()


def _clapper() -> Texture:
    clapper = Canvas(2 * MIDDLE, MIDDLE + LIP + 20, seed=56, scale=4)
    y = MIDDLE + LIP - 9
    corners = [(-2, MIDDLE), (2, MIDDLE), (2.6, y + 20), (-2.6, y + 20)]
    clapper.paint([np.array([(MIDDLE + aside, down) for aside, down in corners])], "#5c5e66")
    clapper.paint(oval(MIDDLE, y + 19, 3.6, 3.6), "#5c5e66")
    for size in np.linspace(1, 0.1, 12):
        aside, lit = 3.5 * (1 - size), 0.75 + 1.1 * (1 - size) ** 1.5
        clapper.paint(oval(MIDDLE - aside, y - aside, BALL * size, BALL * size), "#666872", lit=lit)
    clapper.rough(0.07, 0.7)
    return clapper.texture()


def _outside() -> Texture:
    """Headstock and bell: strips from crown to lip, lit from the left."""
    canvas = Canvas(2 * MIDDLE, MIDDLE + LIP + 20, seed=57, scale=4)
    for x in (-9, 0, 9):
        canvas.paint(box(MIDDLE + x - 2.5, MIDDLE + 6, 5, CROWN - 6), "#8a6632", vary=0.1)
    canvas.paint(box(MIDDLE - 34, MIDDLE - 9, 68, 19), "#6f4a2a")
    for y in (-5, 0, 5):
        canvas.line(MIDDLE + np.array([(-34, y), (0, y + 0.8), (34, y - 0.4)]), "#5a3a20", 0.8)
    for x in (-26, 22):
        canvas.paint(box(MIDDLE + x, MIDDLE - 10, 4, 21), "#3c3e44")
    edges = np.sin(np.linspace(-np.pi / 2, np.pi / 2, 81))
    for left, right in pairwise(edges):
        facing = (left + right) / 2
        canvas.paint([np.vstack([_down(left), _down(right)[::-1]])], _bronze(facing))
    for below, thick in ((9, 0.9), (12, 0.6), (20, 0.6), (46, 1.2), (50, 0.7), (59, 1)):
        _ring_around(canvas, below, thick)
    canvas.rough(0.05, 0.7)
    return canvas.texture()


def _down(across: float) -> np.ndarray:
    """A line [n, 2] down the wall of the bell; across: -1 at its left outline, 1 at its right."""
    below = np.linspace(0, PROFILE[-1, 0], 60)
    wide = np.interp(below, *PROFILE.T)
    return MIDDLE + np.column_stack([across * wide, CROWN + below - TILT * wide * np.sqrt(1 - across**2)])


def _bronze(across: float, lit: float = 1) -> str:
    """The color where the normal of the wall has this horizontal component, -1 to 1."""
    ahead = np.sqrt(1 - across**2)
    light = 0.28 + 0.75 * max(-0.55 * across + 0.83 * ahead, 0)
    shine = max(-0.45 * across + 0.89 * ahead, 0) ** 40 + 0.25 * max(0.9 * across + 0.4 * ahead, 0) ** 12
    color = lit * (light * np.array([186, 132, 62]) + shine * np.array([70, 74, 66]))
    return "#" + "".join(f"{min(int(part), 255):02x}" for part in color)


def _ring_around(canvas: Canvas, below: float, thick: float) -> None:
    """A raised band: bright above, dark below."""
    across = np.sin(np.linspace(-np.pi / 2, np.pi / 2, 61))
    wide = np.interp(below, *PROFILE.T)
    for lower, lit in ((0, 1.22), (thick, 0.62)):
        y = CROWN + below + lower - TILT * wide * np.sqrt(1 - across**2)
        for first in range(len(across) - 1):
            pair = slice(first, first + 2)
            canvas.line(MIDDLE + np.column_stack([across[pair] * wide, y[pair]]), _bronze(across[first], lit), thick)


def _window() -> Texture:
    """A round arch of stone, its sill, and the beam that the bell hangs from."""
    wall = Canvas(SIDE, SIDE, seed=58, color="#93856e", scale=4)
    for row, y in enumerate(range(0, SIDE, 12)):
        for x in range(-30 + row % 2 * 14, SIDE, 28):
            wall.paint(box(x, y, 27, 11), "#c4b69d", vary=0.1)
    wall.paint(oval(96, 90, 100, 100), "#857760")
    for x in (-4, 177):
        for y in range(90, SIDE, 15):
            wall.paint(box(x, y, 19, 14), "#d2c4a8", vary=0.09)
    for first, second in pairwise(np.radians(np.linspace(180, 360, 16))):
        joint = second - 0.014
        corners = [(80, first), (99, first), (99, joint), (80, joint)]
        block = [(96 + far * np.cos(angle), 90 + far * np.sin(angle)) for far, angle in corners]
        wall.paint([np.array(block)], "#d2c4a8", vary=0.09)
    _opening(wall, 83, 0, "#8d7f69")
    _opening(wall, 80, -3, "#00000000")
    wall.paint(box(0, 178, SIDE, 14), "#8d7f69")
    wall.paint(box(0, 176, SIDE, 9), "#d8cbb0")
    for x in (38, 92, 150):
        wall.line(np.array([(x, 176.5), (x, 185)]), "#a8987c", 0.8)
    wall.paint(box(0, 38, SIDE, 17), "#7d5a36")
    for y in wall.rng.uniform(39, 54, 9):
        x = wall.rng.uniform(-20, 120)
        wall.line(np.array([(x, y), (x + 40, y + 0.7), (x + 90, y)]), "#674727", 0.7)
    wall.paint(box(0, 38, SIDE, 1.4), "#a07a4c")
    wall.paint(box(0, 53.4, SIDE, 1.6), "#4f3720")
    wall.paint(box(84, 36, 24, 20), "#3e4046")
    wall.paint(oval(96, 46, 6, 6), "#6a6d75")
    wall.paint(oval(95, 45, 3, 3), "#9a9da5")
    for x, y in ((87, 39), (105, 39), (87, 53), (105, 53)):
        wall.paint(oval(x, y, 1.4, 1.4), "#80838a")
    wall.rough(0.05, 0.5)
    wall.shade(1, 1, 0.92, 1.06)
    return wall.texture()


def _opening(wall: Canvas, radius: float, aside: float, color: str) -> None:
    """From the sill up to a half circle."""
    wall.paint(box(96 + aside - radius, 90, 2 * radius, 88) + oval(96 + aside, 90, radius, radius), color)
