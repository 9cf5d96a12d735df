"""Driving down an avenue: objects in space, each on a plane of its own. In meters; x right, z ahead."""

import numpy as np

from tools.canvas import Canvas
from tools.layers import Layer, Place, Scene, Texture, moved, resting, scaled
from tools.shapes import box, limb

WIDTH, HEIGHT, HORIZON, FOCUS = 384, 288, 132, 300
"""In pixels."""
EYE, SPEED = 1.6, 0.22
"""Height of the camera, and distance per frame."""
LEAVES = (
    "#d9822b #c8642a #e8a83a",
    "#b8402a #d0602f #8f3424",
    "#d8b03a #b8a83a #e8c85a",
    "#5f8a3a #7fa04a #4a7434",
)


def on_ground(time: float) -> np.ndarray:
    """(x, z) -> frame."""
    driven = SPEED * time
    return np.array(
        [[FOCUS, WIDTH / 2, -WIDTH / 2 * driven], [0, HORIZON, FOCUS * EYE - HORIZON * driven], [0, 1, -driven]]
    )


def upright(x: float, z: float, size: float, foot: tuple[float, float]) -> Place:
    """An upright image, standing on its foot at a distance, whose units are `size` meters."""

    def place(time: float) -> np.ndarray:
        near = FOCUS / (z - SPEED * time)
        return moved(WIDTH / 2, HORIZON) @ scaled(near) @ moved(x, EYE) @ scaled(size) @ moved(-foot[0], -foot[1])

    return place


def road() -> Scene:
    """The camera drives forward: everything moves away from where the road ends."""
    rng = np.random.default_rng(11)
    trees = [_tree(seed, colors) for seed, colors in enumerate(LEAVES, 20)]
    layers = [
        Layer(_sky(), resting()),
        Layer(_grass(), on_ground),
        Layer(_tarmac(), lambda time: on_ground(time) @ moved(-3.5, 0)),
    ]
    for z in np.arange(58, 5, -4.4):
        for side in (-1, 1):
            x = side * (5.4 + rng.uniform(0, 0.6))
            place = upright(x, z + rng.uniform(-1, 1), 0.04 * rng.uniform(0.9, 1.15), (75, 208))
            layers.append(Layer(trees[rng.integers(len(trees))], place))
    return Scene(WIDTH, HEIGHT, tuple(layers))


def _sky() -> Texture:
    sky = Canvas(WIDTH, HEIGHT, seed=12, color="#ece2ce")
    sky.sky("#62a0d6", "#ece2ce", HORIZON)
    for base, height, color in ((0, 34, "#8fa3b8"), (1, 22, "#7d9480"), (2, 12, "#6d8450")):
        xs = np.linspace(0, WIDTH, 60)
        ys = HORIZON + 3 - height * (0.62 + 0.38 * np.sin(xs / (26 + 9 * base) + base * 2 + np.sin(xs / 17)))
        sky.paint([np.vstack([np.column_stack([xs, ys]), [(WIDTH, HORIZON + 9), (0, HORIZON + 9)]])], color)
    sky.rough(0.05, 0.9)
    return sky.texture(wraps=(True, True))


def _grass() -> Texture:
    """Infinite."""
    grass = Canvas(12, 12, seed=13, color="#86913f", scale=96)
    for x, y in grass.rng.uniform(0.1, 11.9, (5200, 2)):
        leaf = 0.05 + 0.1 * grass.rng.random()
        grass.leaves(np.array([(x, y)]), (leaf, leaf * 1.6), "#e0b84a #d0853a #a8b85a #6f8a3a #c8642a #e8d080")
    grass.rough(0.16, 0.6)
    return grass.texture(wraps=(True, True))


def _tarmac() -> Texture:
    """7 meters wide, infinitely long."""
    road = Canvas(7, 6, seed=14, color="#77747a", scale=128)
    for x, y in road.rng.uniform((0.1, 0.1), (6.9, 5.9), (900, 2)):
        road.paint(box(x, y, 0.05, 0.12), "#8d8a8e", vary=0.3)
    for x, y in road.rng.uniform((0.1, 0.1), (6.9, 5.9), (110, 2)):
        road.leaves(np.array([(x, y)]), (0.05, 0.13), "#e0a03a #c8642a #e8c85a")
    road.paint(box(0.25, 0, 0.14, 6) + box(6.61, 0, 0.14, 6), "#ece6d4")
    road.paint(box(3.42, 0.5, 0.16, 2.6), "#f4eedc")
    road.rough(0.1, 0.5)
    return road.texture(wraps=(True, False))


def _tree(seed: int, colors: str) -> Texture:
    tree = Canvas(150, 214, seed)
    for wood in ("75 210 6, 73 150 5, 76 90 3", "74 140 3, 50 100 2, 38 70 1", "75 130 3, 102 92 2, 114 66 1"):
        tree.paint(limb(wood), "#5a4030")
    for x, y in tree.rng.uniform((69, 135), (80, 206), (60, 2)):
        tree.paint(box(x, y, 1, 5), "#80624a", vary=0.4)
    angle, part = tree.rng.uniform(0, 2 * np.pi, 1500), np.sqrt(tree.rng.random(1500))
    places = np.column_stack([75 + 62 * part * np.cos(angle), 78 + 70 * part * np.sin(angle)])
    places += tree.rng.normal(0, 3, places.shape)
    lit = places @ [-0.5, -0.8] + tree.rng.normal(0, 30, len(places))
    tree.leaves(places[np.argsort(lit)], (3.5, 6.5), colors)
    tree.rough(0.06, 0.5)
    return tree.texture()
