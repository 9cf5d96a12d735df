"""A start from which a small image Perceiver sees within minutes: each latent looks at its own place in the image.

The latents are laid out on a grid and carry Fourier features of their place; the heads of the encoder's
cross-attention begin on a 4x4 grid around it, each reading a spot about as wide as the heads are apart. From
transformers' own start the attention is uniform, and every latent reads the mean color of the image.
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
"""Frequencies used for the homes, the lowest of the inputs': the higher ones are left for training to use."""
COLOR = 0.2
"""Deviation of the color channels of learned, whose positions have 0.7."""
PLACE = 4 * BANDS
"""Channels that hold a place: sine and cosine of each band, for rows and columns."""


@torch.no_grad()
def image_start(model: PerceiverPreTrainedModel, tokens: int, spacing: float) -> None:
    """Initializes the model in place.

    tokens: inputs along each side of the image. spacing: how far apart the heads of one latent look, in inputs.
    Heads of the cross-attention must be 16, with at least PLACE query channels each; latents a square number.
    """
    for module in model.modules():
        if isinstance(module, nn.Linear):
            module.weight.normal_(std=module.in_features**-0.5)
            module.bias.zero_()
    perceiver = perceiver_of(model)
    frequencies, columns, factor = _place_of_inputs(perceiver.input_preprocessor)

    latents = perceiver.embeddings.latents
    side = math.isqrt(len(latents))
    homes = torch.linspace(-1, 1, 2 * side + 1)[1::2]  # the middles of equal cells
    grid = torch.cartesian_prod(homes, homes)
    latents.normal_(std=0.3)
    latents[:, :PLACE] = _features(grid, frequencies)

    attention: PerceiverSelfAttention = perceiver.encoder.cross_attention.attention.self
    step = 2 / (tokens - 1) * spacing
    _look_at_home(attention, columns, frequencies, step, latents, factor)
    attention.value.weight[:, columns] *= 0.3  # first of all what is there, then where
    for layer in perceiver.encoder.self_attends:
        _quieten(layer.attention.output.dense, 0.5)
        _quieten(layer.mlp.dense2, 0.5)
    _quieten(basic_decoder(model).final_layer, 0.1)


def _place_of_inputs(preprocessor: PerceiverImagePreprocessor) -> tuple[Tensor, Tensor, float]:
    """Where the inputs hold their places: (frequencies [BANDS], channels [PLACE], factor).

    factor: about what the encoder's layer norm will scale these channels by. Learned positions become Fourier features
    here, so that there is something to be found; those that are computed are Fourier features already.
    """
    if preprocessor.position_encoding_type == "trainable":
        table = preprocessor.position_embeddings.position_embeddings
        side = math.isqrt(len(table))
        frequencies = torch.linspace(1, side / 2, ALL_BANDS)
        table.copy_(_features(torch.cartesian_prod(*[torch.linspace(-1, 1, side)] * 2), frequencies))
        preprocessor.positions_projection.weight.copy_(torch.eye(table.shape[1]))
        colors = preprocessor.convnet_1x1.weight
        # From transformers' 0.02 no color would be seen; at 1, the layer norm would make dull pixels' places loud.
        colors.normal_(std=COLOR * colors.shape[1] ** -0.5)
        before = preprocessor.num_channels - table.shape[1]
        # Half of the channels are the color's; sines and cosines have a mean square of 1/2.
        factor = (COLOR**2 / 2 + 1 / 4) ** -0.5
    else:
        frequencies = torch.linspace(1, preprocessor.position_embeddings.max_resolution[0] / 2, ALL_BANDS)
        before = preprocessor.num_channels - 4 * ALL_BANDS  # content, and the plain positions
        factor = math.sqrt(2)
    band = torch.arange(BANDS)
    columns = before + torch.cat([ALL_BANDS * part + band for part in range(4)])
    return frequencies[:BANDS], columns, factor


def _features(places: Tensor, frequencies: Tensor) -> Tensor:
    """places [n, 2] in -1..1 -> [n, 4 k]: sines of rows, sines of columns, cosines of rows, cosines of columns."""
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
    """Head h begins with the inputs around its latent's home, plus the offset of its cell in a 4x4 grid."""
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
    """The matrix that takes the features of a place to those of the place moved by offset [2]."""
    angle = (math.pi * offset[:, None] * frequencies).flatten()
    cos, sin = torch.diag(angle.cos()), torch.diag(angle.sin())
    return torch.cat([torch.cat([cos, sin], dim=1), torch.cat([-sin, cos], dim=1)])
