"""A small Perceiver for optical flow from parts of transformers: patches of two frames in, patches of flow out.

`PerceiverForOpticalFlow` has an input for every pixel, which is too slow for a laptop. Here an input is a patch: a
small gated network reads a window of both frames around it, since motion is a product of the two. The latents read all
patches. The query of a patch is its own input, and a residual passes it to the output, so that the motion visible
within the window needs no detour.

Shapes: B batch, T patches.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import PerceiverConfig, PerceiverModel, PerceiverPreTrainedModel
from transformers.models.perceiver.modeling_perceiver import (
    AbstractPreprocessor,
    PerceiverClassifierOutput,
    PerceiverFourierPositionEncoding,
    PerceiverOpticalFlowDecoder,
)

from models.perceiver.coarse_to_fine import coarse_to_fine
from models.perceiver.engine import decode, encode
from models.perceiver.tiles import over_tiles

OVERLAP = 16
"""Pixels that neighboring tiles share: a window and a patch."""
TILES_AT_ONCE = 64


def patch_flow_config(
    size: int = 64,
    patch: int = 4,
    window: int = 12,
    latents: int = 64,
    channels: int = 192,
    layers: int = 4,
    features: int = 158,
    hidden: int = 384,
) -> PerceiverConfig:
    """size: pixels along each side of a tile.

    patch, window: pixels along each side of a patch and of its window.
    features: channels of an input without its position.
    hidden: channels of the network that computes them.
    """
    bands = size // patch // 2
    return PerceiverConfig(
        num_latents=latents,
        d_latents=channels,
        d_model=features + 4 * bands + 2,
        num_blocks=1,
        num_self_attends_per_block=layers,
        num_self_attention_heads=8,
        num_cross_attention_heads=8,
        qk_channels=channels,
        v_channels=channels,
        self_attention_widening_factor=2,
        attention_probs_dropout_prob=0.0,
        train_size=[size, size],
        patch_size=patch,
        window_size=window,
        window_channels=hidden,
        position_bands=bands,
    )


class PerceiverForPatchFlow(PerceiverPreTrainedModel):
    """Estimates the flow between two frames, in tiles of `config.train_size`."""

    def __init__(self, config: PerceiverConfig):
        super().__init__(config)
        preprocessor = WindowPreprocessor(config)
        decoder = PerceiverOpticalFlowDecoder(
            config,
            num_channels=preprocessor.num_channels,
            output_image_shape=preprocessor.grid,
            rescale_factor=1.0,
            output_num_channels=2 * config.patch_size**2,
            use_query_residual=True,
            widening_factor=4,
            num_heads=config.num_cross_attention_heads,
            qk_channels=config.qk_channels,
            v_channels=config.v_channels,
            position_encoding_type="none",
        )
        self.perceiver = PerceiverModel(config, input_preprocessor=preprocessor, decoder=decoder)
        self.post_init()

    def forward(self, inputs: Tensor, **options: bool) -> PerceiverClassifierOutput:
        """inputs: float [B, 2, 3, height, width], -1 to 1. logits: [B, rows, columns, 2 * patch²]: see `unpatch`."""
        found = self.perceiver(inputs=inputs, **options)
        return PerceiverClassifierOutput(
            logits=found.logits, attentions=found.attentions, cross_attentions=found.cross_attentions
        )


class WindowPreprocessor(AbstractPreprocessor):
    """Frames to inputs: one per patch, from its windows in both frames, with Fourier features of its position."""

    def __init__(self, config: PerceiverConfig):
        super().__init__()
        height, width = config.train_size
        self.patch, self.window = config.patch_size, config.window_size
        self.grid = (height // self.patch, width // self.patch)
        self.position_embeddings = PerceiverFourierPositionEncoding(config.position_bands, self.grid)
        features = config.d_model - self.position_embeddings.output_size()
        # Part of the parameter names in files.
        self.colours = nn.Linear(3, 2)
        self.windows = nn.Linear(2 * 2 * self.window**2, 2 * config.window_channels)
        self.features = nn.Linear(config.window_channels, features)

    @property
    def num_channels(self) -> int:
        return self.features.out_features + self.position_embeddings.output_size()

    def forward(
        self, inputs: Tensor, pos: Tensor | None = None, interpolate_pos_encoding: bool = False
    ) -> tuple[Tensor, None, Tensor]:
        """[B, 2, 3, height, width] -> inputs [B, T, C], None (one modality), and the inputs without positions.

        PerceiverModel passes pos and interpolate_pos_encoding to every preprocessor; Fourier features need neither.
        """
        seen = self.features(_gated(self._windows(inputs)))
        places = self.position_embeddings(self.grid, len(seen), device=seen.device, dtype=seen.dtype, pos=pos)
        return torch.cat([seen, places.expand(len(seen), -1, -1)], dim=-1), None, seen

    def _windows(self, frames: Tensor) -> Tensor:
        """`windows` of every window, with zero mean and unit contrast: [B, T, channels].

        Motion does not depend on contrast. A convolution, so that no window is copied.
        """
        with torch.autocast(
            frames.device.type, enabled=False
        ):  # the contrast is a difference of squares, which needs float32
            mixed = F.linear(frames.float().movedim(2, -1), self.colours.weight.float(), self.colours.bias.float())
        mixed = mixed.movedim(-1, 2).flatten(1, 2)
        padded = F.pad(mixed, [(self.window - self.patch) // 2] * 4, mode="replicate")
        kernels = self.windows.weight.unflatten(1, (2 * 2, self.window, self.window))
        kernels = kernels - kernels.mean(dim=(-1, -2), keepdim=True)  # equals subtracting the mean of each window
        found = F.conv2d(padded.to(kernels.dtype), kernels, stride=self.patch)
        pool = {"kernel_size": self.window, "stride": self.patch}
        variance = F.avg_pool2d(padded.square(), **pool) - F.avg_pool2d(padded, **pool).square()
        contrast = variance.mean(dim=1, keepdim=True).clamp(min=0).add(1e-8).sqrt()
        return (found / (contrast + 0.02).to(found.dtype)).flatten(2).transpose(1, 2) + self.windows.bias


def patch_flow(model: PerceiverForPatchFlow, first: Tensor, second: Tensor) -> list[Tensor]:
    """The flow between two frames [3, height, width] of any size, float32, -1 to 1, in tiles at each pyramid level.

    Returns float32 [2, height, width] after each level, coarsest first; the last one is the result.
    """
    tile = tuple(model.config.train_size)

    def of_tiles(frames: Tensor) -> Tensor:
        # Only the inputs have the dtype of the model: positions in a frame need more digits than bfloat16 has.
        patches = decode(model, encode(model, frames.to(model.dtype)))
        return unpatch(patches.float(), model.perceiver.input_preprocessor.grid)

    def of_image(first: Tensor, second: Tensor) -> Tensor:
        return over_tiles(of_tiles, torch.cat([first, second]), tile, OVERLAP, TILES_AT_ONCE)[None]

    return [flow[0] for flow in coarse_to_fine(of_image, first[None], second[None])]


def unpatch(patches: Tensor, grid: tuple[int, int]) -> Tensor:
    """[B, T, 2 * patch²] (or [B, rows, columns, …]) -> flow [B, 2, height, width] in pixels, x right, y down."""
    rows, columns = grid
    side = math.isqrt(patches.shape[-1] // 2)
    split = patches.reshape(len(patches), rows, columns, 2, side, side)
    return split.permute(0, 3, 1, 4, 2, 5).reshape(len(patches), 2, rows * side, columns * side)


def _gated(doubled: Tensor) -> Tensor:
    """[…, 2 C] -> […, C]: one half gated by the other."""
    value, gate = doubled.chunk(2, dim=-1)
    return value * F.gelu(gate)
