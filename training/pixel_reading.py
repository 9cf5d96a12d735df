"""The encoder's cross-attention over plain pixels, for training: the same logits and gradients for less work.

Each input is [color part, position part], of which only three numbers, the pixel's color, change from image to image.
Keys and values are therefore affine in the pixel, apart from the layer norm's division: what belongs to the positions
is projected once a batch instead of once an image, and 3 channels an image instead of 261 or 512.
Equal to transformers' own forward, gradients included: tests/parity/test_pixel_reading.py.
Shapes: B batch, T pixels, N latents, D channels of a latent, C of an input (P of them its position), K of a projection.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import PerceiverPreTrainedModel
from transformers.models.perceiver.modeling_perceiver import (
    PerceiverImagePreprocessor,
    PerceiverLayer,
    PerceiverSelfAttention,
)

from models.perceiver.engine import basic_decoder, perceiver_of


@dataclass(frozen=True, slots=True)
class _Inputs:
    """All inputs of a batch before the layer norm: [mix @ pixel + shift, place].

    pixels: [B, T, 3]. mix: [C - P, 3] and shift: [C - P], the same for every pixel. places: [T, P], for every image.
    """

    pixels: Tensor
    mix: Tensor
    shift: Tensor
    places: Tensor

    @property
    def channels(self) -> int:
        return len(self.mix) + self.places.shape[1]


def classify(model: PerceiverPreTrainedModel, pixels: Tensor) -> Tensor:
    """The logits [B, labels] of one of transformers' three image classifiers.

    pixels: float [B, 3, height, width], normalized, of any size: learned positions are interpolated, as transformers
    does with `interpolate_pos_encoding`. With a convolution before the encoder this is transformers' own forward.
    """
    perceiver = perceiver_of(model)
    if perceiver.input_preprocessor.prep_type == "conv":
        return model(pixels).logits
    latents = read_pixels(model, pixels)
    for _ in range(perceiver.config.num_blocks):
        for layer in perceiver.encoder.self_attends:
            latents = layer(latents)[0]
    decoder = basic_decoder(model)
    return decoder(decoder.decoder_query(latents), latents).logits[:, 0]


def read_pixels(model: PerceiverPreTrainedModel, pixels: Tensor) -> Tensor:
    """The latents [B, N, D] after the encoder's cross-attention layer, before its self-attention.

    pixels: float [B, 3, height, width], normalized; the model has no convolution wider than a pixel.
    """
    perceiver = perceiver_of(model)
    layer: PerceiverLayer = perceiver.encoder.cross_attention
    latents = perceiver.embeddings(batch_size=1)
    # In float32: the fused attention of CPUs is no faster in bfloat16, and differences of squares need the digits.
    with torch.autocast(pixels.device.type, enabled=False):
        attended = _attend(layer.attention.self, latents, _inputs(perceiver.input_preprocessor, pixels))
    attended = layer.attention.output.dense(attended)
    if layer.attention.use_query_residual:
        attended = attended + latents
    return attended + layer.feed_forward_chunk(attended)


def _inputs(preprocessor: PerceiverImagePreprocessor, pixels: Tensor) -> _Inputs:
    # transformers' own positions, from one image; what it puts before them are that image's colors.
    first = pixels[:1].permute(0, 2, 3, 1)
    places = preprocessor._build_network_inputs(first, interpolate_pos_encoding=True)[0][0, :, 3:]
    flat = pixels.flatten(2).transpose(1, 2)
    if preprocessor.prep_type == "pixels":
        return _Inputs(flat, torch.eye(3, device=pixels.device), torch.zeros(3, device=pixels.device), places)
    convolution = preprocessor.convnet_1x1
    return _Inputs(flat, convolution.weight[:, :, 0, 0], convolution.bias, places)


def _attend(attention: PerceiverSelfAttention, latents: Tensor, inputs: _Inputs) -> Tensor:
    """What the latents [1, N, D] read from the inputs: [B, N, v_channels]."""
    scale = 1 / _deviation(inputs, attention.layernorm2.eps)
    # The queries depend only on the learned latents and are the same for every image.
    queries = attention.query(attention.layernorm1(latents)).expand(len(inputs.pixels), -1, -1)
    keys = _project(attention.key, attention.layernorm2, inputs, scale)
    values = _project(attention.value, attention.layernorm2, inputs, scale)
    split = [x.unflatten(-1, (attention.num_heads, -1)).transpose(1, 2) for x in (queries, keys, values)]
    # Zero channels change nothing, and the fused kernels want one head size for all three.
    widest = max(x.shape[-1] for x in split)
    padded = (F.pad(x, (0, widest - x.shape[-1])) for x in split)
    mapped = F.scaled_dot_product_attention(*padded, scale=attention.qk_channels_per_head**-0.5)
    return mapped[..., : attention.v_channels_per_head].transpose(1, 2).flatten(2)


def _project(projection: nn.Linear, norm: nn.LayerNorm, inputs: _Inputs, scale: Tensor) -> Tensor:
    """`projection(norm(inputs))`: [B, T, K]. scale: 1 / the norm's deviation, [B, T, 1]."""
    weight = projection.weight * norm.weight
    of_color, of_place = weight.split([len(inputs.mix), inputs.places.shape[1]], dim=1)
    # The norm takes the mean of an input off each of its channels, and so off the projection this times the mean.
    total = weight.sum(dim=1)
    mean_of_mix = inputs.mix.sum(dim=0) / inputs.channels  # [3]
    mean_of_rest = (inputs.shift.sum() + inputs.places.sum(dim=1)) / inputs.channels  # [T]
    color = of_color @ inputs.mix - total[:, None] * mean_of_mix  # [K, 3]
    place = inputs.places @ of_place.T + of_color @ inputs.shift - mean_of_rest[:, None] * total  # [T, K]
    bias = F.linear(norm.bias, projection.weight, projection.bias)
    return torch.addcmul(F.linear(inputs.pixels * scale, color, bias), place, scale)


def _deviation(inputs: _Inputs, eps: float) -> Tensor:
    """The layer norm's, of each input, [B, T, 1]: the root of the mean square less the squared mean."""
    pixels, mix, shift, places = inputs.pixels, inputs.mix, inputs.shift, inputs.places
    total = pixels @ mix.sum(dim=0) + shift.sum() + places.sum(dim=1)
    of_pixels = ((pixels @ (mix.T @ mix)) * pixels).sum(dim=-1) + 2 * pixels @ (mix.T @ shift)
    squares = of_pixels + shift.square().sum() + places.square().sum(dim=1)
    return (squares / inputs.channels - (total / inputs.channels).square() + eps).sqrt()[..., None]
