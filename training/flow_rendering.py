"""Renders two frames of moving layers and the motion of every pixel, exact up to float32.

The texture and the outline of a layer are defined once, around its center; each frame samples them through the motion
of the layer, so that neither frame is interpolated from the other.

Shapes: B scenes, L layers from back to front, S pixels along each side of a frame. Coordinates are pixels, x right and
    y down, 0 in the center of the first pixel.
"""

from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True, slots=True)
class Pairs:
    """first, second: float32 [B, 3, S, S], 0 to 1.

    flow: float32 [B, 2, S, S] in pixels, x right, y down, for the pixels of the first frame.
    occluded: bool [B, S, S], pixels of the first frame that are covered or outside in the second.

    Flow and occlusion are those of the front layer at the center of each pixel.
    """

    first: Tensor
    second: Tensor
    flow: Tensor
    occluded: Tensor


@dataclass(frozen=True, slots=True)
class Layers:
    """Scenes before rendering, float32 except `shown` and `texture`. Layer 0 is an infinite background.

    shown: bool [B, L], whether a layer is present.
    center, shift: [B, L, 2]; motion: [B, L, 2, 2]. A point p of a layer moves to center + shift + motion (p - center).
    shape: [B, L, n, n], signed distance to the edge, positive inside, in units in which the field is two wide. It
        continues beyond the field with its border values, which are at least half a pixel below 0.
    shape_place: [B, L, 2, 2], from p - center to -1..1 over the field.
    texture: int64 [B, L].
    texture_place: [B, L, 2, 2], from p - center to -1..1 over the texture, which is mirrored beyond.
    texture_offset: [B, L, 2], position of the center in the texture.
    gain, offset: [B, L, 3]. A color c, 0 to 1, becomes gain c + offset, clamped to 0..1.
    """

    shown: Tensor
    center: Tensor
    shift: Tensor
    motion: Tensor
    shape: Tensor
    shape_place: Tensor
    texture: Tensor
    texture_place: Tensor
    texture_offset: Tensor
    gain: Tensor
    offset: Tensor

    def to(self, device: torch.device | str) -> "Layers":
        return Layers(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})

    def pick(self, rows: Tensor, depth: int) -> "Layers":
        """One layer of some scenes: [B, L, ...] -> [len(rows), ...]."""
        return Layers(**{field.name: getattr(self, field.name)[rows, depth] for field in fields(self)})


def render(layers: Layers, textures: Tensor, size: int) -> Pairs:
    """textures: uint8 [n, 3, t, t] on the device of the layers. Without noise or changes of light."""
    count, depths = layers.shown.shape
    device = layers.shown.device
    frames = torch.zeros(count, 3, 2 * size, size, device=device)
    front = torch.zeros(count, size, size, dtype=torch.int64, device=device)
    for depth in range(depths):
        rows = layers.shown[:, depth].nonzero()[:, 0]
        layer = layers.pick(rows, depth)
        colors = _colors(layer, textures, size)
        if depth == 0:
            frames[rows] = colors
            continue
        level = _levels(layer, _grid(*_places(layer, layer.shape_place), size))
        # An edge is a pixel wide, as if pixels averaged over their area.
        cover = (level * _pixels_per_unit(layer)[:, None, None] + 0.5).clamp(0, 1)
        frames[rows] = torch.lerp(frames[rows], colors, cover[:, None])
        front[rows] = torch.where(level[:, :size] > 0, depth, front[rows])
    line = torch.arange(size, dtype=torch.float32, device=device)
    pixels = torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1)
    flow = _flow(layers, front, pixels)
    moved = pixels + flow
    first, second = frames.split(size, dim=2)
    return Pairs(first, second, flow.movedim(-1, 1), _covered(layers, front, moved) | _outside(moved, size))


def _places(layer: Layers, place: Tensor) -> tuple[Tensor, Tensor]:
    """Matrices [n, 2, 2, 2] and offsets [n, 2, 2] from pixels of both frames (dimension 1) to a layer.

    place: [n, 2, 2], from p - center to the coordinates of the layer.
    """
    back = torch.linalg.inv(layer.motion)
    matrices = torch.stack([place, place @ back], dim=1)
    origins = torch.stack([layer.center, layer.center + layer.shift], dim=1)
    return matrices, -(matrices @ origins[..., None])[..., 0]


def _grid(matrices: Tensor, offsets: Tensor, size: int) -> Tensor:
    """[n, 2 * S, S, 2]: sampling positions for the pixels of the first frame and, below them, of the second."""
    line = torch.arange(size, dtype=torch.float32, device=offsets.device)[:, None]
    along_rows, along_columns = (matrices[:, :, None, :, axis] * line for axis in range(2))
    return (along_rows[:, :, None] + (along_columns + offsets[:, :, None])[:, :, :, None]).flatten(1, 2)


def _colors(layer: Layers, textures: Tensor, size: int) -> Tensor:
    """[n, 3, 2 * S, S]: the first frame above the second, without other layers."""
    matrices, offsets = _places(layer, layer.texture_place)
    grid = _grid(matrices, offsets + layer.texture_offset[:, None], size)
    found = F.grid_sample(textures[layer.texture].float(), grid, padding_mode="reflection", align_corners=False)
    return torch.addcmul(layer.offset[..., None, None], found, layer.gain[..., None, None] / 255).clamp_(0, 1)


def _levels(layer: Layers, points: Tensor) -> Tensor:
    """points [n, h, w, 2] in -1..1 over the field: [n, h, w], as `shape`."""
    return F.grid_sample(layer.shape[:, None], points, padding_mode="border", align_corners=True)[:, 0]


def _pixels_per_unit(layer: Layers) -> Tensor:
    """[n]: pixels per unit of the shape."""
    return torch.linalg.det(layer.shape_place).abs().rsqrt()


def _flow(layers: Layers, front: Tensor, pixels: Tensor) -> Tensor:
    """front [B, S, S], the front layer of each pixel of the first frame -> [B, S, S, 2], motion of its point."""
    linear = layers.motion - torch.eye(2, device=front.device)
    constant = layers.shift - (linear @ layers.center[..., None])[..., 0]
    scenes = torch.arange(len(front), device=front.device)[:, None, None]
    along_rows, along_columns, constant = (
        values[scenes, front] for values in (linear[..., 0], linear[..., 1], constant)
    )
    return along_rows * pixels[..., :1] + along_columns * pixels[..., 1:] + constant


def _covered(layers: Layers, front: Tensor, moved: Tensor) -> Tensor:
    """moved [B, S, S, 2], positions in the second frame of the pixels of the first -> bool [B, S, S]."""
    covered = torch.zeros_like(front, dtype=torch.bool)
    for depth in range(1, layers.shown.shape[1]):
        rows = layers.shown[:, depth].nonzero()[:, 0]
        layer, points = layers.pick(rows, depth), moved[rows]
        matrices, offsets = (values[:, 1, None, None] for values in _places(layer, layer.shape_place))
        points = points[..., :1] * matrices[..., 0] + points[..., 1:] * matrices[..., 1] + offsets
        covered[rows] |= (_levels(layer, points) > 0) & (front[rows] < depth)
    return covered


def _outside(moved: Tensor, size: int) -> Tensor:
    """bool [B, S, S]: beyond the outer edges of the outermost pixels."""
    return ((moved < -0.5) | (moved > size - 0.5)).any(dim=-1)
