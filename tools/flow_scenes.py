"""Scenes that each show one phenomenon. Each is a function that paints its textures; see `flow.SCENES`."""

import numpy as np

from tools.canvas import Canvas
from tools.layers import Layer, Place, Scene, Texture, moved, resting, scaled, turned
from tools.shapes import Shape, area, blob, box, oval

SIZE = 384, 288


def ring(middle: float, radius: float, shape: Shape, count: int, start: float = 0) -> list[Shape]:
    """`count` copies of an upright shape about (0, 0), on a circle around a center."""
    copies = []
    for turn in np.arange(count) * 360 / count + start:
        onto = moved(middle, middle) @ turned(turn) @ moved(0, -radius)
        copies.append([outline @ onto[:2, :2].T + onto[:2, 2] for outline in shape])
    return copies


def plate() -> Scene:
    """A painted plate on a table rotates about its center, 5 degrees per frame."""
    width, height = SIZE
    layers = (
        Layer(_table(), resting()),
        Layer(_plate_texture(), lambda time: moved(width / 2, height / 2) @ turned(5 * time) @ moved(-134, -134)),
    )
    return Scene(width, height, layers)


def _table() -> Texture:
    table = Canvas(*SIZE, seed=1)
    for row in range(8):
        start = -table.rng.uniform(0, 150)
        while start < table.wide:
            long = table.rng.uniform(130, 230)
            table.paint(box(start, row * 36, long - 0.8, 35.2), "#a8703f", vary=0.16)
            for y in table.rng.uniform(row * 36 + 2, row * 36 + 34, 5):
                table.paint(oval(start + long * table.rng.uniform(0.2, 0.8), y, 34, 0.5), "#7b4a24")
            start += long
    table.rough(0.12, 0.9, across=14)
    return table.texture(wraps=(True, True))


def _plate_texture() -> Texture:
    plate, middle = Canvas(268, 268, seed=2), 134
    for radius, color in ((133, "#23324f"), (129, "#f3e9d2"), (97, "#23324f"), (94, "#e9b949"), (88, "#f3e9d2")):
        plate.paint(oval(middle, middle, radius, radius), color)
    colors = ["#c8442f", "#2f6f8f", "#e0a030", "#3f7d4f", "#8a4f8f", "#d9723a"]
    for number, petal in enumerate(ring(middle, 113, blob("0 -12, 7 -2, 0 13, -7 -2"), 24)):
        plate.paint(petal, colors[number * 5 % 6 if number % 3 else number % 4], vary=0.1)
    for dot in ring(middle, 113, oval(0, 0, 3.2, 3.2), 24, 7.5) + ring(middle, 123, oval(0, 0, 2.4, 2.4), 48, 3.75):
        plate.paint(dot, "#2f6f8f", vary=0.3)
    for dot in ring(middle, 91, oval(0, 0, 1.7, 1.7), 60):
        plate.paint(dot, "#8f2f2a", vary=0.3)
    for number, leaf in enumerate(ring(middle, 62, blob("0 -22, 12 -6, 9 10, 0 21, -9 10, -12 -6"), 12)):
        plate.paint(leaf, colors[number % 6 if number < 7 else (number * 5 + 2) % 6], vary=0.1)
    for vein in ring(middle, 64, blob("0 -15, 3 0, 0 15, -3 0") + oval(-5.5, 2, 1.2, 3) + oval(5.5, 2, 1.2, 3), 12):
        plate.paint(vein, "#f6dfa6", vary=0.15)
    for dot in ring(middle, 80, oval(0, 0, 3.5, 3.5) + oval(0, -5.5, 1.4, 1.4), 12, 15):
        plate.paint(dot, "#c8442f", vary=0.25)
    for radius, color in ((38, "#23324f"), (35, "#c8442f"), (27, "#f3e9d2"), (12, "#23324f")):
        plate.paint(oval(middle, middle, radius, radius), color)
    for dot in ring(middle, 31, oval(0, 0, 2, 2), 16):
        plate.paint(dot, "#f6dfa6", vary=0.2)
    for number, leaf in enumerate(ring(middle, 19, blob("0 -8, 4.5 0, 0 8, -4.5 0"), 9)):
        plate.paint(leaf, colors[(number * 2 + 1) % 5], vary=0.1)
    plate.paint(ring(middle, 5, oval(0, 0, 2.5, 2.5), 3)[0] + ring(middle, 6, oval(0, 0, 2, 2), 3)[1], "#e9b949")
    plate.rough(0.045, 0.5)
    return plate.texture()


def bus() -> Scene:
    """A school bus drives past a brick wall, 12 pixels per frame; its wheels roll."""
    return Scene(*SIZE, (Layer(_wall(), resting()), *_bus(lambda time: moved(62 + 12 * time, 104), speed=12)))


def window() -> Scene:
    """A bus, driving at 10 pixels per frame, is reflected in the window of a bookshop. The books do not move."""

    def mirrored(time: float) -> np.ndarray:
        return moved(362 - 10 * time, 78) @ scaled(-1.3, 1.3)

    layers = (
        Layer(_books(seed=6), resting()),
        *_bus(mirrored, speed=10 / 1.3, cover=0.5),
        Layer(_shop_front(), resting()),
    )
    return Scene(*SIZE, layers)


def _bus(onto: Place, speed: float, cover: float = 1) -> tuple[Layer, ...]:
    """speed: of rolling parts, in units of the bus per frame.

    cover: opacity; below 1 the bus is a reflection.
    """
    radius, veil = 19, cover < 1
    body, wheel = _bus_texture(cover), _wheel(radius, cover)

    def rolling(x: float) -> Layer:
        spin = np.degrees(speed / radius)
        hub = moved(x, 136)
        return Layer(wheel, lambda time: onto(time) @ hub @ turned(spin * time) @ moved(-radius, -radius), veil)

    return Layer(body, onto, veil), rolling(52), rolling(184)


def _wall() -> Texture:
    wall = Canvas(*SIZE, seed=3, color="#cdbfae")
    for row in range(20):
        for column in range(-1, 17):
            place = box(column * 25 + row % 2 * 12.5, row * 12, 23.4, 10.6)
            wall.paint(place, wall.rng.choice(["#a34a38", "#8e3f33", "#b2593f", "#94523f"]), vary=0.14)
    for x in (24, 148, 272):
        wall.paint(box(x - 6, 6, 100, 88), "#d8cbb6")
        wall.paint(box(x, 12, 88, 76), "#f0ece2")
        for column, row in np.ndindex(3, 2):
            left, top = x + 4 + column * 28, 16 + row * 36
            wall.paint(box(left, top, 24, 32), "#42586b", vary=0.2)
            glint = area(f"{left + 6} {top}, {left + 16} {top}, {left + 2} {top + 32}, {left + 2} {top + 16}")
            wall.paint(glint, "#5d7688", vary=0.1)
        for across, down in wall.rng.uniform((x, 82), (x + 88, 92), (34, 2)):
            flower = wall.rng.choice(["#3f7d3a", "#2f6430", "#d8485f", "#f0c040"])
            wall.paint(oval(across, down, 3.4, 2.8), flower, vary=0.2)
    wall.paint(box(0, 240, 384, 48), "#8d8a86")
    for row in range(3):
        for column in range(-1, 17):
            wall.paint(box(column * 26 + row * 9, 242 + row * 6, 25, 5.2), "#a8a49c", vary=0.15)
    wall.paint(box(0, 260, 384, 28), "#5b5b60")
    for x in range(-10, 384, 46):
        wall.paint(box(x, 272, 26, 4), "#e5dfca", vary=0.05)
    wall.rough(0.075, 0.5)
    return wall.texture(wraps=(True, True))


def _bus_texture(cover: float) -> Texture:
    bus, black = Canvas(250, 142, seed=4), "#26282c"
    bus.paint(blob("4 20, 14 5, 60 2, 150 2, 178 5, 190 18, 196 58, 197 130, 4 132"), "#f2b01e")
    bus.paint(blob("180 66, 212 67, 234 72, 243 84, 245 130, 180 132"), "#eda51a")
    bus.paint(blob("188 22, 197 26, 206 62, 190 64, 186 40"), "#4a6072")
    for number, x in enumerate(range(14, 164, 30)):
        bus.paint(box(x - 1.5, 20.5, 26, 33), black)
        bus.paint(box(x, 22, 23, 30), "#86aabf", vary=0.15)
        bus.paint(area(f"{x + 3} 52, {x + 15} 22, {x + 20} 22, {x + 8} 52"), "#a8c6d4")
        shirt, hair, skin = [("#c8442f", "#3a2718", "#e2b08d"), ("#3f7d4f", "#1e1a18", "#8d5b3c")][number % 2]
        bus.paint(oval(x + 11, 51, 8, 8) + box(x + 3, 51, 16, 1), shirt, vary=0.2)
        bus.paint(oval(x + 11, 37.5, 5.8, 6.6), hair)
        bus.paint(oval(x + 12.5, 39, 4.6, 5.4), skin)
    bus.paint(box(4, 60, 190, 3) + box(4, 90, 240, 3) + box(4, 118, 240, 3), black)
    for x in range(10, 190, 6):
        bus.paint(oval(x, 66, 0.8, 0.8), "#a8720c")
    for x in range(16, 176, 20):
        bus.paint(box(x, 72, 13, 13), "#2f6f8f" if x % 40 > 20 else "#c8442f", vary=0.15)
        bus.paint(oval(x + 6.5, 78.5, 4, 4), "#fbe7b0")
        bus.paint(area(f"{x} 98, {x + 9} 98, {x + 14} 112, {x + 5} 112"), "#d98f10", vary=0.06)
    bus.paint(box(168, 20, 18, 96), black)
    bus.paint(box(170, 22, 6.6, 92) + box(178, 22, 6.6, 92), "#7fa0b4", vary=0.1)
    bus.paint(box(200, 76, 30, 2) + box(202, 81, 28, 2) + box(204, 86, 26, 2), "#9a680c")
    bus.paint(oval(240, 98, 4.5, 6), "#fff4cf")
    bus.paint(box(238, 124, 12, 7) + box(0, 124, 8, 7), "#3b3e44")
    bus.paint(box(6, 68, 5, 12), "#c8281e")
    bus.paint(oval(52, 134, 24, 24) + oval(184, 134, 24, 24), "#1d1e21")
    bus.paint(box(0, 131, 250, 11), "#00000000")
    bus.rough(0.05, 0.4)
    bus.shade(1.08, 0.92)
    return bus.texture(cover)


def _wheel(radius: float, cover: float) -> Texture:
    wheel = Canvas(2 * radius, 2 * radius, seed=5)
    for part, color in ((1, "#2a2b2e"), (0.84, "#3a3c40"), (0.64, "#c9ccd0"), (0.52, "#8f949b"), (0.2, "#e8d9a8")):
        wheel.paint(oval(radius, radius, radius * part, radius * part), color)
    for number, hole in enumerate(ring(radius, radius * 0.37, oval(0, 0, 2.4, 2.4), 6)):
        wheel.paint(hole, "#34363b" if number else "#c8442f")
    for tread in ring(radius, radius * 0.9, box(-0.8, -1.6, 1.6, 3.2), 20):
        wheel.paint(tread, "#55585e", vary=0.4)
    wheel.rough(0.1, 0.5)
    return wheel.texture(cover)


def _shop_front() -> Texture:
    """A wooden frame around the pane, and an awning above."""
    front = Canvas(*SIZE, seed=7)
    front.paint(box(0, 0, 10, 288) + box(374, 0, 10, 288) + box(0, 278, 384, 10), "#24503f")
    front.paint(box(8, 0, 2, 288) + box(374, 0, 2, 288) + box(8, 278, 368, 2), "#c8a050")
    for number, x in enumerate(range(0, 384, 24)):
        color = "#b8382e" if number % 2 else "#f2e8d2"
        front.paint(box(x, 0, 24, 26) + oval(x + 12, 26, 12, 9), color, vary=0.05)
    front.paint(box(0, 23, 384, 1), "#8a6a5a")
    front.rough(0.07, 0.5, down=2)
    return front.texture()


def bookshelf() -> Scene:
    """Nothing moves."""
    return Scene(*SIZE, (Layer(_books(seed=8), resting()),))


def _books(seed: int) -> Texture:
    shelf = Canvas(*SIZE, seed=seed, color="#3a2616")
    colors = ["#9c2f2a", "#2f5d7c", "#d8a23a", "#3f6f4a", "#6f3f6a", "#c8693a", "#e0d2b0", "#26364f", "#4a8a8a"]
    for floor, top in ((92, 8), (186, 104), (280, 198)):
        left = 6
        while left < 372:
            wide, tall = shelf.rng.uniform(9, 21), shelf.rng.uniform(62, 80)
            wide = min(wide, 378 - left)
            _book(shelf, (left, floor - tall, wide, tall), shelf.rng.choice(colors))
            left += wide
        shelf.paint(box(0, floor, 384, 10), "#8a5a30")
        shelf.paint(box(0, floor, 384, 2), "#b98850")
        shelf.paint(box(0, top - 6, 384, 2), "#2a1a0e")
    shelf.paint(box(0, 0, 6, 288) + box(378, 0, 6, 288), "#8a5a30")
    _plant(shelf, 300, 186)
    shelf.rough(0.075, 0.6, down=3)
    return shelf.texture(wraps=(True, True))


def _book(shelf: Canvas, place: tuple[float, float, float, float], color: str) -> None:
    x, y, wide, tall = place
    shelf.paint(box(x, y, wide - 0.7, tall), color, vary=0.15)
    shelf.paint(box(x, y, 1.3, tall), "#f0e2bc", vary=0.3)
    band = shelf.rng.choice(["#f0d890", "#f4ead2", "#1c1a1e"])
    for part in shelf.rng.choice([0.08, 0.14, 0.2, 0.74, 0.8, 0.88], 3, replace=False):
        shelf.paint(box(x + 1.3, y + tall * part, wide - 2, 1.8), band)
    start = y + tall * 0.3
    while start < y + tall * 0.68:
        long = shelf.rng.uniform(2, 7)
        shelf.paint(box(x + wide * 0.38, start, wide * 0.3, long), band)
        start += long + 1.6


def _plant(shelf: Canvas, x: float, floor: float) -> None:
    shelf.paint(box(x - 28, floor - 82, 56, 82), "#3a2616")
    for turn in np.linspace(-80, 80, 17):
        tip = np.array([x, floor - 26]) + 44 * np.array([np.sin(np.radians(turn)), -np.cos(np.radians(turn))])
        shelf.line(np.array([(x, floor - 22), ((x + tip[0]) / 2, tip[1] - 2), tip]), "#2f6a34", 1.4)
        shelf.leaves(tip + shelf.rng.normal(0, 6, (9, 2)), (5, 9), "#3f8a45 #5aa04a #2f6f3f")
    shelf.paint(area(f"{x - 17} {floor - 28}, {x + 17} {floor - 28}, {x + 12} {floor}, {x - 12} {floor}"), "#c4633a")
    shelf.paint(box(x - 19, floor - 31, 38, 7), "#d5764a")
    for left in np.arange(x - 14, x + 14, 5):
        shelf.paint(area(f"{left} {floor - 8}, {left + 2.5} {floor - 16}, {left + 5} {floor - 8}"), "#f0e2bc")
