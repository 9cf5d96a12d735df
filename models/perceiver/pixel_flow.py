"""The published flow model on frames of any size: one input per pixel, in tiles of the training size.

`PerceiverForOpticalFlow` reads, for each pixel, the 3 x 3 pixels around it in both frames, and predicts its motion
(Perceiver IO, section 4.2 and appendix H).

Shapes: B tiles of size h x w; motion is x right, y down, in pixels.
"""

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import PerceiverForOpticalFlow

from models.perceiver.engine import decode, encode
from models.perceiver.pixel_blocks import applies, flow_by_blocks
from models.perceiver.tiles import Size, over_tiles

PIXELS = 20.0
"""Pixels per unit of motion of the model."""
BYTES_OF_A_PIXEL = 16 * 2**10
"""Peak GPU memory of a tile per pixel: about twelve copies of its 322 channels."""


def pixel_flow(model: PerceiverForOpticalFlow, first: Tensor, second: Tensor) -> Tensor:
    """The flow [2, height, width], float32, between two frames [3, height, width] of any size, -1 to 1."""
    tile = tile_size(model)

    def of_tiles(frames: Tensor) -> Tensor:
        # Only the inputs have the dtype of the model: tiles are cut and blended in float32.
        patches = neighborhoods(frames).to(model.dtype)
        if applies(model, patches):
            found = torch.cat([flow_by_blocks(model, patch) for patch in patches.split(1)])
        else:
            found = decode(model, encode(model, patches))
        return found.float().transpose(1, 2).unflatten(2, tile) * PIXELS

    return over_tiles(of_tiles, torch.stack([first, second]), tile, at_once=tiles_at_once(tile, first.device))


def neighborhoods(frames: Tensor) -> Tensor:
    """Tiles […, 3, h, w] -> […, 27, h, w], the inputs: around each pixel row by row, colors innermost.

    Zeros beyond the edge of the tile: tiles are cut first, as in training.
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
    """Tiles that fit into half of the free GPU memory; one on a CPU, where two would not be faster."""
    if device.type != "cuda":
        return 1
    free, _ = torch.cuda.mem_get_info(device)
    return max(1, free // (2 * BYTES_OF_A_PIXEL * tile[0] * tile[1]))
