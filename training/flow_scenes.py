"""Pairs of frames of which the motion is known exactly, made on the fly: layers of texture, each with its own.

A scene is a background and blobs in front of it. What a layer shows is defined once, in coordinates of its own; each
frame looks it up through the layer's place at that time, so that neither frame is a copy of the other.
Shapes: B scenes, L layers from back to front, S pixels along each side. Coordinates run from -1 to 1 over the frame, as
in grid_sample.
"""

import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

TEXTURE = 128
"""Pixels along each side of a texture."""
HELD_OUT = 100
"""Photographs that training does not see, the last ones."""
NOISES = 400
"""Textures of noise beside the photographs."""
FIELD = 24
"""Points along each side of what a blob is cut from."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """first, second: float32 [B, 3, S, S], 0 to 1. flow: float32 [B, 2, S, S] in pixels, x right, y down.

    occluded: bool [B, S, S], what the second frame does not show: covered there, or outside.
    """

    first: Tensor
    second: Tensor
    flow: Tensor
    occluded: Tensor


def read_textures(data: Path) -> Tensor:
    """uint8 [n, 3, TEXTURE, TEXTURE], from textures_cc0.tar in `data` or in data/flow, in the order of their names."""
    file = next((path for folder in (data, data / "flow") if (path := folder / "textures_cc0.tar").exists()), None)
    if file is None:
        raise SystemExit(f"{data} holds neither textures_cc0.tar nor flow/textures_cc0.tar")
    with tarfile.open(file) as archive:
        members = sorted((each for each in archive if each.isfile()), key=lambda each: each.name)
        return torch.stack([_texture(archive.extractfile(each).read()) for each in members])  # pyright: ignore


def _texture(content: bytes) -> Tensor:
    image = Image.open(io.BytesIO(content)).convert("RGB").resize((TEXTURE, TEXTURE))
    return torch.from_numpy(np.asarray(image).copy()).movedim(-1, 0)


class Scenes:
    """Draws pairs from the random state of torch: the same seed, the same pairs."""

    def __init__(self, photographs: Tensor, device: torch.device | str = "cpu"):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            noise = torch.stack([_noise() for _ in range(NOISES)])
        self._textures = torch.cat([photographs, noise]).to(device)
        self._photographs = len(photographs)
        self._device = torch.device(device)

    def draw(self, count: int, size: int, reach: float, layers: int = 4, plain: bool = False) -> Pairs:
        """Scenes of size x size pixels with up to `layers` - 1 blobs; a layer moves by up to about `reach` pixels.

        plain: neither noise nor changes of light.
        """
        motion = _motions(count, layers, size, reach).to(self._device)
        place = _places(count, layers, size).to(self._device)
        blob = _blobs(count, layers).to(self._device)
        then = _after(place, motion), _after(blob, motion)
        colours, fields = self._colours(count, layers), _fields(count, layers).to(self._device)
        radius = blob[..., :2].det().abs().rsqrt()  # of the frame's half side
        first, top = _compose(colours, fields, place, blob, radius, size)
        second, covering = _compose(colours, fields, *then, radius, size)
        points = _points(motion, size)  # where each layer's pixels go: [B, L, S, S, 2]
        goes = points.gather(1, top[:, None, ..., None].expand(-1, 1, -1, -1, 2))[:, 0]
        flow = (goes - _points(motion[:, :1] * 0 + torch.eye(2, 3, device=self._device), size)[:, 0]) * (size / 2)
        seen = F.grid_sample(covering[:, None].float(), goes, mode="nearest", align_corners=False)[:, 0]
        occluded = (seen != top) | (goes.abs() > 1).any(dim=-1)
        if not plain:
            first, second = _photographed(first, second)
        return Pairs(first, second, flow.movedim(-1, 1), occluded)

    def _colours(self, count: int, layers: int) -> Tensor:
        """[B * L, 3, TEXTURE, TEXTURE], 0 to 1: photographs twice as often as noise."""
        photograph = torch.randint(self._photographs, (count * layers,))
        noise = self._photographs + torch.randint(NOISES, (count * layers,))
        chosen = torch.where(torch.rand(count * layers) < 2 / 3, photograph, noise)
        colours = self._textures[chosen.to(self._device)].float() / 255
        contrast = torch.empty(count * layers, 1, 1, 1).uniform_(0.4, 1.2).to(self._device)
        shift = (0.15 * torch.randn(count * layers, 3, 1, 1)).to(self._device)
        return ((colours - 0.5) * contrast + 0.5 + shift).clamp(0, 1)


def held_out(photographs: Tensor, count: int, size: int, reach: float, seed: int = 7) -> Pairs:
    """Always the same pairs, of the photographs that training does not see."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Scenes(photographs[-HELD_OUT:]).draw(count, size, reach)


def _noise() -> Tensor:
    """uint8 [3, TEXTURE, TEXTURE]: noise at several scales, coloured."""
    slope = torch.empty(()).uniform_(0.3, 1.2)
    total = torch.zeros(1, 3, TEXTURE, TEXTURE)
    for points in (4, 8, 16, 32, 64, 128):
        grey, colour = torch.randn(1, 1, points, points), torch.randn(1, 3, points, points)
        total += F.interpolate(grey + 0.4 * colour, TEXTURE, mode="bicubic") * points**-slope
    spread = total.std()
    return ((total / spread * 0.22 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8)[0]


def _motions(count: int, layers: int, size: int, reach: float) -> Tensor:
    """Affine motions [B, L, 2, 3] in coordinates of the frame: what moves with the background, and what each adds."""
    length = reach * torch.empty(count, layers).uniform_(-4, 0).exp2()
    length[:, 1:] *= (torch.rand(count, layers - 1) > 0.15).float()
    length[:, 0] *= (torch.rand(count) > 0.3).float()
    angle = torch.empty(count, layers).uniform_(0, 2 * torch.pi)
    shift = torch.stack([angle.cos(), angle.sin()], dim=-1) * length[..., None]
    shift[:, 1:] += shift[:, :1] * (torch.rand(count, layers - 1, 1) < 0.5)
    # Turns and zooms move the rim of the frame by at most about `reach`, too.
    turns = (torch.rand(count, layers, 1, 1) < 0.5) * min(0.25, reach / size)
    linear = torch.eye(2) + turns * torch.randn(count, layers, 2, 2) * torch.tensor([[0.5, 1.0], [1.0, 0.5]])
    centre = torch.empty(count, layers, 2, 1).uniform_(-0.5, 0.5)
    moved = centre - linear @ centre + shift[..., None] * 2 / size
    return torch.cat([linear, moved], dim=-1)


def _places(count: int, layers: int, size: int) -> Tensor:
    """From coordinates of the frame to those of a texture: a pixel of the frame is 0.5 to 1.4 of the texture's."""
    zoom = torch.empty(count, layers, 1, 1).uniform_(0.5, 1.4) * size / TEXTURE
    angle = torch.empty(count, layers).uniform_(-torch.pi, torch.pi)
    return torch.cat([zoom * _rotation(angle), torch.empty(count, layers, 2, 1).uniform_(-1, 1)], dim=-1)


def _blobs(count: int, layers: int) -> Tensor:
    """From coordinates of the frame to those of a blob's field, which reaches from -1 to 1."""
    radius = torch.empty(count, layers, 1, 1).uniform_(0.25, 0.9)
    centre = torch.empty(count, layers, 2, 1).uniform_(-0.9, 0.9)
    stretch = torch.empty(count, layers).uniform_(-0.5, 0.5).exp()
    linear = _rotation(torch.empty(count, layers).uniform_(-torch.pi, torch.pi)) / radius
    linear = torch.stack([stretch, 1 / stretch], dim=-1)[..., None] * linear
    return torch.cat([linear, -linear @ centre], dim=-1)


def _fields(count: int, layers: int) -> Tensor:
    """[B * L, 1, FIELD, FIELD]: above 0 inside a blob. The background is everywhere; some scenes have fewer blobs."""
    points = torch.randint(2, 7, ()).item()
    rough = F.interpolate(torch.randn(count * layers, 1, points, points), FIELD, mode="bicubic")
    line = torch.linspace(-1, 1, FIELD)
    distance = (line[:, None].square() + line.square()).sqrt()
    fields = (0.75 - distance + 0.25 * rough - 4 * (distance > 0.95)).unflatten(0, (count, layers))
    fields[:, 0] = 10.0
    fewer = torch.rand(count, layers) < 0.35
    fewer[:, 0] = False
    return fields.masked_fill(fewer[..., None, None, None], -10.0).flatten(0, 1)


def _after(place: Tensor, motion: Tensor) -> Tensor:
    """Where a point of the second frame lies on a layer: where it was before the motion."""
    linear = torch.linalg.inv(motion[..., :2])
    back = torch.cat([linear, -linear @ motion[..., 2:]], dim=-1)
    return torch.cat([place[..., :2] @ back[..., :2], place[..., :2] @ back[..., 2:] + place[..., 2:]], dim=-1)


def _compose(
    colours: Tensor, fields: Tensor, place: Tensor, blob: Tensor, radius: Tensor, size: int
) -> tuple[Tensor, Tensor]:
    """A frame [B, 3, S, S], and which layer is in front, int64 [B, S, S]."""
    count, layers = place.shape[:2]
    shown = F.grid_sample(colours, _points(place, size).flatten(0, 1), padding_mode="reflection", align_corners=False)
    inside = F.grid_sample(fields, _points(blob, size).flatten(0, 1), padding_mode="border", align_corners=False)
    # An edge is about a pixel wide: a field falls by 1 over its radius.
    cover = (inside.unflatten(0, (count, layers)) * (radius * size * 1.5)[..., None, None, None]).sigmoid()
    shown = shown.unflatten(0, (count, layers))
    frame, front = shown[:, 0], torch.zeros(count, size, size, dtype=torch.int64, device=shown.device)
    for layer in range(1, layers):
        frame = torch.lerp(frame, shown[:, layer], cover[:, layer])
        front[cover[:, layer, 0] > 0.5] = layer
    return frame, front


def _points(affine: Tensor, size: int) -> Tensor:
    """affine [B, L, 2, 3] of the middles of a frame's pixels: [B, L, S, S, 2]."""
    count, layers = affine.shape[:2]
    grid = F.affine_grid(affine.flatten(0, 1), [count * layers, 1, size, size], align_corners=False)
    return grid.unflatten(0, (count, layers))


def _rotation(angle: Tensor) -> Tensor:
    return torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], dim=-1).unflatten(-1, (2, 2))


def _photographed(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Another light in the second frame, blur and noise in both; each in a part of the scenes."""
    count, device = len(first), first.device

    def some(share: float) -> Tensor:
        return (torch.rand(count, 1, 1, 1) < share).to(device)

    gain = 1 + 0.12 * torch.randn(count, 1, 1, 1).to(device) * some(0.4)
    shift = 0.06 * torch.randn(count, 1, 1, 1).to(device) * some(0.4)
    second = second * gain + shift
    blurred = some(0.2)
    frames = [torch.where(blurred, F.avg_pool2d(F.pad(f, [1] * 4, mode="replicate"), 3, 1), f) for f in (first, second)]
    noise = (torch.rand(count, 1, 1, 1) * 0.03).to(device) * some(0.6)
    first, second = ((frame + noise * torch.randn_like(frame)).clamp(0, 1) for frame in frames)
    return first, second
