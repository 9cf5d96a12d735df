"""Textures for synthetic scenes that need no photographs."""

import torch
from torch import Tensor
from torch.nn import functional as F

from training.flow_textures import TEXTURE


def colored_noise(count: int, points: int = TEXTURE) -> Tensor:
    """Photographs of nothing, in shades from 64 to 192; as smooth as few points make it."""
    coarse = torch.rand(count, 3, points, points, generator=torch.Generator().manual_seed(3))
    return (64 + 128 * F.interpolate(coarse, TEXTURE, mode="bilinear", align_corners=True)).to(torch.uint8)
