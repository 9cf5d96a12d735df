"""Textures for the layers of synthetic scenes: photographs, and noise at several scales."""

import io
import tarfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

ARCHIVE = "textures_cc0.tar"
TEXTURE = 128
"""Pixels along each side of a texture."""
HELD_OUT = 100
"""Number of photographs that training does not use: the last ones."""
NOISES = 300
"""Number of noise textures next to the photographs."""
SCALES = (2, 4, 8, 16, 32, 64, 128)
"""Points of noise along each side of a texture; a texture is a sum over scales."""


def read_photographs(data: Path) -> Tensor:
    """uint8 [n, 3, TEXTURE, TEXTURE], in the order of their names, from ARCHIVE in `data` or in data/flow."""
    found = [path for folder in (data, data / "flow") if (path := folder / ARCHIVE).is_file()]
    if not found:
        raise SystemExit(f"{data} holds neither {ARCHIVE} nor flow/{ARCHIVE}")
    with tarfile.open(found[0]) as archive:
        members = sorted((member for member in archive if member.isfile()), key=lambda member: member.name)
        contents = [archive.extractfile(member) for member in members]
        return torch.stack([_decode(content.read()) for content in contents if content is not None])


def hold_out(photographs: Tensor) -> tuple[Tensor, Tensor]:
    """(training photographs, HELD_OUT others)."""
    if len(photographs) <= HELD_OUT:
        raise SystemExit(f"There are only {len(photographs)} photographs, of which {HELD_OUT} are held out. Add more.")
    return photographs[:-HELD_OUT], photographs[-HELD_OUT:]


def textures(photographs: Tensor, seed: int) -> Tensor:
    """uint8 [n + NOISES, 3, TEXTURE, TEXTURE]: photographs, alternately unchanged and with grain, then noise.

    Large parts of a photograph are plain and show no motion; grain makes it visible.
    """
    generator = torch.Generator().manual_seed(seed)
    grained = photographs.clone()
    count = len(grained[1::2])
    grain = _noise(min(count, NOISES), 0.3, generator).repeat(-(-count // NOISES), 1, 1, 1)[:count]
    amount = torch.empty(count, 1, 1, 1).uniform_(0.1, 0.6, generator=generator)
    grained[1::2] = _bytes(grained[1::2] / 255 + amount * (grain - 0.5))
    steepness = torch.empty(NOISES, 1, 1, 1).uniform_(0.2, 1.2, generator=generator)
    return torch.cat([grained, _bytes(_noise(NOISES, steepness, generator))])


def _noise(count: int, steepness: float | Tensor, generator: torch.Generator) -> Tensor:
    """float32 [count, 3, TEXTURE, TEXTURE] about 0.5, mostly within 0 and 1, at all SCALES, colored.

    steepness: falloff toward finer scales; 0 is none, 1 resembles a photograph.
    """
    total = torch.zeros(count, 3, TEXTURE, TEXTURE)
    for points in SCALES:
        gray = torch.randn(count, 1, points, points, generator=generator)
        color = torch.randn(count, 3, points, points, generator=generator)
        total += F.interpolate(gray + 0.4 * color, TEXTURE, mode="bicubic") * points**-steepness
    return 0.5 + 0.22 * total / total.std(dim=(1, 2, 3), keepdim=True)


def _bytes(values: Tensor) -> Tensor:
    """0 to 1, or beyond it, -> uint8."""
    return (255 * values.clamp(0, 1)).round().to(torch.uint8)


def _decode(content: bytes) -> Tensor:
    """RGB, uint8 [3, TEXTURE, TEXTURE]."""
    with Image.open(io.BytesIO(content)) as image:
        if image.size != (TEXTURE, TEXTURE):
            raise SystemExit(f"A texture has {image.width} x {image.height} pixels, not {TEXTURE} x {TEXTURE}.")
        return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)
