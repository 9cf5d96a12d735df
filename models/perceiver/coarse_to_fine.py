"""Optical flow over an image pyramid: estimate, warp the second frame back, estimate the rest.

For models that see motions of only a few pixels.

Shapes: B batch; flows are [B, 2, height, width], x right, y down, in pixels of their image.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

Estimate = Callable[[Tensor, Tensor], Tensor]
"""Two frames [B, 3, height, width] of any size -> flow."""

SMALLEST = 32
"""Pixels of the shorter side below which an image is not halved again."""


def coarse_to_fine(estimate: Estimate, first: Tensor, second: Tensor) -> list[Tensor]:
    """The flow from `first` to `second`, float [B, 3, height, width] of any size and range.

    Returns the flow after each level of the pyramid, coarsest first, each at its own size; the last one is the result.
    """
    flows: list[Tensor] = []
    for size in pyramid(first.shape[-2], first.shape[-1]):
        before = resize_flow(flows[-1], size) if flows else first.new_zeros(len(first), 2, *size)
        flows.append(before + estimate(resize(first, size), warp_back(resize(second, size), before)))
    return flows


def pyramid(height: int, width: int) -> list[tuple[int, int]]:
    """Sizes of the images, coarsest first, each about half of the next."""
    sizes = [(height, width)]
    while min(sizes[-1]) >= 2 * SMALLEST:
        sizes.append((-(-sizes[-1][0] // 2), -(-sizes[-1][1] // 2)))
    return sizes[::-1]


def resize(image: Tensor, size: tuple[int, int]) -> Tensor:
    """[B, C, height, width] -> [B, C, *size], antialiased when it shrinks."""
    if image.shape[-2:] == size:
        return image
    return F.interpolate(image, size, mode="bilinear", antialias=True)


def resize_flow(flow: Tensor, size: tuple[int, int]) -> Tensor:
    """A flow for an image of another size: its vectors scale with the image."""
    height, width = flow.shape[-2:]
    growth = flow.new_tensor([size[1] / width, size[0] / height])
    return resize(flow, size) * growth[:, None, None]


def warp_back(second: Tensor, flow: Tensor) -> Tensor:
    """The second frame warped back by the flow, which resembles the first frame where the flow is right.

    Bilinear; pixels beyond the edge repeat the edge.
    """
    height, width = flow.shape[-2:]
    rows = torch.arange(height, device=flow.device, dtype=flow.dtype)[:, None] + flow[:, 1]
    columns = torch.arange(width, device=flow.device, dtype=flow.dtype) + flow[:, 0]
    # grid_sample counts from -1, the outer edge of the first pixel, to 1.
    grid = torch.stack([(2 * columns + 1) / width - 1, (2 * rows + 1) / height - 1], dim=-1)
    return F.grid_sample(second, grid, mode="bilinear", padding_mode="border", align_corners=False)
