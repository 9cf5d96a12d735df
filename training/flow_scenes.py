"""Random pairs of frames whose motion is known exactly: layers of texture, each with its own motion.

A scene is a background and one to four blobs. All random numbers except pixel noise are drawn on the CPU, so that a
seed gives the same scenes on any device.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from training.flow_rendering import Layers, Pairs, render
from training.flow_textures import TEXTURE, hold_out, textures

BLOBS = 4
"""Most blobs in front of the background; at least one."""
FIELD = 32
"""Points along each side of the field that a blob is cut from."""
STILL, STILL_BLOBS = 0.04, 0.08
"""Shares of the scenes in which nothing moves, and in which only the background moves."""
CARRIED = 0.4
"""Share of the blobs that move with the background, plus a little on their own."""


class Scenes:
    """Photographs [n, 3, TEXTURE, TEXTURE], uint8, and noise, rendered as pairs of frames on the device."""

    def __init__(self, photographs: Tensor, device: torch.device | str = "cpu", seed: int = 0):
        self._textures = textures(photographs, seed).to(device)
        self._device = torch.device(device)

    def draw(self, seed: int, count: int = 64, size: int = 64, reach: float = 8.0, plain: bool = False) -> Pairs:
        """`count` scenes of size x size pixels, in which nothing moves farther than `reach` pixels.

        seed: the same seed gives the same pairs.
        plain: without noise, blur and changes of light.
        """
        generator = torch.Generator().manual_seed(seed)
        layers = draw_layers(generator, len(self._textures), count, size, reach)
        pairs = render(layers.to(self._device), self._textures, size)
        return pairs if plain else _photographed(pairs, generator)


def held_out(photographs: Tensor, seed: int = 0, count: int = 64, size: int = 128, reach: float = 8.0) -> Pairs:
    """The same pairs each time, on the CPU, from photographs and noise that training does not use."""
    return Scenes(hold_out(photographs)[1], seed=1).draw(seed, count, size, reach)


def draw_layers(generator: torch.Generator, kinds: int, count: int, size: int, reach: float) -> Layers:
    """kinds: number of textures. See Scenes.draw."""
    depths = 1 + BLOBS
    blobs = torch.randint(1, BLOBS + 1, (count, 1), generator=generator)
    radius = size * _uniform(generator, math.log(0.16), math.log(0.6), count, depths).exp()
    center = _uniform(generator, 0, size - 1, count, depths, 2)
    radius[:, 0], center[:, 0] = size / 2, (size - 1) / 2
    motion, shift = _motions(generator, math.sqrt(2) * radius, reach)
    turned = _rotations(_uniform(generator, -math.pi, math.pi, count, depths))
    contrast = _uniform(generator, 0.5, 1.2, count, depths, 1)
    gain = contrast * _uniform(generator, 0.85, 1.15, count, depths, 3)
    return Layers(
        shown=torch.arange(depths) <= blobs,
        center=center,
        shift=shift,
        motion=motion,
        shape=_shapes(generator, count, depths),
        shape_place=turned / radius[..., None, None],
        texture=torch.randint(kinds, (count, depths), generator=generator),
        texture_place=_texture_places(generator, count, depths),
        texture_offset=_uniform(generator, -0.7, 0.7, count, depths, 2),
        gain=gain,
        offset=0.5 - 0.5 * gain + 0.1 * torch.randn(count, depths, 1, generator=generator),
    )


def _motions(generator: torch.Generator, radius: Tensor, reach: float) -> tuple[Tensor, Tensor]:
    """radius [B, L], largest distance of a point from the center -> motion [B, L, 2, 2], shift [B, L, 2], pixels."""
    count, depths = radius.shape
    angle = _uniform(generator, -math.pi, math.pi, count, depths)
    direction = torch.stack([angle.cos(), angle.sin()], dim=-1)
    shift = reach * _strengths(generator, count, depths)[..., None] * direction
    carried = 0.8 * _some(generator, CARRIED, count, depths, 1)
    carried[:, 0] = 0
    shift = (1 - carried) * shift + (carried > 0) * shift[:, :1]

    linear = _linear_motions(generator, count, depths) - torch.eye(2)
    at_rim = torch.linalg.matrix_norm(linear, 2) * radius
    linear = linear * _at_most(reach * _strengths(generator, count, depths), at_rim)[..., None, None]

    lot = _uniform(generator, 0, 1, count, 1)
    moves = (lot > STILL) & ((lot > STILL + STILL_BLOBS) | (torch.arange(depths) == 0))
    farthest = shift.norm(dim=-1) + torch.linalg.matrix_norm(linear, 2) * radius
    kept = moves * _at_most(reach, farthest)
    return torch.eye(2) + linear * kept[..., None, None], shift * kept[..., None]


def _linear_motions(generator: torch.Generator, count: int, depths: int) -> Tensor:
    """[B, L, 2, 2]: rotation up to 15 degrees, zoom 0.85 to 1.18, slight shear; identity for two in five."""
    degree = math.pi / 180
    turned = _rotations(_uniform(generator, -15 * degree, 15 * degree, count, depths))
    zoomed = _uniform(generator, math.log(0.85), math.log(1.18), count, depths).exp()[..., None, None]
    sheared = torch.eye(2) + _uniform(generator, -0.05, 0.05, count, depths, 1, 1) * torch.tensor([[0.0, 1], [0, 0]])
    changed = _some(generator, 0.6, count, depths)[..., None, None]
    return torch.where(changed, zoomed * turned @ sheared, torch.eye(2))


def _strengths(generator: torch.Generator, count: int, depths: int) -> Tensor:
    """[B, L], 0 to 1: half of them uniform, half log-uniform, so that small motions are frequent."""
    even = _uniform(generator, 0, 1, count, depths)
    return torch.where(_some(generator, 0.5, count, depths), even, (-5 * even).exp2())


def _at_most(limit: float | Tensor, length: Tensor) -> Tensor:
    """Factor that limits lengths to `limit`; at most 1."""
    return (limit / length.clamp(min=1e-6)).clamp(max=1)


def _texture_places(generator: torch.Generator, count: int, depths: int) -> Tensor:
    """[B, L, 2, 2]: any rotation, half of them mirrored; a pixel of the frame is 0.5 to 1.4 of the texture."""
    zoom = _uniform(generator, math.log(0.5), math.log(1.4), count, depths).exp()[..., None, None]
    turned = _rotations(_uniform(generator, -math.pi, math.pi, count, depths))
    mirrored = torch.where(_some(generator, 0.5, count, depths, 1), 1.0, torch.tensor([-1.0, 1.0]))
    return 2 / TEXTURE * zoom * turned * mirrored[..., None, :]


def _shapes(generator: torch.Generator, count: int, depths: int) -> Tensor:
    """[B, L, FIELD, FIELD]: diamonds, ellipses, boxes, drops and rags, long or round. See Layers.shape."""
    line = torch.linspace(-1, 1, FIELD)
    across, along = line.abs(), line.abs()[:, None]
    width = _uniform(generator, math.log(0.25), 0, count, depths, 1, 1).exp() * 0.9
    power = _uniform(generator, math.log(0.9), math.log(6.0), count, depths, 1, 1).exp()
    distance = ((across / 0.9) ** power + (along / width) ** power) ** (1 / power)
    rough = _smooth_noise(generator, count, depths, 4) + 0.4 * _smooth_noise(generator, count, depths, 8)
    amount = 0.5 * _uniform(generator, -0.6, 1, count, depths, 1, 1).clamp(min=0)
    level = torch.minimum((1 - distance) * width + amount * rough, 0.9 - torch.maximum(across, along))
    # Divided by its slope: near the edge this is the distance to it.
    downward, rightward = torch.gradient(level, spacing=2 / (FIELD - 1), dim=(2, 3))
    level = level / torch.hypot(downward, rightward).clamp(min=0.3)
    # The border continues beyond the field: less than half a pixel from the edge, it would cover the whole frame.
    return level.masked_fill(torch.maximum(across, along) == 1, -1)


def _smooth_noise(generator: torch.Generator, count: int, depths: int, points: int) -> Tensor:
    """[B, L, FIELD, FIELD], standard deviation about 0.7, interpolated from `points` along each side."""
    noise = torch.randn(count, depths, points, points, generator=generator)
    return F.interpolate(noise, FIELD, mode="bicubic")


def _photographed(pairs: Pairs, generator: torch.Generator) -> Pairs:
    """Different light in the second frame, blur and noise in both; each in a part of the scenes."""
    count, device = len(pairs.first), pairs.first.device

    def change(most: float, share: float) -> Tensor:
        """[B, 1, 1, 1], -most to most, 0 in the scenes without."""
        values = _uniform(generator, -most, most, count, 1, 1, 1)
        return (values * _some(generator, share, count, 1, 1, 1)).to(device)

    gamma, gain, offset = change(0.3, 0.25).exp(), 1 + change(0.2, 0.4), change(0.1, 0.4)
    second = (pairs.second.clamp(min=1e-6) ** gamma - 0.5) * gain + 0.5 + offset
    frames = torch.stack([pairs.first, second], dim=1)
    blur = change(0.8, 0.3).abs()[:, None]
    blurred = (blur > 0).flatten().nonzero()[:, 0]
    frames[blurred] = torch.lerp(frames[blurred], _means(frames[blurred]), blur[blurred])
    amount = change(0.03, 0.6).abs()[:, None]
    seed = int(torch.randint(2**62, (), generator=generator))
    noise = torch.randn(frames.shape, generator=torch.Generator(device).manual_seed(seed), device=device)
    first, second = (frames + amount * noise).clamp(0, 1).unbind(dim=1)
    return Pairs(first, second, pairs.flow, pairs.occluded)


def _means(frames: Tensor) -> Tensor:
    """[..., S, S]: the mean of each pixel and its neighbors."""
    return F.avg_pool2d(F.pad(frames.flatten(0, -4), (1,) * 4, mode="replicate"), 3, 1).view_as(frames)


def _uniform(generator: torch.Generator, low: float, high: float, *shape: int) -> Tensor:
    return torch.empty(shape).uniform_(low, high, generator=generator)


def _some(generator: torch.Generator, share: float, *shape: int) -> Tensor:
    """bool, True in about that share."""
    return torch.rand(shape, generator=generator) < share


def _rotations(angle: Tensor) -> Tensor:
    """angle [...] in radians, clockwise as y goes down -> [..., 2, 2]."""
    return torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], dim=-1).unflatten(-1, (2, 2))
