"""The published flow model on a CPU in blocks of pixels, without its 258 position channels.

Position channels are a part that depends on the row plus a part that depends on the column. The 322 normalized channels
of a pixel are therefore a sum of a few vectors: one per feature (64), one for its row and one for its column. The
cross-attentions multiply these vectors once; a block of 32 x 32 pixels then has 64 + 32 + 32 + 1 coordinates per pixel,
and the channels are recovered after summing over pixels.

Shapes: h x w a tile, n pixels of a block, C channels, F of them features, M vectors to multiply pixels with.
"""

import copy
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot, pad
from transformers import PerceiverForOpticalFlow, PerceiverPreTrainedModel
from transformers.models.perceiver.modeling_perceiver import (
    PerceiverFourierPositionEncoding,
    PerceiverImagePreprocessor,
    PerceiverLayer,
    PerceiverOpticalFlowDecoder,
    build_linear_positions,
)

from models.perceiver.attention import (
    after_attention,
    fold_source,
    folded_queries,
    scale_of,
    unfolded,
    with_mlp,
)
from models.perceiver.engine import process
from models.perceiver.linear import product

SIDE = 32
"""Pixels along each side of a block: an 8 MiB map with 2048 latents. In smaller blocks threads wait for each other."""
SLACK = 20.0
"""How far scores may exceed the offset of the exponentials; e^20 times a tile is far from overflow."""


@dataclass(frozen=True, slots=True)
class Block:
    """Pixels as coordinates.

    part: rows and columns of the block.
    coordinates: [n, F + rows + columns + 1], the last one 1.
    which: indices of their vectors.
    """

    part: tuple[slice, slice]
    coordinates: Tensor
    which: Tensor


@dataclass(frozen=True, slots=True)
class Pixels:
    """A tile after layer norm, before its gain and bias: sums of vectors of features, rows and columns.

    basis: [F + h + w, C], these vectors, each with mean 0 over the channels.
    features: [h, w, F], and inverse: [h, w], their coefficients, divided by the standard deviation of the pixel.
    """

    basis: Tensor
    features: Tensor
    inverse: Tensor

    def blocks(self) -> Iterator[Block]:
        height, width, features = self.features.shape
        for rows, columns in itertools.product(torch.arange(height).split(SIDE), torch.arange(width).split(SIDE)):
            top, left = int(rows[0]), int(columns[0])
            part = slice(top, top + len(rows)), slice(left, left + len(columns))
            grid = torch.meshgrid(rows - top, columns - left, indexing="ij")
            places = torch.cat([one_hot(axis.flatten()) for axis in grid], dim=1)
            inverse = self.inverse[part].reshape(-1, 1)
            coordinates = (self.features[part].flatten(0, 1), places * inverse, torch.ones_like(inverse))
            last = torch.tensor([features + height + width])
            which = torch.cat([torch.arange(features), features + rows, features + height + columns, last])
            yield Block(part, torch.cat(coordinates, dim=1), which)

    def multiplied(self, norm: nn.LayerNorm, vectors: Tensor) -> Tensor:
        """vectors [M, C] -> [F + h + w + 1, M]: maps coordinates of a block to products with normalized pixels."""
        return torch.cat([product(self.basis * norm.weight, vectors), (vectors @ norm.bias)[None]])

    def means(self, norm: nn.LayerNorm, coordinates: Tensor) -> Tensor:
        """Sums of weighted coordinates, [F + h + w + 1, M] -> means of normalized pixels, [M, C]."""
        return (coordinates[:-1] / coordinates[-1]).T @ (self.basis * norm.weight) + norm.bias


def applies(model: PerceiverPreTrainedModel, seen: Tensor) -> bool:
    """Only for inference in float32 on a CPU: a GPU is faster with few large products than with few multiplications."""
    looking = not model.training and not torch.is_grad_enabled()
    return looking and seen.device.type == "cpu" and seen.dtype == torch.float32


def flow_by_blocks(model: PerceiverForOpticalFlow, patches: Tensor) -> Tensor:
    """One tile [1, 2, 27, h, w] -> its flow [1, h * w, 2] in the unit of the model, as `decode` returns it."""
    perceiver = model.perceiver
    decoder = cast(PerceiverOpticalFlowDecoder, perceiver.decoder)
    reader, answerer = perceiver.encoder.cross_attention, decoder.decoder.decoding_cross_attention
    pixels = pixels_of(perceiver.input_preprocessor, patches, reader.attention.self.layernorm2.eps)
    latents, _ = process(model, read_pixels(reader, perceiver.embeddings(batch_size=1), pixels))
    flow = torch.empty(*pixels.inverse.shape, decoder.output_num_channels)
    for part, answers in ask_pixels(answerer, pixels, latents):
        flow[part] = decoder.decoder.final_layer(answers)
    return flow.flatten(0, 1)[None] / decoder.rescale_factor


def pixels_of(preprocessor: PerceiverImagePreprocessor, patches: Tensor, eps: float) -> Pixels:
    """One tile [1, 2, 27, h, w], as from `neighborhoods`.

    eps: of the layer norms.
    """
    size = patches.shape[-2:]
    features = without_positions(preprocessor)(patches)[0].unflatten(1, size)[0]
    count = features.shape[-1]
    rows, columns = (pad(part, (count, 0)) for part in positions(preprocessor.position_embeddings, size))
    channels = rows.shape[-1]
    basis = torch.cat([torch.eye(count, channels), rows, columns])
    means = features.sum(-1) / channels + rows.mean(-1)[:, None] + columns.mean(-1)
    of_positions = rows.square().sum(-1)[:, None] + 2 * rows @ columns.T + columns.square().sum(-1)
    squares = (features.square().sum(-1) + of_positions) / channels
    inverse = (squares - means.square() + eps).rsqrt()
    return Pixels(basis - basis.mean(dim=-1, keepdim=True), features * inverse[..., None], inverse)


def positions(encoding: PerceiverFourierPositionEncoding, size: Sequence[int]) -> tuple[Tensor, Tensor]:
    """[h, P] and [w, P]: position channels are the sum of a row part and a column part."""
    places = build_linear_positions(size)
    edges = torch.cat([places[:, 0], places[0]])[None]
    rows, columns = encoding(size, 1, edges.device, edges.dtype, pos=edges)[0].split(list(size))
    return rows, columns - columns[:1]


class NoPositions(nn.Module):
    """Replaces the position encoding of a preprocessor with zero channels."""

    def forward(self, index_dims: Sequence[int], batch_size: int, device: torch.device, dtype: torch.dtype) -> Tensor:
        return torch.empty(batch_size, math.prod(index_dims), 0, device=device, dtype=dtype)


def without_positions(preprocessor: PerceiverImagePreprocessor) -> PerceiverImagePreprocessor:
    """The same preprocessor without positions; its weights are shared."""
    alone = copy.copy(preprocessor)
    alone._modules = {**preprocessor._modules, "position_embeddings": NoPositions()}
    return alone


def read_pixels(layer: PerceiverLayer, latents: Tensor, pixels: Pixels) -> Tensor:
    """The encoder cross-attention: `run_layer` with latents [1, N, D] that read all pixels of a tile.

    Exponentials are summed block by block, relative to the highest score of each query so far, within SLACK.
    """
    inner = layer.attention.self
    queries = folded_queries(inner, latents) * scale_of(inner)
    led = pixels.multiplied(inner.layernorm2, queries.flatten(0, 2))
    led[-1] = 0  # constant over pixels, so it does not affect the softmax; the offset of the exponentials goes here
    sums = torch.zeros_like(led)
    for block in pixels.blocks():
        scores = product(block.coordinates, led[block.which].T)
        higher = scores.amax(dim=0)
        higher = higher.where((higher > SLACK) | (sums[-1] == 0), 0)
        if higher.any():
            scores -= higher
            led[-1] -= higher
            sums *= torch.exp(-higher.clamp(min=0))  # negative only in the first block, where the sums are 0
        sums.index_add_(0, block.which, product(block.coordinates.T.contiguous(), scores.exp_().T))
    mapped = pixels.means(inner.layernorm2, sums).reshape(queries.shape)
    return after_attention(layer, latents, unfolded(layer.attention, mapped))


def ask_pixels(layer: PerceiverLayer, pixels: Pixels, latents: Tensor) -> Iterator[tuple[tuple[slice, slice], Tensor]]:
    """The decoder cross-attention, without its residual: yields the position and the output of each block.

    latents: [1, N, D]. Outputs are [rows, columns, q_dim].
    """
    inner = layer.attention.self
    keys, values, bias = fold_source(layer.attention, inner.layernorm2(latents))
    led = pixels.multiplied(inner.layernorm1, keys.flatten(0, 2) * scale_of(inner))
    led[-1] += bias.flatten()
    values = values.flatten(0, 2).T.contiguous()
    for block in pixels.blocks():
        scores = product(block.coordinates, led[block.which].T)
        weights = scores.unflatten(1, (inner.num_heads, -1)).softmax(dim=-1).flatten(1)
        answers = with_mlp(layer, product(weights, values))
        yield block.part, answers.unflatten(0, pixels.inverse[block.part].shape)
