"""Attention from outputs back to inputs: decoder rows, encoder rows, and rollout through all layers.

Attention rollout (Abnar and Zuidema 2020) for the three stages of a Perceiver: half of each layer's weight follows its
attention and half its residual. What residuals lead to something that is not an input (the learned latent array, the
query of the decoder) is kept apart and never spread over the inputs. All products are row vectors times a matrix, in
slices: no map of outputs times inputs is ever held. `encode` computes the matrix of all self-attention layers once, for
    all outputs.

Shapes: R outputs, N latents, M inputs; the batch has one example.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PerceiverPreTrainedModel
from transformers.models.perceiver.modeling_perceiver import PerceiverSelfAttention

from models.perceiver.attention import attention_rows, sliced_attention_rows
from models.perceiver.engine import Encoded, Wanted, basic_decoder, decoder_queries, perceiver_of


@dataclass(frozen=True, slots=True)
class Provenance:
    """inputs [R, M], latent_share [R] and query_share [R], float32: for each output they sum to 1."""

    inputs: Tensor
    latent_share: Tensor
    query_share: Tensor


def decoder_rows(
    model: PerceiverPreTrainedModel, encoded: Encoded, wanted: Wanted = None, head: int | None = None
) -> Tensor:
    """Attention of each wanted output to the latents, float32 [R, N]; one head, or the mean over heads."""
    layer = basic_decoder(model).decoding_cross_attention
    queries = decoder_queries(model, encoded, wanted)
    return _of_head(attention_rows(layer.attention.self, queries, encoded.latents), head)


def encoder_rows(
    model: PerceiverPreTrainedModel, encoded: Encoded, latents: Tensor | slice = slice(None), head: int | None = None
) -> Tensor:
    """Attention of the given latents to the inputs, float32 [R, M]; one head, or the mean over heads."""
    perceiver = perceiver_of(model)
    array = perceiver.embeddings(batch_size=1)
    attention = perceiver.encoder.cross_attention.attention.self
    return _of_head(attention_rows(attention, array, encoded.inputs, latents, encoded.inputs_mask), head)


def read_through_encoder(
    model: PerceiverPreTrainedModel, encoded: Encoded, weights: Tensor, head: int | None = None
) -> Tensor:
    """Encoder rows weighted by `weights` [R, N]: float32 [R, M], with the sums of `weights`."""
    perceiver = perceiver_of(model)
    array = perceiver.embeddings(batch_size=1)
    attention = perceiver.encoder.cross_attention.attention.self
    return _weighted_rows(attention, weights, array, encoded.inputs, encoded.inputs_mask, head)


def attending_latents(model: PerceiverPreTrainedModel, encoded: Encoded, place: int) -> Tensor:
    """Attention of each latent to one input, float32 [N], mean over heads: a column of the encoder map."""
    perceiver = perceiver_of(model)
    array = perceiver.embeddings(batch_size=1)
    attention = perceiver.encoder.cross_attention.attention.self
    slices = sliced_attention_rows(attention, array, encoded.inputs, encoded.inputs_mask)
    return torch.cat([_of_head(attended, None)[:, place] for _, attended in slices])


def rollout(model: PerceiverPreTrainedModel, encoded: Encoded, wanted: Wanted = None) -> Provenance:
    """Rollout of the wanted outputs through decoder, self-attention layers and encoder.

    Raises ValueError if `encoded` has no `mixing`.
    """
    if encoded.mixing is None:
        raise ValueError("rollout needs the mixing of the latents: encode with keep_mixing=True")
    perceiver = perceiver_of(model)
    weights = decoder_rows(model, encoded, wanted)
    query_share = torch.zeros(len(weights), device=weights.device)
    if basic_decoder(model).decoding_cross_attention.attention.use_query_residual:
        weights, query_share = weights / 2, query_share + 0.5

    weights = weights @ encoded.mixing[0]
    latent_share = torch.zeros_like(query_share)
    if perceiver.encoder.cross_attention.attention.use_query_residual:
        weights = weights / 2
        latent_share = weights.sum(dim=-1)
    return Provenance(read_through_encoder(model, encoded, weights), latent_share, query_share)


def _weighted_rows(
    attention: PerceiverSelfAttention,
    weights: Tensor,
    hidden: Tensor,
    inputs: Tensor | None = None,
    inputs_mask: Tensor | None = None,
    head: int | None = None,
) -> Tensor:
    """weights [R, Q] times the attention map [Q, K], in slices: [R, K]."""
    keys = hidden if inputs is None else inputs
    total = torch.zeros(len(weights), keys.shape[1], device=weights.device)
    for rows, attended in sliced_attention_rows(attention, hidden, inputs, inputs_mask):
        total += weights[:, rows] @ _of_head(attended, head)
    return total


def _of_head(rows: Tensor, head: int | None) -> Tensor:
    """[1, H, R, K] -> [R, K]: one head, or the mean over heads."""
    return rows[0].mean(dim=0) if head is None else rows[0, head]
