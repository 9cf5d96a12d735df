"""An initialization from which a small Perceiver learns positions within minutes instead of hours.

With the default initialization of transformers the attention is uniform, every latent reads the mean of all inputs, and
the loss stays on the unigram plateau. Here the first channels of everything with a position (position embeddings,
latents, decoder queries) hold Fourier features of it, and the query and key projections start close to the identity on
those channels: a latent attends to its own neighborhood from the first step. All other weights start with std
fan_in^-0.5.
"""

import math

import torch
from torch import Tensor, nn
from transformers import PerceiverForMaskedLM
from transformers.models.perceiver.modeling_perceiver import PerceiverLayer, PerceiverSelfAttention

FREQUENCIES = 16
CHANNELS = 2 * FREQUENCIES
EMBEDDING_STD = 0.5


@torch.no_grad()
def structured_start(model: PerceiverForMaskedLM) -> None:
    """Initializes the model in place. Each head must have at least CHANNELS query channels."""
    for module in model.modules():
        if isinstance(module, nn.Linear):
            module.weight.normal_(std=module.in_features**-0.5)
            module.bias.zero_()
    perceiver = model.perceiver
    text = perceiver.input_preprocessor
    length = model.config.max_position_embeddings
    text.embeddings.weight.normal_(std=EMBEDDING_STD)
    text.embeddings.weight[:, :CHANNELS] = 0
    for table, positions in (
        (text.position_embeddings.weight, length),
        (perceiver.decoder.output_position_encodings.position_embeddings, length),
        (perceiver.embeddings.latents, model.config.num_latents),
    ):
        table.normal_(std=0.02)
        table[:, :CHANNELS] = fourier_features(torch.linspace(-1, 1, positions), length)

    step = 2 / (length - 1)  # one byte
    latent_step = 2 / (model.config.num_latents - 1)
    heads = model.config.num_cross_attention_heads
    neighbors = [head - (heads - 1) // 2 for head in range(heads)]
    _look_nearby(perceiver.encoder.cross_attention.attention.self, 0.8, [step * n for n in neighbors], length)
    _look_nearby(
        perceiver.decoder.decoding_cross_attention.attention.self,
        0.6,
        [latent_step * offset for offset in (0, 0, -1, 1, -2, 2, -3, 3)],
        length,
    )
    _answer_quietly(perceiver.decoder.decoding_cross_attention)
    for layer in perceiver.encoder.self_attends:
        offsets = [latent_step * offset for offset in (0, 0, -1, 1, -2, 2, -4, 4)]
        _look_nearby(layer.attention.self, 0.6, offsets, length)


def fourier_features(positions: Tensor, length: int) -> Tensor:
    """positions in -1..1, [n] -> [n, CHANNELS]: sines, then cosines, of log-spaced frequencies, π to π·length/4."""
    angles = positions[:, None] * _frequencies(length)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def _frequencies(length: int) -> Tensor:
    return torch.logspace(0, math.log10(length / 4), FREQUENCIES) * math.pi


def _look_nearby(attention: PerceiverSelfAttention, strength: float, offsets: list[float], length: int) -> None:
    """Head h starts by matching its query's position plus offsets[h] with the keys' positions."""
    size = attention.qk_channels_per_head
    attention.query.weight *= 0.1
    attention.key.weight *= 0.1
    for head in range(attention.num_heads):
        rows = slice(head * size, head * size + CHANNELS)
        attention.query.weight[rows, :CHANNELS] += strength * _turn(offsets[head % len(offsets)], length)
        attention.key.weight[rows, :CHANNELS] += strength * torch.eye(CHANNELS)


def _answer_quietly(layer: PerceiverLayer) -> None:
    """Scales down the first outputs: with the large tied embedding (EMBEDDING_STD), the loss would start at 20."""
    layer.attention.output.dense.weight *= 0.2
    layer.mlp.dense2.weight *= 0.2


def _turn(offset: float, length: int) -> Tensor:
    """The matrix that maps fourier_features(p) to fourier_features(p + offset)."""
    angle = offset * _frequencies(length)
    cos, sin = torch.diag(angle.cos()), torch.diag(angle.sin())
    return torch.cat([torch.cat([cos, sin], dim=1), torch.cat([-sin, cos], dim=1)], dim=0)
