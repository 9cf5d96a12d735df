"""An initialization from which a small image Perceiver learns within minutes: each latent attends to its own position.

The latents are on a grid and carry Fourier features of their position; the heads of the encoder cross-attention start
on a 4x4 grid around it, each attending to a spot about as wide as the distance between heads. With the initialization
of transformers the attention is uniform, and every latent reads the mean color of the image.
"""

import math

import torch
from torch import Tensor, nn
from transformers import PerceiverPreTrainedModel
from transformers.models.perceiver.modeling_perceiver import PerceiverImagePreprocessor, PerceiverSelfAttention

from models.perceiver.engine import basic_decoder, perceiver_of

ALL_BANDS = 64
"""Frequencies in the Fourier features of transformers' image models."""
BANDS = 2
"""Number of lowest input frequencies used for the positions; training can use the higher ones."""
COLOR = 0.2
"""Deviation of the color channels of learned, whose positions have 0.7."""
PLACE = 4 * BANDS
"""Channels of a position: sine and cosine of each band, for rows and columns."""


@torch.no_grad()
def image_start(model: PerceiverPreTrainedModel, tokens: int, spacing: float) -> None:
    """Initializes the model in place.

    tokens: inputs along each side of the image.
    spacing: distance between the heads of one latent, in inputs.

    The cross-attention must have 16 heads with at least PLACE query channels each, and the number of latents must be
    square.
    """
    for module in model.modules():
        if isinstance(module, nn.Linear):
            module.weight.normal_(std=module.in_features**-0.5)
            module.bias.zero_()
    perceiver = perceiver_of(model)
    frequencies, columns, factor = _place_of_inputs(perceiver.input_preprocessor)

    latents = perceiver.embeddings.latents
    side = math.isqrt(len(latents))
    homes = torch.linspace(-1, 1, 2 * side + 1)[1::2]  # centers of equal cells
    grid = torch.cartesian_prod(homes, homes)
    latents.normal_(std=0.3)
    latents[:, :PLACE] = _features(grid, frequencies)

    attention: PerceiverSelfAttention = perceiver.encoder.cross_attention.attention.self
    step = 2 / (tokens - 1) * spacing
    _look_at_home(attention, columns, frequencies, step, latents, factor)
    attention.value.weight[:, columns] *= 0.3  # content first, position second
    for layer in perceiver.encoder.self_attends:
        _quieten(layer.attention.output.dense, 0.5)
        _quieten(layer.mlp.dense2, 0.5)
    _quieten(basic_decoder(model).final_layer, 0.1)


def _place_of_inputs(preprocessor: PerceiverImagePreprocessor) -> tuple[Tensor, Tensor, float]:
    """Positions in the inputs: (frequencies [BANDS], channels [PLACE], factor).

    factor: approximate scale of these channels after the layer norm of the encoder.

    Learned positions are initialized with Fourier features here; computed ones already are Fourier features.
    """
    if preprocessor.position_encoding_type == "trainable":
        table = preprocessor.position_embeddings.position_embeddings
        side = math.isqrt(len(table))
        frequencies = torch.linspace(1, side / 2, ALL_BANDS)
        table.copy_(_features(torch.cartesian_prod(*[torch.linspace(-1, 1, side)] * 2), frequencies))
        preprocessor.positions_projection.weight.copy_(torch.eye(table.shape[1]))
        colors = preprocessor.convnet_1x1.weight
        # With 0.02, color would be lost; with 1, the layer norm would amplify the positions of dull pixels.
        colors.normal_(std=COLOR * colors.shape[1] ** -0.5)
        before = preprocessor.num_channels - table.shape[1]
        # Half of the channels are color; sines and cosines have a mean square of 1/2.
        factor = (COLOR**2 / 2 + 1 / 4) ** -0.5
    else:
        frequencies = torch.linspace(1, preprocessor.position_embeddings.max_resolution[0] / 2, ALL_BANDS)
        before = preprocessor.num_channels - 4 * ALL_BANDS  # content, and the raw positions
        factor = math.sqrt(2)
    band = torch.arange(BANDS)
    columns = before + torch.cat([ALL_BANDS * part + band for part in range(4)])
    return frequencies[:BANDS], columns, factor


def _features(places: Tensor, frequencies: Tensor) -> Tensor:
    """positions [n, 2] in -1..1 -> [n, 4 k]: sines of rows, sines of columns, cosines of rows, cosines of columns."""
    angles = (math.pi * places[:, :, None] * frequencies).flatten(1)
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def _look_at_home(
    attention: PerceiverSelfAttention,
    columns: Tensor,
    frequencies: Tensor,
    step: float,
    latents: Tensor,
    factor: float,
) -> None:
    """Head h starts with the inputs around the position of its latent, plus the offset of its cell in a 4x4 grid."""
    size = attention.qk_channels_per_head
    heads = math.isqrt(attention.num_heads)
    # A bump of deviation w is exp(-d²/2w²), and the sum of cosines a·cos(πfd) bends like a·π²Σf² at its top.
    sharpness = 1 / ((0.6 * step) ** 2 * math.pi**2 * frequencies.square().sum().item())
    deviation = latents.std(dim=1, unbiased=False).mean().item()
    strength = math.sqrt(sharpness * math.sqrt(size) * deviation / factor)
    attention.query.weight *= 0.1
    attention.key.weight *= 0.1
    for head in range(attention.num_heads):
        rows = slice(head * size, head * size + PLACE)
        offset = torch.tensor([head // heads, head % heads]) - (heads - 1) / 2
        attention.query.weight[rows, :PLACE] += strength * _turn(offset * step, frequencies)
        attention.key.weight[rows, columns] += strength * torch.eye(PLACE)


def _quieten(layer: nn.Linear, factor: float) -> None:
    layer.weight *= factor


def _turn(offset: Tensor, frequencies: Tensor) -> Tensor:
    """The matrix that maps the features of a position to those of the position shifted by offset [2]."""
    angle = (math.pi * offset[:, None] * frequencies).flatten()
    cos, sin = torch.diag(angle.cos()), torch.diag(angle.sin())
    return torch.cat([torch.cat([cos, sin], dim=1), torch.cat([-sin, cos], dim=1)])
