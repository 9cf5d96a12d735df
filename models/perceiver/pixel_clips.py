"""The video decoder of the published multimodal autoencoder, for every pixel and any position of the clip.

A query is the Fourier features of a time, a row and a column, and padding that encodes "video". It is thus a sum of
three vectors, and so is its layer norm, up to the standard deviation: the scores of all pixels come from one table for
times and rows and one for columns. The values of the latents span fewer directions than a query has channels, which
reduces the products on both sides of the layer norm of the MLP; everything after the activation is linear, down to
three colors. At the published size a pixel takes 0.9 instead of 4.5 million multiplications. The class has one head.

Shapes: T times, R rows, S columns, n pixels at once, N latents, C channels of a query, D directions, W channels inside
    the MLP.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from transformers import PerceiverForMultimodalAutoencoding
from transformers.models.perceiver.modeling_perceiver import (
    PerceiverLayer,
    PerceiverMultimodalDecoder,
    PerceiverProjectionPostprocessor,
)

from models.perceiver.attention import fold_source, scale_of
from models.perceiver.engine import Encoded, answer, basic_decoder, queries_at_once
from models.perceiver.linear import product
from models.perceiver.pixel_blocks import applies

PIXELS = 1024
"""Pixels decoded at once: about 16 MiB at the published size."""


def decode_video(
    model: PerceiverForMultimodalAutoencoding, encoded: Encoded, times: Tensor, rows: Tensor, columns: Tensor
) -> Tensor:
    """Decodes all times, rows and columns: float32 [T, 3, R, S], colors from about 0 to 1.

    encoded: of one clip.
    times: [T] in frames; rows: [R] and columns: [S] in pixels of the size of the model. 0 is the first, fractions are
        in between. At whole numbers the result equals that of transformers for `subsampled_output_points`.
    """
    video = torch.empty(len(times), 3, len(rows), len(columns), device=encoded.latents.device)
    for place, frame in enumerate(video_frames(model, encoded, times, rows, columns)):
        video[place] = frame
    return video


def video_frames(
    model: PerceiverForMultimodalAutoencoding, encoded: Encoded, times: Tensor, rows: Tensor, columns: Tensor
) -> Iterator[Tensor]:
    """`decode_video` one time after the other: yields float32 [3, R, S]."""
    axes = [
        -1 + 2 * places.to(encoded.latents.device).float() / count
        for places, count in zip((times, rows, columns), _dims(model), strict=True)
    ]
    answers = _by_blocks if applies(model, encoded.latents) else _by_queries
    for colors in answers(model, encoded.latents, *axes):
        yield colors.float().T.reshape(3, len(rows), len(columns))


def queries_at(model: PerceiverForMultimodalAutoencoding, positions: Tensor) -> Tensor:
    """positions float32 [n, 3], time, row and column, from -1 (start) to 1 (end) -> queries [n, C]."""
    decoder = cast(PerceiverMultimodalDecoder, model.perceiver.decoder)
    encoding = cast(nn.Module, decoder.modalities["image"].decoder).output_position_encodings
    features = encoding(_dims(model), 1, positions.device, model.dtype, pos=positions[None])[0]
    return torch.cat([features, decoder.padding["image"].expand(len(features), -1)], dim=1)


def _dims(model: PerceiverForMultimodalAutoencoding) -> tuple[int, int, int]:
    _, frames, height, width = model.config.output_shape
    return frames, height, width


def _to_colors(model: PerceiverForMultimodalAutoencoding) -> PerceiverProjectionPostprocessor:
    return model.perceiver.output_postprocessor.modalities["image"]


def _by_queries(
    model: PerceiverForMultimodalAutoencoding, latents: Tensor, times: Tensor, rows: Tensor, columns: Tensor
) -> Iterator[Tensor]:
    """Colors [R * S, 3] of each time on any device and in any dtype, with the general decoder, in chunks."""
    to_colors = _to_colors(model)
    for time in times:
        places = torch.cartesian_prod(time[None], rows, columns).split(queries_at_once(model))
        yield torch.cat([to_colors(answer(model, latents, queries_at(model, part)[None]))[0] for part in places])


def _by_blocks(
    model: PerceiverForMultimodalAutoencoding, latents: Tensor, times: Tensor, rows: Tensor, columns: Tensor
) -> Iterator[Tensor]:
    """Colors [R * S, 3] of each time, PIXELS at once."""
    layer = basic_decoder(model).decoding_cross_attention
    asking, norm = layer.attention.self, layer.attention.self.layernorm1
    keys, values, bias = (part[0, 0] for part in fold_source(layer.attention, asking.layernorm2(latents)))
    answers = Answers.of(model, layer, values)
    keys = keys * scale_of(asking)
    bias, keys = bias[0] + keys @ norm.bias, keys * norm.weight
    of_times, of_rows, of_columns = parts_of_queries(model, times, rows, columns)
    column_scores = product(of_columns, keys)
    for of_time in of_times:
        of_frame = of_time + of_rows
        row_scores = product(of_frame, keys)
        inverse = inverse_deviations(of_frame, of_columns, norm.eps).flatten()
        colors = torch.empty(len(inverse), 3)
        for pixels in torch.arange(len(inverse)).split(PIXELS):
            row, column = pixels // len(columns), pixels % len(columns)
            scores = row_scores.index_select(0, row).add_(column_scores.index_select(0, column))
            colors[pixels] = answers.colors(scores.mul_(inverse[pixels, None]).add_(bias).softmax(dim=-1))
        yield colors


def parts_of_queries(
    model: PerceiverForMultimodalAutoencoding, times: Tensor, rows: Tensor, columns: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """[T, C], [R, C] and [S, C], each with mean 0 over the channels, whose sums are the centered queries."""
    apart = queries_at(model, torch.block_diag(*(places[:, None] for places in (times, rows, columns))))
    of_times, of_rows, of_columns = apart.split([len(times), len(rows), len(columns)])
    nowhere = queries_at(model, times.new_zeros(1, 3))
    parts = of_times, of_rows - nowhere, of_columns - nowhere
    return cast(tuple[Tensor, Tensor, Tensor], tuple(part - part.mean(dim=1, keepdim=True) for part in parts))


def inverse_deviations(rows: Tensor, columns: Tensor, eps: float) -> Tensor:
    """[R, S], for all sums of a row [R, C] and a column [S, C], which have mean 0."""
    squares = rows.square().sum(dim=1)[:, None] + 2 * rows @ columns.T + columns.square().sum(dim=1)
    return (squares / rows.shape[1] + eps).rsqrt()


@dataclass(frozen=True, slots=True)
class Answers:
    """Maps attention weights to colors: values and MLP of the layer, and the two linear layers after it.

    given: [D + 3, N], values of the latents in D orthogonal directions, without their mean, and their colors through
        the residual of the MLP.
    widened: [W, D], and bias: [W], from there into the MLP.
    to_colors: [3, W], and offset: [3], from there to colors.
    """

    layer: PerceiverLayer
    given: Tensor
    widened: Tensor
    bias: Tensor
    to_colors: Tensor
    offset: Tensor

    @classmethod
    def of(cls, model: PerceiverForMultimodalAutoencoding, layer: PerceiverLayer, values: Tensor) -> "Answers":
        """values: [N, C], contribution of each latent to the output of the layer, biases included."""
        first, second, dense = layer.mlp.dense1, layer.mlp.dense2, layer.attention.output.dense
        last, classifier = cast(nn.Linear, basic_decoder(model).final_layer), _to_colors(model).classifier
        spanned = torch.cat([dense.weight, dense.bias[:, None]], dim=1)
        directions = torch.linalg.qr(spanned - spanned.mean(dim=0)).Q
        centerd = values - values.mean(dim=1, keepdim=True)  # there may be more directions than the values span
        colors = classifier.weight @ last.weight
        return cls(
            layer,
            torch.cat([product(centerd, directions.T), values @ colors.T], dim=1).T.contiguous(),
            product(first.weight * layer.layernorm.weight, directions.T),
            first.bias + first.weight @ layer.layernorm.bias,
            colors @ second.weight,
            colors @ second.bias + classifier.weight @ last.bias + classifier.bias,
        )

    def colors(self, weights: Tensor) -> Tensor:
        """[n, N], rows that sum to 1 -> [n, 3]."""
        given = product(weights, self.given)
        directions, unwidened = given[:, :-3], given[:, -3:]
        squares = directions.square().sum(dim=1, keepdim=True) / self.layer.layernorm.normalized_shape[0]
        normalised = directions * (squares + self.layer.layernorm.eps).rsqrt()
        widened = self.layer.mlp.intermediate_act_fn(product(normalised, self.widened, self.bias))
        return product(widened, self.to_colors, self.offset) + unwidened
