"""Draws the example images of image classification: `python -m tools.images`.

The images look like photographs and are the same each time. Lengths are hundredths of the side of the image. Positions
are across and down, in space across, up, and near. Round objects are lit as if their outline were inflated.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor, ImageDraw

from tools.shapes import Shape, area, blob, box, curve, limb, oval, points

FOLDER = Path(__file__).parent.parent / "assets" / "examples" / "image_classification"

SIDE, MARGIN, SAVED_SIDE = 1152, 64, 256
"""In pixels. The margin, into which blurs wrap around, is cut off at the end."""
UNIT = (SIDE - 2 * MARGIN) / 100
DOWN, ACROSS = ((np.mgrid[0:SIDE, 0:SIDE] - MARGIN) / UNIT).astype(np.float32)
WAVES = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)).astype(np.float32) * UNIT * 100
"""Frequency at each position of a spectrum: waves per image."""
LIGHT = np.array([-0.4, -0.75, 0.53])
TURN, EYE, HORIZON, DISTANCE = np.radians(34), 22, 45, 115
"""View of the objects in space: rotation about their vertical axis, height and distance of the eye."""


def twice(shape: Shape) -> Shape:
    """A shape and its mirror image."""
    return shape + [[100, 0] + outline * [-1, 1] for outline in shape]


def turned(places: np.ndarray) -> np.ndarray:
    cos, sin = np.cos(TURN), np.sin(TURN)
    return places @ np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]])


def seen(places: np.ndarray | str) -> Shape:
    """Projects points in space."""
    across, up, near = turned(points(places) if isinstance(places, str) else places).T
    scale = DISTANCE / (DISTANCE - near)
    return [np.stack([50 + across * scale, HORIZON - (up - EYE) * scale], axis=1)]


class Photo:
    """An image painted from back to front."""

    def __init__(self, seed: int):
        self.pixels = np.zeros((SIDE, SIDE, 3), np.float32)
        self._rng = np.random.default_rng(seed)

    def grain(self, slope: float, across: np.ndarray | float = 1, down: np.ndarray | float = 1) -> np.ndarray:
        """Noise of deviation 1 that wraps: the steeper its spectrum, the cloudier. Factors below 1 stretch it."""
        noise = _filtered(self._rng.standard_normal((SIDE, SIDE)), np.maximum(WAVES, 2) ** -slope * (WAVES > 0))
        rows, columns = (DOWN * down * UNIT).astype(int) % SIDE, ((ACROSS - 50) * across * UNIT).astype(int) % SIDE
        return (noise / noise.std())[rows, columns]

    def backdrop(self, *sky: tuple[float, str], discs: str = "", top: float = 0, bottom: float = 100) -> None:
        """A vertical gradient, and soft discs between top and bottom."""
        places, colors = zip(*((place, _rgb(color)) for place, color in sky), strict=True)
        self.pixels = np.stack([np.interp(DOWN, places, channel) for channel in np.transpose(colors)], axis=-1)
        for color in discs.split():
            found = self._rng.uniform([-5, top, 5], [105, bottom, 14], (12, 3))
            self.paint([oval(x, y, radius, radius)[0] for x, y, radius in found], color, blur=3, part=0.5)

    def clouds(self, middle: float, depth: float) -> None:
        """White, from nothing far above the middle to a closed cover below."""
        cover = np.clip(self.grain(1.75, 0.7, 1.7) * 0.5 + (DOWN - middle) / depth, 0, 0.85)
        self.pixels = _mix(self.pixels, _rgb("#f5f7f8"), cover)

    def ground(self, horizon: float, far: str, near: str, rough: float, stretch: float = 3, slope: float = 0.8) -> None:
        """A plain up to the horizon."""
        nearness = np.clip((DOWN - horizon) / (100 - horizon), 0, 1)
        away = 1 / np.maximum(nearness, 0.02)
        spots = self.grain(slope, across=away, down=stretch * 10 * away**2 / np.maximum(DOWN, 1)) * nearness**0.3
        plain = _mix(_rgb(far), _rgb(near), nearness) * (1 + rough * spots[..., None])
        self.pixels = _mix(self.pixels, plain, nearness > 0)

    def paint(self, shape: Shape, color: str, blur: float = 0.2, part: float = 1, within: Shape | None = None) -> None:
        """Flat color with opacity `part` and a soft border, only inside another shape if given."""
        cover = part * _mask(shape, blur) * (_mask(within, 0.2) if within else 1)
        self.pixels = _mix(self.pixels, _rgb(color), cover)

    def solid(self, shape: Shape, color: str, depth: float = 1, gloss: float = 0, rough: float = 0) -> None:
        """A round object. depth: how far it bulges; gloss: how much it shines; rough: how spotted it is."""
        height = _filtered(_mask(shape), np.sum([r * UNIT * _gauss(r) for r in (0.7, 1.5, 3, 6)], axis=0))
        down, across = np.gradient(height * depth)
        spots = 1 + rough * self.grain(0.9)[..., None] if rough else 1
        lit = _lit(_rgb(color) * spots, np.stack([-across, -down, np.ones_like(down)], axis=-1), gloss)
        self.pixels = _mix(self.pixels, lit, _mask(shape, 0.25))

    def prism(self, profile: np.ndarray, half: float, color: str, gloss: float = 0, lean: float = 0) -> None:
        """In space: a solid with this side view, clockwise, of half depth `half`, with sides that lean in."""
        depth = half - lean * (profile[:, 1] - profile[:, 1].min())
        front, back = np.column_stack([profile, depth]), np.column_stack([profile, -depth])
        strips = np.stack([front, np.roll(front, -1, axis=0), np.roll(back, -1, axis=0), back], axis=1)
        along = np.roll(profile, -1, axis=0) - profile
        outward = np.column_stack([-along[:, 1], along[:, 0], np.zeros(len(along))])
        faces = sorted(zip(strips, outward, strict=True), key=lambda face: turned(face[0].mean(axis=0))[2])
        picture = _picture(self.pixels)
        for corners, normal in [*faces, (front, np.array([0, lean, 1]))]:
            shade = np.clip(_lit(_rgb(color), turned(normal) * [1, -1, 1], gloss), 0, 1) * 255
            _fill(picture, seen(corners), tuple(shade.astype(int)))
        self.pixels = np.asarray(picture, np.float32) / 255

    def wheel(self, x: float, near: float, radius: float) -> None:
        """In space."""
        for back, size, color in ((4, 1, "#17181b"), (0, 1, "#222327"), (0, 0.66, "#9da1a7"), (0, 0.25, "#4a4d52")):
            circle = oval(x, radius, radius * size, radius * size)[0]
            self.paint(seen(np.column_stack([circle, np.full(len(circle), near - back)])), color)

    def save(self, path: Path) -> None:
        """Adds vignetting and sensor noise."""
        shown = self.pixels * (1 - 0.12 * ((ACROSS - 50) ** 2 + (DOWN - 50) ** 2) / 5000)[..., None]
        inner = _picture(shown[MARGIN:-MARGIN, MARGIN:-MARGIN])
        small = np.asarray(inner.resize((SAVED_SIDE, SAVED_SIDE), Image.Resampling.LANCZOS)) / 255
        _picture(small + self._rng.normal(0, 0.008, small.shape)).save(path, quality=88, optimize=True)


def _rgb(color: str) -> np.ndarray:
    return np.array(ImageColor.getrgb(color), np.float32) / 255


def _mix(first: np.ndarray, second: np.ndarray, part: np.ndarray) -> np.ndarray:
    return first + (second - first) * part[..., None]


def _lit(color: np.ndarray, normal: np.ndarray, gloss: float) -> np.ndarray:
    """Lit by a sun and a blue sky, over ground that reflects some light."""
    normal = normal / np.linalg.norm(normal, axis=-1, keepdims=True)
    sun = np.maximum(normal @ LIGHT, 0)[..., None]
    sky = _mix(np.array([0.34, 0.33, 0.3]), np.array([0.55, 0.6, 0.68]), (1 - normal[..., 1]) / 2)
    return color * (sky + 0.72 * sun) + gloss * sun**24


def _fill(picture: Image.Image, shape: Shape, color: tuple[int, ...] | int) -> None:
    for outline in shape:
        ImageDraw.Draw(picture).polygon([tuple(place) for place in outline * UNIT + MARGIN], fill=color)


def _mask(shape: Shape, blur: float = 0) -> np.ndarray:
    picture = Image.new("L", (SIDE, SIDE))
    _fill(picture, shape, 255)
    mask = np.asarray(picture, np.float32) / 255
    return _filtered(mask, _gauss(blur)) if blur else mask


def _gauss(radius: float) -> np.ndarray:
    """Factor of a blur for each wave."""
    return np.exp(-2 * (np.pi * WAVES * radius / 100) ** 2)


def _filtered(values: np.ndarray, left: np.ndarray) -> np.ndarray:
    return np.fft.irfft2(np.fft.rfft2(values) * left, (SIDE, SIDE)).astype(np.float32)


def _picture(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray((np.clip(pixels, 0, 1) * 255).astype(np.uint8))


def airplane(photo: Photo) -> None:
    photo.backdrop((0, "#4383c6"), (60, "#86b6e2"), (100, "#c3dbef"))
    photo.clouds(82, 60)
    photo.solid(area("44 47, 57 46, 70 27, 65.5 27"), "#b4bcc6", 0.4)
    photo.solid(area("74 45, 89 40, 94 18, 87 18"), "#2456a4", 0.3)
    photo.solid(area("78 43, 87 42, 97 35, 92.5 35"), "#aab2bb", 0.3)
    body = blob("6 53, 10 48.5, 18 45.5, 45 43, 72 40.5, 93 38, 92 42, 72 50.5, 45 56, 15 57.5")
    photo.solid(body, "#f1f3f5", 1.2, gloss=0.2)
    photo.paint(area("5 56, 50 53, 94 42, 94 60, 5 60"), "#5b6b80", blur=2, part=0.45, within=body)
    photo.paint([oval(x, 51.7 - x * 0.094, 0.6, 0.9)[0] for x in np.arange(19, 80, 2.4)], "#333d49", blur=0)
    photo.paint(area("9 51, 13 48.5, 14.4 50, 10 52.2"), "#2b3440")
    photo.solid(oval(49.5, 63.5, 8, 3.6, -5), "#dde1e6")
    photo.paint(oval(42.2, 64.1, 1.4, 3.1, -5), "#343c48")
    photo.solid(area("38 54, 58 51, 84 78, 76 79"), "#cdd4db", 0.4)
    photo.solid(area("80 45, 90 43, 99 51, 94 51.5"), "#cdd4db", 0.3)


def automobile(photo: Photo) -> None:
    street(photo, "-42 0 20, 42 0 20, 41 0 -15, -42 0 -18")
    body = "-38 5, -39 8, -38 12, -35 14, -28 15.6, -18 17, 4 17.8, 26 18, 36 17, 38.5 14, 38 8, 37 5, 18 4.6, -18 4.6"
    photo.prism(curve(points(body)), 15.8, "#1f4fa0", gloss=0.3, lean=0.06)
    roof = "-20 17, -14 21, -5.5 25.4, 4 27, 16.6 26.3, 25 24, 34 17.8, 26 16.6, 0 16.6, -16.6 16.6"
    photo.prism(curve(points(roof)), 14.7, "#1f4fa0", gloss=0.3, lean=0.35)
    photo.paint(seen("-18.4 18 13, -7.7 24.5 10.7, -7.7 24.5 -10.7, -18.4 18 -13"), "#1f2831")
    rear_window = seen("7 18.4 14.2, 7 25.4 11.6, 15.6 25 11.8, 22 23.2 12.5, 26.7 19.3 13.8, 25.8 18.4 14.2")
    photo.paint(seen("-14.4 18.4 14.2, -4.4 24.3 12, 5.5 25.4 11.6, 5.5 18.4 14.2") + rear_window, "#27323c")
    photo.paint(seen("-35 13.2 15.4, 37 15.8 15.3, 37 16.6 15.3, -35 14 15.4"), "#b9cdf5", blur=0.5, part=0.6)
    photo.paint(seen("-37 4.6 15.8, 37 4.6 15.8, 37 7.7 15.8, -37 7.7 15.8"), "#0c1426", blur=0.8, part=0.7)
    lights = seen("-38.8 10 14.7, -36.3 13.2 14.7, -36.3 13.2 7.7, -38.8 10 7.7")
    photo.paint(lights + seen("-38.8 10 -7.4, -36.3 13.2 -7.4, -36.3 13.2 -14, -38.8 10 -14"), "#f6f4e8")
    photo.paint(seen("-39.2 6.6 11, -38.8 9.2 11, -38.8 9.2 -11, -39.2 6.6 -11"), "#1d1d21")
    for x in (-24, 24):
        photo.paint(seen(np.column_stack([oval(x, 7, 7.8, 7.5)[0], np.full(64, 15.7)])), "#120a0c")
        photo.wheel(x, 16, 6.3)


def cat(photo: Photo) -> None:
    photo.backdrop((0, "#5a4a3e"), (100, "#2e2620"))
    coat = "#b3aa9f"
    photo.solid(blob("26 70, 50 60, 74 70, 86 92, 92 120, 8 120, 14 92"), coat, 0.8, rough=0.1)
    photo.solid(twice(blob("19 47, 17 32, 19.5 13, 21.5 12, 33 19, 46 30, 40 44")), coat, 0.8, rough=0.08)
    photo.solid(twice(blob("24 38, 22.5 26, 23.5 18.5, 31 23, 37 29")), "#c4978b", 0.5)
    face = blob("18 48, 24 34, 38 27, 50 26, 62 27, 76 34, 82 48, 81 61, 68 75, 50 80, 32 75, 19 61")
    photo.solid(face, coat, rough=0.1)
    brow = limb("50 26 1.2, 50 37 0.6") + limb("43 26 1.3, 45 38 0.6") + limb("36 28 1.3, 39 38 0.6")
    cheek = limb("18 52 1.2, 29 54 0.6") + limb("19 60 1.3, 31 60 0.6") + limb("24 68 1.3, 33 65 0.6")
    chest = limb("20 84 2, 40 90 1, 50 92 0.6") + limb("14 96 2, 36 102 1")
    photo.paint(twice(brow + cheek + chest), "#3d3630", blur=0.6, part=0.8)
    photo.solid(oval(43, 66, 9, 7.5) + oval(57, 66, 9, 7.5) + oval(50, 73, 7, 5), "#f1ece4", 0.7, rough=0.04)
    photo.paint(twice(blob("27.5 48, 32 43.5, 38 44.5, 43.5 52.5, 37 54.6, 31 53.5")), "#1d1815", blur=0.3)
    photo.solid(twice(blob("29 48.3, 32.5 44.8, 37.5 45.6, 41.8 51.6, 36.8 53.4, 31.6 52.4")), "#a8b04c", 0.3)
    photo.paint(twice(oval(35.3, 49, 1.9, 4.1)), "#0b0b0b")
    photo.paint(oval(33.9, 47, 1, 1) + oval(63, 47, 1, 1), "#ffffff")
    photo.solid(blob("45 58, 50 57, 55 58, 50 63.5"), "#c77a72", gloss=0.1)
    photo.paint(twice(limb("50 63 0.5, 50 67 0.5, 46 70 0.5, 41 69 0.3")), "#4a3a34")
    whiskers = limb("40 66 0.25, 28 64 0.22, 12 59 0.1") + limb("40 67 0.25, 28 67 0.22, 11 68 0.1")
    photo.paint(twice(whiskers + limb("40 68 0.25, 28 70 0.22, 14 75 0.1")), "#fbf8f2", blur=0.1, part=0.9)


def frog(photo: Photo) -> None:
    photo.backdrop((0, "#2c4a24"), (60, "#4f7335"), discs="#6f9448 #274420 #88a95a #1f381b")
    leaf = blob("-20 74, 20 58, 60 54, 110 60, 125 98, 60 125, -20 125")
    photo.solid(leaf, "#a5794a", 0.3, rough=0.06)
    photo.paint(oval(52, 84, 46, 7), "#1c3012", blur=2.5, part=0.8, within=leaf)
    skin = "#6fae3f"
    photo.solid(oval(22, 39, 6.5, 6.5), "#5f9a36", gloss=0.1)
    photo.solid(limb("24 70 4.5, 16 78 3.2, 10 84 2.2"), "#4f7f30")
    body = blob("6 57, 11 48, 24 41, 40 40, 58 42, 76 52, 93 68, 92 80, 72 86, 44 84, 28 78, 15 70, 7 63")
    photo.solid(body, skin, 1.2, gloss=0.15, rough=0.1)
    photo.paint(blob("6 62, 20 65, 36 65, 42 74, 54 86, 30 84, 14 73"), "#dcd5a6", blur=2, part=0.75, within=body)
    photo.paint(limb("6 60 0.4, 20 63.5 0.7, 35 62 0.7, 43 57 0.4"), "#39361b", blur=0.3)
    spots = points("53 49 3.4, 64 54 3.8, 75 61 3.2, 59 62 2.8, 48 58 2.2, 20 51 1.6, 84 70 2.8, 71 49 2.4")
    photo.paint([oval(x, y, r * 1.3, r, 35)[0] for x, y, r in spots], "#383518", blur=0.7, part=0.85, within=body)
    photo.solid(limb("68 88 3.4, 56 90 2.8, 46 91 1.8, 39 91 1"), "#63a038")
    photo.solid(blob("56 82, 61 69, 76 64, 91 70, 96 81, 88 90, 66 90"), "#6aa83c", 1.1, gloss=0.12, rough=0.1)
    toes = limb("33 87 2, 25 90 1.3, 20 91 1.2") + limb("33 87 2, 29 93 1.3, 26 95 1.2")
    photo.solid(limb("40 70 5.6, 37 79 4.2, 33 87 2.6") + toes, skin, gloss=0.1, rough=0.06)
    photo.solid(oval(37, 41, 8.5, 8.5), "#7cb84a", gloss=0.2)
    photo.solid(oval(36.4, 40.5, 6, 5.6), "#d2a53a", 0.5)
    photo.paint(oval(36, 40.5, 4.2, 3), "#0d0d0a")
    photo.paint(oval(34.3, 38.4, 1.1, 1.1), "#ffffff")


def horse(photo: Photo) -> None:
    photo.backdrop((0, "#9fc3e4"), (45, "#dfe8ea"), discs="#4c6a38 #5f7f44 #39572f #6d8b4b", top=36, bottom=52)
    photo.ground(52, "#8fae56", "#5f8a35", rough=0.2, stretch=2, slope=0.6)
    photo.paint(oval(54, 89, 34, 3), "#22381a", blur=1.5, part=0.75)
    coat, dark = "#9a5a30", "#24160f"
    far_fore = limb("41 50 4, 43 62 2.4, 44.5 70 2, 44 80 1.3, 42.5 86 1.8")
    photo.solid(far_fore + limb("69 48 6, 67 58 4, 69.5 68 2.2, 68 79 1.4, 66.5 86 1.9"), "#5c331c")
    photo.solid(limb("77 38 1.6, 83 42 2.2, 86 53 3, 85.5 66 2.6, 83 76 0.6"), dark, rough=0.2)
    fore = limb("35 50 5, 35.5 62 2.8, 34.5 70 2.3, 34.6 80 1.4, 33.5 87 2.1")
    hind = limb("73 46 8, 76 57 4.8, 75.5 63 3, 79 70 2.3, 77.6 80 1.5, 76.4 87 2.1")
    body = blob("28 43, 33 35, 44 36, 56 37, 66 34, 75 35.5, 80 43, 78 52, 68 53, 55 56, 42 56, 32 54")
    neck = blob("21 20, 28 16, 36 24, 46 38, 42 50, 32 50, 28 41, 24 31")
    head = blob("22 16, 27 18, 28 25, 22 31, 14.5 38, 10 38.5, 8 35, 12.5 27, 17.5 19")
    photo.solid(body + neck + head + fore + hind, coat, 1.2, gloss=0.12, rough=0.06)
    photo.solid(limb("23 14 1.2, 31 18 2.2, 38 26 2.6, 43 34 1.6"), dark, rough=0.2)
    photo.solid(blob("21.5 19, 21.3 13, 23 9, 24.8 13, 25 19"), coat)
    photo.paint(box(20, 72, 70, 20), dark, blur=2.5, part=0.9, within=fore + hind)
    photo.paint(blob("5 34, 12 33, 15 40, 6 42"), "#3a2418", blur=1, part=0.8, within=head)
    photo.paint(oval(18.6, 23.5, 1.1, 0.9) + oval(10.4, 35.6, 0.7, 0.5), "#0d0806")


def ship(photo: Photo) -> None:
    photo.backdrop((0, "#79abd9"), (40, "#d3e2ec"), (47, "#e6ecef"))
    photo.clouds(60, 90)
    photo.paint(blob("-30 46, 10 43, 40 45.5, 70 44, 130 45, 130 51, -30 51"), "#a5b7c3", blur=0.6)
    photo.ground(47, "#8faab9", "#2b5468", rough=0.17, stretch=8)
    photo.paint(area("6 70, 95 70, 86 88, 18 88"), "#142c3a", blur=3, part=0.75)
    photo.solid(box(76, 12, 7, 12), "#d8502e", 0.4)
    for floor in (box(70, 21, 13, 10), box(67, 29, 20, 10), box(64, 37, 27, 16)):
        photo.solid(floor, "#fbfaf7", 0.15)
    photo.paint(box(70, 24, 12, 2) + box(68, 31.5, 16, 2) + box(67, 40, 19, 2) + box(67, 46, 19, 2), "#3d4b58")
    for index in range(14):
        color = ("#b8452f", "#3c6ea5", "#c99a3b", "#5b7f5a", "#8a8d90")[index * 7 % 5]
        photo.solid(box(19 + index % 7 * 6, 47 - index // 7 * 6, 6, 6), color, 0.2)
    photo.solid(limb("11 52 0.4, 11 33 0.3"), "#e9e6dc")
    photo.solid(area("3 49, 13 53, 88 53, 95 49.5, 93 71, 15 71"), "#242c3a", 0.6, gloss=0.05)
    photo.solid(area("13.2 66.5, 93.4 66.5, 93 72, 15.5 72"), "#9c3b30", 0.3)
    photo.solid(area("3 49, 13 53, 88 53, 95 49.5, 95 51, 88 54.8, 13 54.8, 3.4 51"), "#f0eee8", 0.2)
    photo.paint(blob("5 72, 13 69, 22 71, 60 71.4, 95 70.6, 99 73, 60 73.6, 20 75"), "#f1f6f7", blur=0.5)


def street(photo: Photo, shadow: str) -> None:
    trees = "#4c6238 #5f7444 #39502f #77834f"
    photo.backdrop((0, "#8fb4d8"), (HORIZON, "#dfe6ea"), discs=trees, top=HORIZON - 6, bottom=HORIZON)
    photo.ground(HORIZON, "#96968f", "#6b6b6d", rough=0.07)
    photo.paint(seen(shadow), "#101115", blur=1.2, part=0.88)


def tea_cup(photo: Photo) -> None:
    photo.backdrop((0, "#cfd8d6"), (45, "#aab3ae"), discs="#f3f3ea #8fa08f #dfe5dc #74867a", bottom=40)
    photo.ground(44, "#a97a4e", "#8a5a33", rough=0.12, stretch=0.6, slope=1)
    photo.paint(oval(55, 83, 40, 9), "#2e1a0d", blur=2.5, part=0.75)
    photo.solid(oval(50, 79, 38, 10.5), "#f4f3ef", 0.5, gloss=0.1)
    photo.paint(oval(50, 78.3, 27, 6.3), "#a9aaac", blur=1.5, part=0.7)
    photo.solid(limb("72 45 2.3, 84 44 2.3, 87 53 2.3, 80 62 2.3, 69 64 2.3"), "#f4f3ef", gloss=0.15)
    photo.solid(blob("23 36, 26 56, 36 74, 50 78, 64 74, 74 56, 77 36, 64 40, 50 41, 36 40"), "#f7f6f2", 1.1, gloss=0.1)
    photo.solid(oval(50, 36.5, 27.4, 8), "#fbfaf7", 0.2)
    photo.paint(oval(50, 37, 25.6, 6.9), "#b9b4aa", blur=0.4)
    photo.paint(oval(50, 38.6, 24, 5.2), "#8a3d12", blur=0.3)
    photo.paint(oval(44, 37.6, 12, 2), "#d98c45", blur=1, part=0.7)
    steam = limb("42 32 1, 40 24 1.6, 44 16 2, 41 8 2.4") + limb("56 32 1, 58 25 1.6, 54 17 2, 58 9 2.4")
    photo.paint(steam, "#ffffff", blur=2, part=0.5)


def truck(photo: Photo) -> None:
    street(photo, "-41 0 19, 46 0 20, 46 0 -14, -43 0 -17")
    photo.prism(points("-36 5, -36 11, 40 11, 40 5"), 11, "#33353a")
    for x in (31, 17):
        photo.wheel(x, 13.4, 6.5)
    photo.prism(points("-14 10, -14 40, 43 40, 43 10"), 14.5, "#ffffff")
    photo.paint(seen("-13.5 18 14.5, 42.5 18 14.5, 42.5 21 14.5, -13.5 21 14.5"), "#b5362c", part=0.9)
    cab = "-39 6, -40 8, -40 18, -39 20, -34 30, -31 32, -18 32, -16 30, -16 6"
    photo.prism(points(cab), 13.7, "#cf2a20", gloss=0.1)
    photo.paint(seen("-38.4 20.5 12.2, -34.6 29 12, -34.6 29 -12, -38.4 20.5 -12.2"), "#222d38")
    photo.paint(seen("-35.8 20 13.7, -32.4 28.5 13.7, -21 28.5 13.7, -21 20 13.7"), "#2b3843")
    photo.paint(seen("-40 11.4 9, -40 17 9, -40 17 -9, -40 11.4 -9"), "#2a2224")
    photo.paint(seen("-40 6 13.7, -40 9.6 13.7, -40 9.6 -13.7, -40 6 -13.7"), "#d5d6d6")
    lights = seen("-40 10.8 13, -40 14 13, -40 14 9.4, -40 10.8 9.4")
    photo.paint(lights + seen("-40 10.8 -9.4, -40 14 -9.4, -40 14 -13, -40 10.8 -13"), "#fffbe6")
    photo.wheel(-27.6, 14, 6.5)


SCENES: dict[str, Callable[[Photo], None]] = {
    scene.__name__: scene for scene in (airplane, automobile, cat, frog, horse, ship, tea_cup, truck)
}


if __name__ == "__main__":
    for seed, (name, scene) in enumerate(SCENES.items()):
        photo = Photo(seed)
        scene(photo)
        photo.save(FOLDER / f"{name}.jpg")
