"""Attention of all stages of one run: from outputs to latents, between latents, and from latents to inputs.

Shapes: R outputs, N latents, K of them shown, M inputs, L self-attention layers; the batch has one example.
"""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from transformers import PerceiverPreTrainedModel

from models.perceiver.attention import run_layer_and_map
from models.perceiver.engine import Encoded, Wanted, decode, perceiver_of, process, read_into_latents
from models.perceiver.provenance import decoder_rows, encoder_rows, read_through_encoder
from models.schema import Stages

SHOWN = 24
"""Most latents of `Stages`."""
RUNS_AT_ONCE = 8
"""Runs without a latent, per batch."""
MAX_MULTIPLICATIONS = 3e10
"""Multiplications of one pass through the self-attention layers. Models with more take seconds on a CPU for it, and
have no `layers`."""


def stages(model: PerceiverPreTrainedModel, encoded: Encoded, outputs: Wanted) -> Stages:
    """outputs: as for `engine.decoder_queries`."""
    if isinstance(outputs, Tensor):
        outputs = outputs.to(encoded.latents.device)
    decoder = decoder_rows(model, encoded, outputs)
    shown = decoder.mean(dim=0).topk(min(SHOWN, decoder.shape[1])).indices
    layers = None
    if _multiplications(model) <= MAX_MULTIPLICATIONS or encoded.latents.is_cuda:
        layers = _numpy(_through_layers(model, encoded, decoder)[..., shown])
    return Stages(
        latents=shown.cpu().numpy(),
        count=decoder.shape[1],
        decoder=_numpy(decoder[:, shown]),
        encoder=_numpy(encoder_rows(model, encoded, shown)),
        inputs=_numpy(read_through_encoder(model, encoded, decoder)),
        layers=layers,
    )


def probabilities_without(
    model: PerceiverPreTrainedModel, encoded: Encoded, outputs: Wanted, predicted: Tensor, latents: Tensor
) -> tuple[Tensor, Tensor]:
    """Probabilities [R] of the predicted classes, and [K, R] without each of these latents.

    predicted: int64 [R]. latents: int64 [K], indices.
    """
    read = read_into_latents(model, encoded.inputs, encoded.inputs_mask)

    def probabilities(kept: Tensor) -> Tensor:
        """kept: int64 [B, n], the latents of each run."""
        inputs = encoded.inputs.expand(len(kept), -1, -1)
        logits = decode(model, replace(encoded, inputs=inputs, latents=process(model, read[0, kept])[0]), outputs)
        chances = logits.float().reshape(len(kept), len(predicted), -1).softmax(dim=-1)
        return chances[:, torch.arange(len(predicted)), predicted]

    every = torch.arange(read.shape[1], device=read.device)
    kept = torch.stack([every[every != latent] for latent in latents])
    without = torch.cat([probabilities(some) for some in kept.split(RUNS_AT_ONCE)])
    return probabilities(every[None])[0], without


def _through_layers(model: PerceiverPreTrainedModel, encoded: Encoded, decoder: Tensor) -> Tensor:
    """[L + 1, R, N]: the rows of the decoder, taken back through each layer; half of a layer's weight is residual."""
    found = [decoder]
    for attended in reversed(_layer_maps(model, encoded)):
        found.append((found[-1] + found[-1] @ attended) / 2)
    return torch.stack(found[::-1])


def _layer_maps(model: PerceiverPreTrainedModel, encoded: Encoded) -> list[Tensor]:
    """The map [N, N] of each self-attention layer, in order."""
    perceiver, maps = perceiver_of(model), []
    latents = read_into_latents(model, encoded.inputs, encoded.inputs_mask)
    for _ in range(perceiver.config.num_blocks):
        for layer in perceiver.encoder.self_attends:
            latents, attended = run_layer_and_map(layer, latents)
            maps.append(attended[0])
    return maps


def _multiplications(model: PerceiverPreTrainedModel) -> float:
    config = perceiver_of(model).config
    layers = config.num_blocks * config.num_self_attends_per_block
    return layers * config.num_latents * config.d_latents * (6 * config.d_latents + 2 * config.num_latents)


def _numpy(values: Tensor) -> np.ndarray:
    """A float32 copy."""
    return values.float().cpu().numpy().copy()
