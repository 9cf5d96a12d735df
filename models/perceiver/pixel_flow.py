"""The published flow model on frames of any size: an input for every pixel, tiles of the size that it was trained on.

`PerceiverForOpticalFlow` reads, for each pixel, the 3 x 3 pixels around it in both frames, and answers for each pixel
(Perceiver IO, section 4.2 and appendix H). Shapes: B tiles, h x w their size; motion is x right, y down, in pixels.
"""

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import PerceiverForOpticalFlow

from models.perceiver.engine import decode, encode
from models.perceiver.pixel_blocks import applies, flow_by_blocks
from models.perceiver.tiles import Size, over_tiles

PIXELS = 20.0
"""Pixels in the model's own unit of motion."""
BYTES_OF_A_PIXEL = 16 * 2**10
"""What a tile takes at its peak on a GPU, for each of its pixels: some twelve copies of its 322 channels."""


def pixel_flow(model: PerceiverForOpticalFlow, first: Tensor, second: Tensor) -> Tensor:
    """The flow [2, height, width], float32, between two frames [3, height, width] of any size, -1 to 1."""
    tile = tile_size(model)

    def of_tiles(frames: Tensor) -> Tensor:
        # Only what the model reads is of its own dtype: tiles are cut and blended in float32.
        patches = neighborhoods(frames).to(model.dtype)
        if applies(model, patches):
            found = torch.cat([flow_by_blocks(model, patch) for patch in patches.split(1)])
        else:
            found = decode(model, encode(model, patches))
        return found.float().transpose(1, 2).unflatten(2, tile) * PIXELS

    return over_tiles(of_tiles, torch.stack([first, second]), tile, at_once=tiles_at_once(tile, first.device))


def neighborhoods(frames: Tensor) -> Tensor:
    """Tiles […, 3, h, w] -> […, 27, h, w], what the model reads: around each pixel row by row, colors innermost.

    Beyond the edge of the tile there are zeros: tiles are cut out first, as the model was trained.
    """
    height, width = frames.shape[-2:]
    padded = F.pad(frames, (1, 1, 1, 1))
    shifted = [padded[..., row : row + height, column : column + width] for row in range(3) for column in range(3)]
    return torch.cat(shifted, dim=-3)


def tile_size(model: PerceiverForOpticalFlow) -> Size:
    """(height, width) of the frames that the model reads."""
    height, width = model.config.train_size
    return height, width


def tiles_at_once(tile: Size, device: torch.device) -> int:
    """As many as half of what is free on a GPU has room for; one on a CPU, which two of them would not make quicker."""
    if device.type != "cuda":
        return 1
    free, _ = torch.cuda.mem_get_info(device)
    return max(1, free // (2 * BYTES_OF_A_PIXEL * tile[0] * tile[1]))
