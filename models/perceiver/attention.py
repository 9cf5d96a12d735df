"""Attention with the parameters of `PerceiverSelfAttention` of transformers.

`attend` computes the output and never holds the attention map. `attention_rows` computes requested rows of the map.
`attend_and_map` computes the output and the mean map over heads, for small maps.

Shapes: B batch, H heads, Q queries, K keys, C channels of the source, D channels per head.
"""

from collections.abc import Iterator
from enum import Enum, auto

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers.models.perceiver.modeling_perceiver import (
    PerceiverAttention,
    PerceiverLayer,
    PerceiverSelfAttention,
)

from models.perceiver.linear import linear

# Largest part of an attention map in memory at once.
MAP_BYTES = 8 * 2**20
# Cost of a product of weights head by head, relative to a linear layer: torch computes it with MKL.
BY_HEADS = 2
# From this map size on, the fused kernel of torch is worth padding different head sizes with zeros.
FUSED_BYTES = 64 * 2**20


class Projected(Enum):
    """On which side of an attention the projections are applied. The results are equal, their costs are not.

    BOTH: as in the paper.
    QUERY_SIDE: queries are projected into the channels of the source, and the attended source into values.
    KEY_SIDE: the source is projected into the channels of the queries, and into the output channels.
    """

    BOTH = auto()
    QUERY_SIDE = auto()
    KEY_SIDE = auto()


def attend(
    attention: PerceiverAttention, hidden: Tensor, inputs: Tensor | None = None, inputs_mask: Tensor | None = None
) -> Tensor:
    """Fused multi-head attention with its output projection (Perceiver IO, section 3.1 and appendix E).

    hidden: [B, Q, q_dim], the queries.
    inputs: [B, K, kv_dim], the source; None for self-attention.
    inputs_mask: bool [B, K], True where a key may be read.

    Any of them may have a batch of 1 for all examples. Returns [B, Q, q_dim], without the residual.
    """
    inner, dense = attention.self, attention.output.dense
    asking, source = _normalized(inner, hidden, inputs)
    mask = None if inputs_mask is None else inputs_mask[:, None, None, :]
    match _cheapest(attention, asking.shape[1], source.shape[1]):
        case Projected.KEY_SIDE:
            keys, values, bias = fold_source(attention, source)
            if mask is not None:
                bias = bias.masked_fill(~mask, float("-inf"))
            queries = asking[:, None].expand(-1, inner.num_heads, -1, -1)
            return _fused(inner, queries, keys, values, bias).sum(dim=1)
        case Projected.QUERY_SIDE:
            queries, keys = _queries_and_keys(inner, _queries(inner, asking), source, folded=True)
            return unfolded(attention, _fused(inner, queries, keys, keys, mask))
        case Projected.BOTH:
            keys, values = (_split_heads(linear(part, source), inner.num_heads) for part in (inner.key, inner.value))
            mapped = _fused(inner, _queries(inner, asking), keys, values, mask)
    return linear(dense, _join_heads(mapped))


def attend_and_map(attention: PerceiverAttention, hidden: Tensor) -> tuple[Tensor, Tensor]:
    """Self-attention as in `attend`, and its mean map over heads: float32 [B, Q, Q], rows sum to 1."""
    inner = attention.self
    queries, source = _queries_and_source(inner, hidden, None)
    keys, values = (_split_heads(linear(part, source), inner.num_heads) for part in (inner.key, inner.value))
    mapped, means = [], []
    for rows in _slices(queries, keys):
        attended = _softmax_rows(inner, queries[:, :, rows], keys, None)
        means.append(attended.mean(dim=1))
        mapped.append(attended.to(values.dtype) @ values)
    return linear(attention.output.dense, _join_heads(torch.cat(mapped, dim=2))), torch.cat(means, dim=1)


def attention_rows(
    attention: PerceiverSelfAttention,
    hidden: Tensor,
    inputs: Tensor | None = None,
    rows: Tensor | slice = slice(None),
    inputs_mask: Tensor | None = None,
) -> Tensor:
    """Rows of the attention map, float32 [B, H, R, K], each sums to 1. `rows` selects among the Q queries."""
    queries, source = _queries_and_source(attention, hidden, inputs, rows)
    queries, keys = _queries_and_keys(attention, queries, source, _folds(attention, queries, source))
    return _softmax_rows(attention, queries, keys, inputs_mask)


def sliced_attention_rows(
    attention: PerceiverSelfAttention, hidden: Tensor, inputs: Tensor | None = None, inputs_mask: Tensor | None = None
) -> Iterator[tuple[slice, Tensor]]:
    """All rows in slices: yields (queries, float32 [B, H, R, K]), with R such that a slice fits into MAP_BYTES."""
    queries, source = _queries_and_source(attention, hidden, inputs)
    queries, keys = _queries_and_keys(attention, queries, source, _folds(attention, queries, source))
    for rows in _slices(queries, keys):
        yield rows, _softmax_rows(attention, queries[:, :, rows], keys, inputs_mask)


def run_layer(
    layer: PerceiverLayer, hidden: Tensor, inputs: Tensor | None = None, inputs_mask: Tensor | None = None
) -> Tensor:
    """One attention layer with its MLP and residuals: [B, Q, q_dim] -> [B, Q, q_dim]."""
    return after_attention(layer, hidden, attend(layer.attention, hidden, inputs, inputs_mask))


def run_layer_without_each_head(
    layer: PerceiverLayer, hidden: Tensor, inputs: Tensor | None = None, inputs_mask: Tensor | None = None
) -> Tensor:
    """A layer as in `run_layer`, for one example, once without each head: [1, Q, q_dim] -> [H, Q, q_dim]."""
    parts = _head_outputs(layer.attention, hidden, inputs, inputs_mask)[0]
    return after_attention(layer, hidden, parts.sum(dim=0) - parts + layer.attention.output.dense.bias)


def run_layer_and_map(layer: PerceiverLayer, hidden: Tensor) -> tuple[Tensor, Tensor]:
    """One self-attention layer as in `run_layer`, and its map as in `attend_and_map`."""
    attended, mean = attend_and_map(layer.attention, hidden)
    return after_attention(layer, hidden, attended), mean


def after_attention(layer: PerceiverLayer, hidden: Tensor, attended: Tensor) -> Tensor:
    """The rest of a layer, from the output of its attention without the residual."""
    if layer.attention.use_query_residual:
        attended = attended + hidden
    return with_mlp(layer, attended)


def with_mlp(layer: PerceiverLayer, attended: Tensor) -> Tensor:
    """The MLP of a layer and its residual."""
    widened = layer.mlp.intermediate_act_fn(linear(layer.mlp.dense1, layer.layernorm(attended)))
    return attended + linear(layer.mlp.dense2, widened)


def _head_outputs(
    attention: PerceiverAttention, hidden: Tensor, inputs: Tensor | None, inputs_mask: Tensor | None
) -> Tensor:
    """What each head adds to the result of `attend`, which is their sum and a bias: [B, H, Q, q_dim]."""
    inner, dense = attention.self, attention.output.dense
    queries, source = _queries_and_source(inner, hidden, inputs)
    keys, values = (_split_heads(linear(part, source), inner.num_heads) for part in (inner.key, inner.value))
    mask = None if inputs_mask is None else inputs_mask[:, None, None, :]
    return _fused(inner, queries, keys, values, mask) @ dense.weight.T.unflatten(0, (inner.num_heads, -1))


def _queries_and_source(
    attention: PerceiverSelfAttention, hidden: Tensor, inputs: Tensor | None, rows: Tensor | slice = slice(None)
) -> tuple[Tensor, Tensor]:
    """Queries [B, H, R, D], and the normalized source of keys and values [B, K, C]."""
    asking, source = _normalized(attention, hidden, inputs)
    return _queries(attention, asking[:, rows]), source


def _normalized(attention: PerceiverSelfAttention, hidden: Tensor, inputs: Tensor | None) -> tuple[Tensor, Tensor]:
    """Normalized queries [B, Q, q_dim] and source [B, K, C]."""
    asking = attention.layernorm1(hidden)
    return asking, asking if inputs is None else attention.layernorm2(inputs)


def _queries(attention: PerceiverSelfAttention, asking: Tensor) -> Tensor:
    return _split_heads(linear(attention.query, asking), attention.num_heads)


def _queries_and_keys(
    attention: PerceiverSelfAttention, queries: Tensor, source: Tensor, folded: bool
) -> tuple[Tensor, Tensor]:
    """[B, H, R, D] and [B, H, K, D]; if folded, D are the channels of the source, which all heads use as keys.

    q (W k + b) = (q W) k + q b, and q b is the same for every key, so that the softmax ignores it.
    """
    heads = attention.num_heads
    if not folded:
        return queries, _split_heads(linear(attention.key, source), heads)
    return _fold_queries(attention, queries), source[:, None].expand(-1, heads, -1, -1)


def folded_queries(attention: PerceiverSelfAttention, hidden: Tensor) -> Tensor:
    """Queries in the channels of the source: [B, Q, q_dim] -> [B, H, Q, C], to be scaled by `scale_of`."""
    return _fold_queries(attention, _queries(attention, attention.layernorm1(hidden)))


def unfolded(attention: PerceiverAttention, mapped: Tensor) -> Tensor:
    """Attended sources, [B, H, Q, C], as the output of the attention: [B, Q, q_dim], without the residual."""
    return linear(attention.output.dense, _join_heads(_unfold(attention.self, mapped)))


def _fold_queries(attention: PerceiverSelfAttention, queries: Tensor) -> Tensor:
    return queries @ attention.key.weight.unflatten(0, (attention.num_heads, -1))


def _unfold(attention: PerceiverSelfAttention, mapped: Tensor) -> Tensor:
    """Attended sources [B, H, Q, C] -> attended values [B, H, Q, D]; equal since rows of the map sum to 1."""
    heads = attention.num_heads
    weight, bias = attention.value.weight.unflatten(0, (heads, -1)), attention.value.bias.unflatten(0, (heads, 1, -1))
    return mapped @ weight.transpose(1, 2) + bias


def fold_source(attention: PerceiverAttention, source: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The source [B, K, C] as keys for unprojected queries, values, and a bias for the scores of each key.

    Keys are [B, H, K, q_dim]; values, [B, H, K, q_dim], sum over heads to the output; the bias is [B, H, 1, K].

    (W x + b) k = x (k W) + b k, where b k differs between keys. The bias of the output projection is part of the
    values, since rows of the map sum to 1.
    """
    inner, dense, heads = attention.self, attention.output.dense, attention.self.num_heads
    keys, values = (_split_heads(linear(part, source), heads) for part in (inner.key, inner.value))
    bias = keys @ inner.query.bias.unflatten(0, (heads, -1, 1)) * scale_of(inner)
    keys = keys @ inner.query.weight.unflatten(0, (heads, -1))
    values = values @ dense.weight.T.unflatten(0, (heads, -1)) + dense.bias / heads
    return keys, values, bias.transpose(-1, -2)


def _cheapest(attention: PerceiverAttention, asked: int, read: int) -> Projected:
    """The side with the fewest multiplications: the query side for few queries, the key side for many."""
    inner, given = attention.self, attention.output.dense.out_features
    if inner.training and inner.dropout.p:
        return Projected.BOTH  # masked rows have fewer keys
    heads, asks, channels = inner.num_heads, inner.query.in_features, inner.key.in_features
    keyed, valued = inner.key.out_features, inner.value.out_features
    question, answer = asked * asks * keyed, asked * valued * given
    key_and_value = read * channels * (keyed + valued)
    led_on_by_asking = BY_HEADS * asked * channels * (keyed + valued)
    led_on_by_read = BY_HEADS * read * (asks * keyed + valued * given)
    costs = {
        Projected.BOTH: question + key_and_value + asked * read * (keyed + valued) + answer,
        Projected.QUERY_SIDE: question + led_on_by_asking + heads * asked * read * 2 * channels + answer,
        Projected.KEY_SIDE: key_and_value + led_on_by_read + heads * asked * read * (asks + given),
    }
    if torch.is_grad_enabled():
        del costs[Projected.KEY_SIDE]  # the fused kernel has no gradient for a bias of the scores
    return min(costs, key=costs.__getitem__)


def _folds(attention: PerceiverSelfAttention, queries: Tensor, source: Tensor) -> bool:
    """Whether projecting the queries into the source costs fewer multiplications than projecting the source."""
    heads, asked, read = attention.num_heads, queries.shape[2], source.shape[1]
    keyed, channels = attention.key.out_features, attention.key.in_features
    return asked * channels * keyed + heads * asked * read * channels < read * channels * keyed + asked * read * keyed


def _fused(
    attention: PerceiverSelfAttention, queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None
) -> Tensor:
    """mask: bool, or a bias of the scores, broadcast to [B, H, Q, K]."""
    batch = max(len(each) for each in (queries, keys, mask) if each is not None)
    mapped = F.scaled_dot_product_attention(
        *(each.expand(batch, -1, -1, -1) for each in _one_head_size(queries, keys, values, batch, mask)),
        attn_mask=mask,
        dropout_p=attention.dropout.p if attention.training else 0.0,
        scale=scale_of(attention),
    )
    return mapped[..., : values.shape[-1]]


def _slices(queries: Tensor, keys: Tensor) -> Iterator[slice]:
    """Slices of queries whose maps fit into MAP_BYTES, at least one query each."""
    size = max(1, MAP_BYTES // (4 * keys.shape[0] * keys.shape[1] * keys.shape[2]))
    return (slice(start, start + size) for start in range(0, queries.shape[2], size))


def _softmax_rows(
    attention: PerceiverSelfAttention, queries: Tensor, keys: Tensor, inputs_mask: Tensor | None
) -> Tensor:
    scores = (queries @ keys.transpose(-1, -2)).float() * scale_of(attention)
    if inputs_mask is not None:
        scores = scores.masked_fill(~inputs_mask[:, None, None, :], float("-inf"))
    return scores.softmax(dim=-1)


def scale_of(attention: PerceiverSelfAttention) -> float:
    """Factor of the products of queries and keys before the softmax."""
    return attention.qk_channels_per_head**-0.5


def _split_heads(x: Tensor, heads: int) -> Tensor:
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def _join_heads(x: Tensor) -> Tensor:
    return x.transpose(1, 2).flatten(2)


def _one_head_size(
    queries: Tensor, keys: Tensor, values: Tensor, batch: int, mask: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Pads queries, keys and values with zero channels to one head size, which the fused kernels need.

    Small maps without a mask stay unpadded: for them the unfused path of torch is faster than longer dot products.
    """
    size = max(queries.shape[-1], values.shape[-1])
    map_bytes = 4 * batch * queries.shape[1] * queries.shape[2] * keys.shape[2]
    if queries.shape[-1] == values.shape[-1] or (mask is None and map_bytes <= FUSED_BYTES):
        return queries, keys, values
    return _pad(queries, size), _pad(keys, size), _pad(values, size)


def _pad(x: Tensor, size: int) -> Tensor:
    return F.pad(x, (0, size - x.shape[-1]))
