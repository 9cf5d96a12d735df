"""A harbor in which many things move, each in its own way. All of them are in view from time 0 to 24."""

from collections.abc import Callable

import numpy as np

from tools.canvas import Canvas
from tools.layers import Layer, Scene, Texture, moved, resting, scaled, turned
from tools.shapes import area, blob, box, limb, oval

WIDTH, HEIGHT, QUAY, WATER = 480, 320, 178, 196
"""In pixels; y of the edge of the quay and of the water."""


def harbor() -> Scene:
    """From back to front: clouds, balloon, town, tram, water, fishing boat, sailing boat, three gulls."""
    layers = (
        Layer(_sky(), lambda time: moved(0.8 * time - 60, 0)),
        Layer(_balloon(), _rising),
        Layer(_town(), resting()),
        Layer(_tram(), lambda time: moved(372 - 14 * time, QUAY - 36)),
        Layer(_water(), lambda time: moved(-1.5 * time, WATER)),
        Layer(_fishing_boat(), lambda time: moved(300 - 4 * time, 172 + 0.8 * np.sin(time / 3))),
        Layer(_sailing_boat(), _sailing),
        *_gull(1.25, lambda time: (24 * time - 130, 64 + 14 * np.cos(time / 5)), beat=0),
        *_gull(-0.5, lambda time: (290 - 5 * time, 34 - 0.6 * time), beat=2),
        *_gull(-0.42, lambda time: (342 - 4.5 * time, 66 - 0.5 * time), beat=4),
    )
    return Scene(WIDTH, HEIGHT, layers)


def _rising(time: float) -> np.ndarray:
    return moved(330 + 0.9 * time, 66 - 1.1 * time) @ turned(2 * np.sin(time / 4)) @ moved(-32, -40)


def _sailing(time: float) -> np.ndarray:
    """Pitches about the point where the mast meets the water."""
    return moved(60 + 6 * time, 276 + 1.5 * np.sin(time / 2)) @ turned(4 * np.sin(time / 2.5)) @ moved(-62, -166)


def _gull(size: float, path: Callable[[float], tuple[float, float]], beat: float) -> tuple[Layer, Layer, Layer]:
    """Flies left if its size is negative. Wings beat by being squeezed toward the shoulder, the far one behind."""
    body, wing = _gull_body(), _gull_wing()

    def at(time: float) -> np.ndarray:
        x, y = path(time)
        return moved(x, y) @ scaled(size, abs(size))

    def near(time: float) -> np.ndarray:
        return at(time) @ moved(44, 26) @ scaled(1, 0.8 + 0.25 * np.sin(time / 2 + beat)) @ moved(-30, -50)

    def far(time: float) -> np.ndarray:
        beaten = scaled(0.85, 0.72 + 0.22 * np.sin(time / 2 + beat))
        return at(time) @ moved(50, 24) @ beaten @ turned(24) @ moved(-30, -50)

    return Layer(wing, far), Layer(body, at), Layer(wing, near)


def _gull_body() -> Texture:
    gull = Canvas(96, 44, seed=31, scale=4)
    gull.paint(area("2 22, 24 22, 26 32, 4 33"), "#e9e9e6")
    gull.paint(blob("14 26, 34 18, 58 17, 72 13, 82 14, 85 20, 76 27, 58 35, 34 36"), "#f7f6f2")
    gull.paint(blob("20 30, 40 32, 60 31, 56 34, 34 36"), "#c9ccd0")
    gull.paint(area("83 15.5, 95 20, 83 21"), "#f0a52a")
    gull.paint(oval(79, 17.5, 1.5, 1.5), "#1a1a1a")
    gull.rough(0.05, 0.6)
    return gull.texture()


def _gull_wing() -> Texture:
    """The shoulder is at (30, 50)."""
    wing = Canvas(64, 56, seed=32, scale=4)
    wing.paint(blob("20 52, 12 36, 4 18, 2 3, 14 10, 28 24, 42 40, 44 50, 32 54"), "#a8b0ba")
    wing.paint(blob("2 3, 14 10, 20 17, 8 20, 4 14"), "#2b2d31")
    for number in range(7):
        wing.line(np.array([(8 + 3 * number, 14 + 5 * number), (16 + 3 * number, 22 + 4.4 * number)]), "#7f8892", 0.7)
    wing.paint(blob("14 36, 24 40, 36 50, 30 53, 20 52"), "#d5d9dd")
    wing.rough(0.06, 0.6)
    return wing.texture()


def _sky() -> Texture:
    sky = Canvas(WIDTH + 90, 150, seed=33)
    sky.sky("#5c9ed6", "#dee4e2", 150)
    sky.rough(0.045, 0.9)
    return sky.texture(wraps=(True, True))


def _balloon() -> Texture:
    balloon = Canvas(64, 88, seed=34)
    colors = ["#c8442f", "#f0c04a", "#2f6f8f", "#f3e9d2", "#c8442f", "#f0c04a", "#2f6f8f"]
    angles = np.linspace(-90, 90, len(colors) + 1)
    down = np.linspace(0, 1, 30)
    half = 31 * np.sqrt(np.clip(1 - (1.12 * down - 0.52) ** 2 / 0.36, 0.02, 1))
    for number, color in enumerate(colors):
        first, second = np.sin(np.radians(angles[number : number + 2]))
        edge = np.column_stack([32 + half * first, 2 + 62 * down])
        back = np.column_stack([32 + half * second, 2 + 62 * down])[::-1]
        balloon.paint([np.vstack([edge, back])], color, vary=0.05)
    for y in (20, 36):
        balloon.paint([oval(x, y, 2, 2)[0] for x in range(6, 62, 8)], "#26364f")
    balloon.line(np.array([(26, 62), (28, 76)]), "#4a3a2a", 0.7)
    balloon.line(np.array([(38, 62), (36, 76)]), "#4a3a2a", 0.7)
    balloon.paint(box(27, 75, 10, 10), "#8a5a30")
    balloon.paint(box(27, 78, 10, 1.4) + box(27, 82, 10, 1.4), "#c89a60")
    balloon.rough(0.06, 0.6)
    balloon.shade(1.06, 0.92, 1.12, 0.8)
    return balloon.texture()


def _town() -> Texture:
    """A wooded hill with a lighthouse, a row of houses, and the quay in front of them."""
    town = Canvas(WIDTH, WATER + 2, seed=35)
    xs = np.linspace(0, WIDTH, 80)
    ridge = 104 - 26 * np.sin(xs / 90 + 0.4) - 8 * np.sin(xs / 31)
    town.paint([np.vstack([np.column_stack([xs, ridge]), [(WIDTH, 180), (0, 180)]])], "#4a6b3a")
    town.paint(area("60 96, 78 96, 75 30, 63 30"), "#f4efe4")
    for y in (34, 56, 78):
        half = 6 + y * 0.04
        town.paint(area(f"{69 - half} {y}, {69 + half} {y}, {69.4 + half} {y + 11}, {68.6 - half} {y + 11}"), "#c8382c")
    town.paint(box(62, 18, 14, 12), "#31404f")
    town.paint(box(64, 20, 4, 9) + box(70, 20, 4, 9), "#f8e08a")
    town.paint(area("60 18, 69 9, 78 18") + box(59, 29, 20, 2.4), "#8f2f2a")
    places = town.rng.uniform((-5, 0), (WIDTH + 5, 80), (1500, 2))
    places[:, 1] += np.interp(places[:, 0], xs, ridge) + 2
    order = np.argsort(places[:, 1] + town.rng.normal(0, 16, 1500))
    town.leaves(places[order], (3.5, 7), "#4f7a3a #5f8a42 #3a6434 #7a9a48")
    x, number = -8.0, 0
    while x < WIDTH:
        x += _house(town, x, number)
        number += 1
    town.paint(box(0, QUAY - 14, WIDTH, 40), "#b3aa9a")
    for row in range(2):
        for x in range(-12 + row * 6, WIDTH, 13):
            town.paint(box(x, QUAY - 13.4 + row * 5, 12.2, 4.3), "#bfb7a8", vary=0.14)
    town.paint(box(0, QUAY - 3.4, WIDTH, 1.6), "#55585e")
    for row in range(3):
        for x in range(-20 + row % 2 * 11, WIDTH, 22):
            town.paint(box(x, QUAY + row * 6.4, 21, 5.6), "#857a6c", vary=0.18)
    town.rough(0.065, 0.5)
    return town.texture(wraps=(False, True))


def _house(town: Canvas, x: float, number: int) -> float:
    """Returns its width."""
    colors = ["#d8a23a", "#c8563a", "#e8dcc0", "#5f8aa0", "#b8483f", "#8fa86a", "#e0b48a", "#6f6f9a"]
    wide, top = town.rng.uniform(34, 50), town.rng.uniform(94, 116)
    roof = town.rng.uniform(12, 20)
    town.paint(box(x, top, wide - 0.8, QUAY - top), colors[number % len(colors)], vary=0.06)
    town.paint(area(f"{x - 2} {top}, {x + wide / 2} {top - roof}, {x + wide + 1} {top}"), "#8f4632", vary=0.15)
    for step in np.arange(2, roof, 3):
        half = wide / 2 * step / roof
        tiles = np.array([(x + wide / 2 - half, top - roof + step), (x + wide / 2 + half, top - roof + step)])
        town.line(tiles, "#6f3526", 0.7)
    across = np.linspace(x + 5, x + wide - 13, 3 if wide > 40 else 2)
    for y in np.arange(top + 5, QUAY - 32, 17):
        for left in across:
            town.paint(box(left - 1, y - 1, 9, 12), "#f4efe4")
            town.paint(box(left, y, 3.1, 10) + box(left + 3.9, y, 3.1, 10), "#3c5266", vary=0.35)
            town.paint(box(left - 3.4, y, 2.4, 10) + box(left + 8, y, 2.4, 10), "#3f6f4a", vary=0.2)
    awning = np.array([(x + 3, QUAY - 30), (x + wide - 4, QUAY - 30), (x + wide - 1, QUAY - 24), (x, QUAY - 24)])
    town.paint([awning], "#c8442f", vary=0.2)
    for left in np.arange(x + 2, x + wide - 6, 8):
        town.paint(box(left, QUAY - 30, 3, 6), "#f4efe4")
    town.paint(box(x + 4, QUAY - 23, wide - 10, 10), "#4a3526", vary=0.3)
    return wide


def _tram() -> Texture:
    tram, cream = Canvas(140, 38, seed=36), "#f3e7c8"
    tram.paint(blob("2 8, 10 3, 130 3, 138 8, 139 31, 1 31"), "#b3262a")
    tram.paint(box(2, 17.5, 136, 2) + box(2, 27, 136, 1.2), cream)
    for number, x in enumerate(range(7, 126, 12)):
        tram.paint(box(x, 7, 10, 10), "#2f4250")
        tram.paint(area(f"{x + 1} 16, {x + 5} 8, {x + 8} 8, {x + 4} 16"), "#7f9aaa", vary=0.2)
        if number % 3 != 1:
            tram.paint(oval(x + 4 + number % 2 * 2, 14, 2.2, 3), "#d8a888", vary=0.3)
        tram.paint(box(x + 2, 21, 6, 4.4), "#d8a23a" if number % 2 else "#7f1a1e")
    for x in (22, 36, 104, 118):
        tram.paint(oval(x, 32, 5, 5), "#2a2b2e")
        tram.paint(oval(x, 32, 2.2, 2.2), "#a8abb0")
    tram.paint(box(42, 30, 56, 4), "#3a3c40")
    tram.line(np.array([(60, 3), (70, 0.6), (80, 3)]), "#2a2b2e", 1)
    tram.rough(0.07, 0.6)
    return tram.texture()


def _water() -> Texture:
    water = Canvas(WIDTH + 40, HEIGHT - WATER, seed=37, color="#2f7f95")
    colors = ["#4f9fb0", "#256a82", "#8fc8cc", "#1f5c76", "#63b0ba"]
    for y in np.sort(water.rng.uniform(0, water.high, 1100)):
        size = 2 + 9 * y / water.high
        x, color = water.rng.uniform(0, water.wide), water.rng.choice(colors)
        ripple = blob(f"{x - size} {y}, {x} {y - size * 0.16}, {x + size} {y}, {x} {y + size * 0.12}")
        water.paint(ripple, color, vary=0.12)
    water.rough(0.08, 0.7, across=4)
    return water.texture(wraps=(False, True))


def _fishing_boat() -> Texture:
    """With its bow on the left."""
    boat = Canvas(150, 92, seed=38)
    boat.paint(box(86, 10, 2, 50), "#5a4030")
    boat.line(np.array([(87, 12), (50, 40), (10, 54)]), "#4a4a4a", 0.6)
    boat.line(np.array([(87, 12), (118, 40), (142, 58)]), "#4a4a4a", 0.6)
    for number, x in enumerate(range(20, 80, 10)):
        y = 54 - (x - 10) * 0.42 - 2
        boat.paint(area(f"{x} {y}, {x + 7} {y - 3}, {x + 4} {y + 6}"), ["#e0a030", "#c8442f", "#f3e9d2"][number % 3])
    boat.paint(box(92, 32, 36, 32), "#f3eee0")
    boat.paint(box(89, 28, 42, 5), "#c8442f")
    for x in (96, 107, 118):
        boat.paint(box(x, 38, 7, 9), "#31465a", vary=0.2)
    boat.paint(box(96, 52, 28, 1.6) + box(96, 57, 28, 1.6), "#b8a888")
    boat.paint(blob("4 52, 20 62, 60 66, 120 66, 146 58, 142 80, 134 86, 28 86, 14 76"), "#27527a")
    boat.paint(blob("16 78, 60 80, 138 80, 134 87, 28 87"), "#a8352c")
    boat.line(np.array([(5, 55), (22, 65), (60, 69), (120, 69), (145, 61)]), "#f3e9d2", 2)
    for x in range(30, 136, 15):
        boat.paint(oval(x, 75, 3.4, 3.4), "#1a1c20")
        boat.paint(oval(x, 75, 1.6, 1.6), "#8a8f96")
    for x, y in boat.rng.uniform((36, 54), (82, 65), (46, 2)):
        boat.paint(box(x, y, 5, 4), boat.rng.choice(["#c89a60", "#a8783f", "#6f8f5a"]), vary=0.2)
    for x, y in boat.rng.uniform((8, 84), (146, 90), (60, 2)):
        boat.paint(oval(x, y, 4, 1.4), "#e8f4f2", vary=0.1)
    boat.rough(0.08, 0.6)
    return boat.texture()


def _sailing_boat() -> Texture:
    boat = Canvas(140, 186, seed=39)
    boat.paint(box(61, 4, 2.4, 140), "#6f4a2a")
    boat.paint(blob("65 10, 84 60, 96 100, 104 136, 64 136, 64 70"), "#e8d8b4")
    boat.paint(blob("59 18, 44 70, 26 104, 10 132, 58 136, 60 80"), "#c8563a")
    for y in range(28, 134, 12):
        boat.line(np.array([(60, y), (60 - (y - 14) * 0.42, y - 3)]), "#8f3626", 0.8)
        boat.line(np.array([(65, y), (66 + (y - 8) * 0.29, y + 3)]), "#b09a6a", 0.8)
    boat.paint(blob("78 88, 84 98, 78 108, 72 98"), "#2f6f8f")
    boat.paint(blob("4 144, 30 150, 70 151, 112 148, 134 140, 120 166, 104 174, 28 174, 14 162"), "#8a4f28")
    for y in (154, 160, 166):
        boat.line(np.array([(10 + (y - 150), y - 3), (60, y), (126 - (y - 150) * 0.6, y - 5)]), "#5f3216", 1)
    boat.line(np.array([(4, 145), (30, 151), (70, 152), (112, 149), (133, 141)]), "#f3e9d2", 2)
    boat.paint(limb("92 138 5, 93 146 6") + oval(92, 130, 4, 4.6), "#2f4f7c")
    boat.paint(oval(92, 130, 3.6, 4.2), "#d8a888")
    for x, y in boat.rng.uniform((10, 168), (132, 184), (120, 2)):
        boat.paint(oval(x, y, 6, 1.5), boat.rng.choice(["#e8f4f2", "#a8d4d8", "#4f9fb0"]), vary=0.1)
    boat.rough(0.08, 0.6)
    return boat.texture()
