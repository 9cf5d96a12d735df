"""Attention over the parameters of transformers' `PerceiverSelfAttention`.

Three ways to look at one attention: `attend` gives its output and never holds the map; `attention_rows` gives the
softmax rows that somebody asked for; `attend_and_map` gives the output and the mean map over heads, for maps that are
small. Shapes: B batch, H heads, Q queries, K keys, C channels of what is read, D of a head.
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

# Largest piece of an attention map that is held at once.
MAP_BYTES = 8 * 2**20
# What a multiplication of weights head by head takes, where a linear layer's takes 1: torch leaves it to MKL.
BY_HEADS = 2
# From this size of a map on, torch's fused kernel is worth the zeros that it wants where head sizes differ.
FUSED_BYTES = 64 * 2**20


class Projected(Enum):
    """On which side of an attention its matrices are applied: the products are equal, their costs are not.

    BOTH: as in the paper. QUERY_SIDE: questions are led into the channels of what is read, and what they find is led on
    from there. KEY_SIDE: what is read is led into the channels that ask, and on into those that the layer gives.
    """

    BOTH = auto()
    QUERY_SIDE = auto()
    KEY_SIDE = auto()


def attend(
    attention: PerceiverAttention, hidden: Tensor, inputs: Tensor | None = None, inputs_mask: Tensor | None = None
) -> Tensor:
    """Fused multi-head attention with the linear layer behind it (Perceiver IO, section 3.1 and appendix E).

    hidden: [B, Q, q_dim], what asks. inputs: [B, K, kv_dim], what is read; None for self-attention.
    inputs_mask: bool [B, K], True where a key may be read. Returns [B, Q, q_dim], without the residual.
    """
    inner, dense = attention.self, attention.output.dense
    asking, source = _asking_and_source(inner, hidden, inputs)
    mask = None if inputs_mask is None else inputs_mask[:, None, None, :]
    match _cheapest(attention, asking.shape[1], source.shape[1]):
        case Projected.KEY_SIDE:
            keys, values, bias = led_to_what_asks(attention, source)
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
    """Self-attention as `attend` does it, and its map, mean of heads: float32 [B, Q, Q], rows sum to 1."""
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
    """The softmax rows asked for, float32 [B, H, R, K]; each sums to 1. `rows` picks among the Q queries."""
    queries, source = _queries_and_source(attention, hidden, inputs, rows)
    queries, keys = _queries_and_keys(attention, queries, source, _folds(attention, queries, source))
    return _softmax_rows(attention, queries, keys, inputs_mask)


def sliced_attention_rows(
    attention: PerceiverSelfAttention, hidden: Tensor, inputs: Tensor | None = None, inputs_mask: Tensor | None = None
) -> Iterator[tuple[slice, Tensor]]:
    """All rows in turn, as (which queries, float32 [B, H, R, K]), with R such that no slice exceeds MAP_BYTES."""
    queries, source = _queries_and_source(attention, hidden, inputs)
    queries, keys = _queries_and_keys(attention, queries, source, _folds(attention, queries, source))
    for rows in _slices(queries, keys):
        yield rows, _softmax_rows(attention, queries[:, :, rows], keys, inputs_mask)


def run_layer(
    layer: PerceiverLayer, hidden: Tensor, inputs: Tensor | None = None, inputs_mask: Tensor | None = None
) -> Tensor:
    """One attention layer with its MLP and residuals: [B, Q, q_dim] -> [B, Q, q_dim]."""
    return after_attention(layer, hidden, attend(layer.attention, hidden, inputs, inputs_mask))


def run_layer_and_map(layer: PerceiverLayer, hidden: Tensor) -> tuple[Tensor, Tensor]:
    """One self-attention layer as `run_layer` does it, and its map as `attend_and_map` gives it."""
    attended, mean = attend_and_map(layer.attention, hidden)
    return after_attention(layer, hidden, attended), mean


def after_attention(layer: PerceiverLayer, hidden: Tensor, attended: Tensor) -> Tensor:
    """What a layer makes of what its attention gave, which has no residual yet."""
    if layer.attention.use_query_residual:
        attended = attended + hidden
    return with_mlp(layer, attended)


def with_mlp(layer: PerceiverLayer, attended: Tensor) -> Tensor:
    """What comes after the attention and its residual: the MLP, and a residual of its own."""
    widened = layer.mlp.intermediate_act_fn(linear(layer.mlp.dense1, layer.layernorm(attended)))
    return attended + linear(layer.mlp.dense2, widened)


def _queries_and_source(
    attention: PerceiverSelfAttention, hidden: Tensor, inputs: Tensor | None, rows: Tensor | slice = slice(None)
) -> tuple[Tensor, Tensor]:
    """Queries [B, H, R, D], and what keys and values are made of, normalised: [B, K, C]."""
    asking, source = _asking_and_source(attention, hidden, inputs)
    return _queries(attention, asking[:, rows]), source


def _asking_and_source(
    attention: PerceiverSelfAttention, hidden: Tensor, inputs: Tensor | None
) -> tuple[Tensor, Tensor]:
    """What asks [B, Q, q_dim] and what is read [B, K, C], normalised."""
    asking = attention.layernorm1(hidden)
    return asking, asking if inputs is None else attention.layernorm2(inputs)


def _queries(attention: PerceiverSelfAttention, asking: Tensor) -> Tensor:
    return _split_heads(linear(attention.query, asking), attention.num_heads)


def _queries_and_keys(
    attention: PerceiverSelfAttention, queries: Tensor, source: Tensor, folded: bool
) -> tuple[Tensor, Tensor]:
    """[B, H, R, D] and [B, H, K, D]; where folded, D are the channels of the source, which is then every head's keys.

    q (W k + b) = (q W) k + q b, and q b is the same for every key, so that softmax does not see it.
    """
    heads = attention.num_heads
    if not folded:
        return queries, _split_heads(linear(attention.key, source), heads)
    return _led_to_what_is_read(attention, queries), source[:, None].expand(-1, heads, -1, -1)


def folded_queries(attention: PerceiverSelfAttention, hidden: Tensor) -> Tensor:
    """What asks, in the channels of what is read: [B, Q, q_dim] -> [B, H, Q, C], to be scaled by `scale_of`."""
    return _led_to_what_is_read(attention, _queries(attention, attention.layernorm1(hidden)))


def unfolded(attention: PerceiverAttention, mapped: Tensor) -> Tensor:
    """Mean sources, [B, H, Q, C], as the output of the attention: [B, Q, q_dim], without the residual."""
    return linear(attention.output.dense, _join_heads(_unfold(attention.self, mapped)))


def _led_to_what_is_read(attention: PerceiverSelfAttention, queries: Tensor) -> Tensor:
    return queries @ attention.key.weight.unflatten(0, (attention.num_heads, -1))


def _unfold(attention: PerceiverSelfAttention, mapped: Tensor) -> Tensor:
    """[B, H, Q, C], mean sources -> [B, H, Q, D], mean values: the same, since every row of the map sums to 1."""
    heads = attention.num_heads
    weight, bias = attention.value.weight.unflatten(0, (heads, -1)), attention.value.bias.unflatten(0, (heads, 1, -1))
    return mapped @ weight.transpose(1, 2) + bias


def led_to_what_asks(attention: PerceiverAttention, source: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What is read, [B, K, C], as keys [B, H, K, q_dim] for bare questions, as values [B, H, K, q_dim] that are the
    layer's output when summed over heads, and what each key's score has besides, [B, H, 1, K].

    (W x + b) k = x (k W) + b k, where b k differs from key to key. The output's own bias comes with the values: every
    row of the map sums to 1.
    """
    inner, dense, heads = attention.self, attention.output.dense, attention.self.num_heads
    keys, values = (_split_heads(linear(part, source), heads) for part in (inner.key, inner.value))
    bias = keys @ inner.query.bias.unflatten(0, (heads, -1, 1)) * scale_of(inner)
    keys = keys @ inner.query.weight.unflatten(0, (heads, -1))
    values = values @ dense.weight.T.unflatten(0, (heads, -1)) + dense.bias / heads
    return keys, values, bias.transpose(-1, -2)


def _cheapest(attention: PerceiverAttention, asked: int, read: int) -> Projected:
    """The side with the fewest multiplications: what is asked where little is, what is read where much is asked."""
    inner, given = attention.self, attention.output.dense.out_features
    if inner.training and inner.dropout.p:
        return Projected.BOTH  # rows with holes do not sum to 1
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
        del costs[Projected.KEY_SIDE]  # the fused kernel has no gradient for what a score has besides
    return min(costs, key=costs.__getitem__)


def _folds(attention: PerceiverSelfAttention, queries: Tensor, source: Tensor) -> bool:
    """Whether a map costs fewer multiplications where what asks is projected instead of what is read."""
    heads, asked, read = attention.num_heads, queries.shape[2], source.shape[1]
    keyed, channels = attention.key.out_features, attention.key.in_features
    return asked * channels * keyed + heads * asked * read * channels < read * channels * keyed + asked * read * keyed


def _fused(
    attention: PerceiverSelfAttention, queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None
) -> Tensor:
    """mask: bool, or what scores have besides, broadcast to [B, H, Q, K]."""
    mapped = F.scaled_dot_product_attention(
        *_one_head_size(queries, keys, values),
        attn_mask=mask,
        dropout_p=attention.dropout.p if attention.training else 0.0,
        scale=scale_of(attention),
    )
    return mapped[..., : values.shape[-1]]


def _slices(queries: Tensor, keys: Tensor) -> Iterator[slice]:
    """All queries in turn, as many at once as make no more than MAP_BYTES of attention, and at least one."""
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
    """What products of questions and keys are multiplied with before the softmax."""
    return attention.qk_channels_per_head**-0.5


def _split_heads(x: Tensor, heads: int) -> Tensor:
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def _join_heads(x: Tensor) -> Tensor:
    return x.transpose(1, 2).flatten(2)


def _one_head_size(queries: Tensor, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Zero channels change neither scores nor outputs, and the fused kernels want one head size for all three.

    Small maps go unpadded: there torch's unfused path is quicker than the longer dot products.
    """
    size = max(queries.shape[-1], values.shape[-1])
    map_bytes = 4 * queries.shape[0] * queries.shape[1] * queries.shape[2] * keys.shape[2]
    if queries.shape[-1] == values.shape[-1] or map_bytes <= FUSED_BYTES:
        return queries, keys, values
    return _pad(queries, size), _pad(keys, size), _pad(values, size)


def _pad(x: Tensor, size: int) -> Tensor:
    return F.pad(x, (0, size - x.shape[-1]))
