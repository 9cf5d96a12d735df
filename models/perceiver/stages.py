"""Attention of all stages of one run: from outputs to latents, between latents, and from latents to inputs.

Shapes: R outputs, N latents, K of them shown, M inputs, L self-attention layers; the batch has one example.
"""

import torch
from torch import Tensor
from transformers import PerceiverPreTrainedModel

from models.perceiver.attention import run_layer_and_map
from models.perceiver.engine import Encoded, Wanted, perceiver_of, read_into_latents, self_attention_layers, to_numpy
from models.perceiver.provenance import decoder_rows, encoder_rows, read_through_encoder
from models.schema import Stages

SHOWN = 24
"""Most latents of `Stages`."""
MAX_MULTIPLICATIONS = 3e10
"""Multiplications of one pass through the self-attention layers. Models with more take seconds on a CPU for it, and
have no `layers`, and their heads are not switched off."""


def stages(model: PerceiverPreTrainedModel, encoded: Encoded, outputs: Wanted) -> Stages:
    """outputs: as for `engine.decoder_queries`."""
    if isinstance(outputs, Tensor):
        outputs = outputs.to(encoded.latents.device)
    decoder = decoder_rows(model, encoded, outputs)
    shown = decoder.mean(dim=0).topk(min(SHOWN, decoder.shape[1])).indices
    layers = None
    if has_fast_layers(model, encoded):
        layers = to_numpy(_through_layers(model, encoded, decoder)[..., shown])
    return Stages(
        latents=shown.cpu().numpy(),
        count=decoder.shape[1],
        decoder=to_numpy(decoder[:, shown]),
        encoder=to_numpy(encoder_rows(model, encoded, shown)),
        inputs=to_numpy(read_through_encoder(model, encoded, decoder)),
        layers=layers,
    )


def _through_layers(model: PerceiverPreTrainedModel, encoded: Encoded, decoder: Tensor) -> Tensor:
    """[L + 1, R, N]: the rows of the decoder, taken back through each layer; half of a layer's weight is residual."""
    found = [decoder]
    for attended in reversed(_layer_maps(model, encoded)):
        found.append((found[-1] + found[-1] @ attended) / 2)
    return torch.stack(found[::-1])


def _layer_maps(model: PerceiverPreTrainedModel, encoded: Encoded) -> list[Tensor]:
    """The map [N, N] of each self-attention layer, in order."""
    maps, latents = [], read_into_latents(model, encoded.inputs, encoded.inputs_mask)
    for layer in self_attention_layers(model):
        latents, attended = run_layer_and_map(layer, latents)
        maps.append(attended[0])
    return maps


def has_fast_layers(model: PerceiverPreTrainedModel, encoded: Encoded) -> bool:
    """Whether the self-attention layers can run many times for one answer."""
    config = perceiver_of(model).config
    layers = config.num_blocks * config.num_self_attends_per_block
    products = layers * config.num_latents * config.d_latents * (6 * config.d_latents + 2 * config.num_latents)
    return products <= MAX_MULTIPLICATIONS or encoded.latents.is_cuda
