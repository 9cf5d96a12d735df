"""Runs of a model without a part of it: without some inputs, without a latent, or without an attention head.

They are exact, and share with the whole run what lies before the part.

Shapes: R outputs, N latents, M inputs, K latents to leave out, H heads; the batch has one example.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor
from transformers import PerceiverPreTrainedModel

from models.perceiver.attention import run_layer, run_layer_without_each_head
from models.perceiver.engine import (
    Encoded,
    Wanted,
    basic_decoder,
    decode,
    decoder_queries,
    perceiver_of,
    read_into_latents,
    self_attention_layers,
    task_outputs,
)

RUNS_AT_ONCE = 8
"""Runs without a part, per batch."""


@dataclass(frozen=True)
class Predictions:
    """Probabilities of the predicted classes, in the run as it was and without parts of it.

    outputs: as for `engine.decoder_queries`. predicted: int64 [R], the class of each output.
    """

    model: PerceiverPreTrainedModel
    encoded: Encoded
    outputs: Wanted
    predicted: Tensor

    def unchanged(self) -> Tensor:
        """Float32 [R]."""
        return self._decoded(self.encoded.latents)[0]

    def without_inputs(self, inputs: Tensor) -> Tensor:
        """Float32 [R]: no latent attends to these inputs. inputs: int64 indices, not all of them."""
        mask = self.encoded.inputs_mask
        kept = torch.ones_like(self.encoded.inputs[..., 0], dtype=torch.bool) if mask is None else mask.clone()
        kept[:, inputs] = False
        return self._run_from(0, read_into_latents(self.model, self.encoded.inputs, kept))[0]

    def without_latents(self, latents: Tensor) -> Tensor:
        """Float32 [K, R]: each of these latents is left out of the layers and of the decoder. latents: int64 [K]."""
        every = torch.arange(self.encoded.latents.shape[1], device=latents.device)
        kept = torch.stack([every[every != latent] for latent in latents])
        return torch.cat([self._run_from(0, self._before[0][0, some]) for some in kept.split(RUNS_AT_ONCE)])

    def without_heads(self, layer: int) -> Tensor:
        """Float32 [H, R]: the output of each head is zero. layer: as in `EachHead`."""
        layers = self._layers
        if layer == 0:
            perceiver = perceiver_of(self.model)
            array, mask = perceiver.embeddings(batch_size=1), self.encoded.inputs_mask
            crossed = perceiver.encoder.cross_attention
            latents = run_layer_without_each_head(crossed, array, self.encoded.inputs, mask)
        elif layer <= len(layers):
            latents = run_layer_without_each_head(layers[layer - 1], self._before[layer - 1])
        else:
            decoder, queries = basic_decoder(self.model), decoder_queries(self.model, self.encoded, self.outputs)
            crossed = decoder.decoding_cross_attention
            answers = run_layer_without_each_head(crossed, queries, self.encoded.latents)
            return self._probabilities(
                task_outputs(self.model, self.encoded, self.outputs, decoder.final_layer(answers))
            )
        return torch.cat([self._run_from(layer, some) for some in latents.split(RUNS_AT_ONCE)])

    @cached_property
    def _layers(self) -> list:
        return self_attention_layers(self.model)

    @cached_property
    def _before(self) -> list[Tensor]:
        """The latents [1, N, D] before each self-attention layer."""
        found = [read_into_latents(self.model, self.encoded.inputs, self.encoded.inputs_mask)]
        for layer in self._layers[:-1]:
            found.append(run_layer(layer, found[-1]))
        return found

    def _run_from(self, layer: int, latents: Tensor) -> Tensor:
        """Float32 [B, R]. latents: [B, n, D], after this number of self-attention layers."""
        for each in self._layers[layer:]:
            latents = run_layer(each, latents)
        return self._decoded(latents)

    def _decoded(self, latents: Tensor) -> Tensor:
        inputs = self.encoded.inputs.expand(len(latents), -1, -1)
        return self._probabilities(
            decode(self.model, replace(self.encoded, inputs=inputs, latents=latents), self.outputs)
        )

    def _probabilities(self, logits: Tensor) -> Tensor:
        """[B, R, classes], or [B, classes] of one output -> float32 [B, R]."""
        chances = logits.float().reshape(len(logits), len(self.predicted), -1).softmax(dim=-1)
        return chances[:, torch.arange(len(self.predicted)), self.predicted]
