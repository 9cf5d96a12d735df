"""Attention over the parameters of transformers' `PerceiverSelfAttention`.

Three ways to look at one attention: `attend` gives its output and never holds the map; `attention_rows` gives the
softmax rows that somebody asked for; `attend_and_map` gives the output and the mean map over heads, for maps that are
small. Shapes: B batch, H heads, Q queries, K keys, C channels of what is read, D of a head.
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers.models.perceiver.modeling_perceiver import PerceiverLayer, PerceiverSelfAttention

from models.perceiver.linear import linear

# Largest piece of an attention map that is held at once.
MAP_BYTES = 8 * 2**20
# From this size of a map on, torch's fused kernel is worth the zeros that it wants where head sizes differ.
FUSED_BYTES = 64 * 2**20


def attend(
    attention: PerceiverSelfAttention, hidden: Tensor, inputs: Tensor | None = None, inputs_mask: Tensor | None = None
) -> Tensor:
    """Fused multi-head attention (Perceiver IO, section 3.1 and appendix E).

    hidden: [B, Q, q_dim], what asks. inputs: [B, K, kv_dim], what is read; None for self-attention.
    inputs_mask: bool [B, K], True where a key may be read. Returns [B, Q, v_channels].
    """
    queries, source = _queries_and_source(attention, hidden, inputs)
    folded = _folds(attention, queries, source)
    queries, keys = _queries_and_keys(attention, queries, source, folded)
    values = keys if folded else _split_heads(linear(attention.value, source), attention.num_heads)
    mapped = F.scaled_dot_product_attention(
        *_one_head_size(queries, keys, values),
        attn_mask=None if inputs_mask is None else inputs_mask[:, None, None, :],
        dropout_p=attention.dropout.p if attention.training else 0.0,
        scale=_scale(attention),
    )[..., : values.shape[-1]]
    return _join_heads(_unfold(attention, mapped) if folded else mapped)


def attend_and_map(attention: PerceiverSelfAttention, hidden: Tensor) -> tuple[Tensor, Tensor]:
    """Self-attention's output [B, Q, v_channels], and its map, mean of heads: float32 [B, Q, Q], rows sum to 1."""
    queries, source = _queries_and_source(attention, hidden, None)
    keys, values = (
        _split_heads(linear(part, source), attention.num_heads) for part in (attention.key, attention.value)
    )
    mapped, means = [], []
    for rows in _slices(queries, keys):
        attended = _softmax_rows(attention, queries[:, :, rows], keys, None)
        means.append(attended.mean(dim=1))
        mapped.append(attended.to(values.dtype) @ values)
    return _join_heads(torch.cat(mapped, dim=2)), torch.cat(means, dim=1)


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
    return _after_attention(layer, hidden, attend(layer.attention.self, hidden, inputs, inputs_mask))


def run_layer_and_map(layer: PerceiverLayer, hidden: Tensor) -> tuple[Tensor, Tensor]:
    """One self-attention layer as `run_layer` does it, and its map as `attend_and_map` gives it."""
    mapped, attended = attend_and_map(layer.attention.self, hidden)
    return _after_attention(layer, hidden, mapped), attended


def _after_attention(layer: PerceiverLayer, hidden: Tensor, mapped: Tensor) -> Tensor:
    attended = linear(layer.attention.output.dense, mapped)
    if layer.attention.use_query_residual:
        attended = attended + hidden
    widened = layer.mlp.intermediate_act_fn(linear(layer.mlp.dense1, layer.layernorm(attended)))
    return attended + linear(layer.mlp.dense2, widened)


def _queries_and_source(
    attention: PerceiverSelfAttention, hidden: Tensor, inputs: Tensor | None, rows: Tensor | slice = slice(None)
) -> tuple[Tensor, Tensor]:
    """Queries [B, H, R, D], and what keys and values are made of, normalised: [B, K, C]."""
    asking = attention.layernorm1(hidden)
    source = asking if inputs is None else attention.layernorm2(inputs)
    return _split_heads(linear(attention.query, asking[:, rows]), attention.num_heads), source


def _queries_and_keys(
    attention: PerceiverSelfAttention, queries: Tensor, source: Tensor, folded: bool
) -> tuple[Tensor, Tensor]:
    """[B, H, R, D] and [B, H, K, D]; where folded, D are the channels of the source, which is then every head's keys.

    q (W k + b) = (q W) k + q b, and q b is the same for every key, so that softmax does not see it.
    """
    heads = attention.num_heads
    if not folded:
        return queries, _split_heads(linear(attention.key, source), heads)
    return queries @ attention.key.weight.unflatten(0, (heads, -1)), source[:, None].expand(-1, heads, -1, -1)


def _unfold(attention: PerceiverSelfAttention, mapped: Tensor) -> Tensor:
    """[B, H, Q, C], mean sources -> [B, H, Q, D], mean values: the same, since every row of the map sums to 1."""
    heads = attention.num_heads
    weight, bias = attention.value.weight.unflatten(0, (heads, -1)), attention.value.bias.unflatten(0, (heads, 1, -1))
    return mapped @ weight.transpose(1, 2) + bias


def _folds(attention: PerceiverSelfAttention, queries: Tensor, source: Tensor) -> bool:
    """Whether to project what asks instead of what is read: fewer multiplications where few ask and much is read."""
    if attention.training and attention.dropout.p:
        return False  # rows with holes do not sum to 1
    asked, read, channels = queries.shape[2], source.shape[1], source.shape[-1]
    projected = attention.key.out_features + attention.value.out_features
    return asked * projected * channels + 2 * attention.num_heads * asked * read * channels < (
        read * projected * channels + asked * read * projected
    )


def _slices(queries: Tensor, keys: Tensor) -> Iterator[slice]:
    """All queries in turn, as many at once as make no more than MAP_BYTES of attention, and at least one."""
    size = max(1, MAP_BYTES // (4 * keys.shape[0] * keys.shape[1] * keys.shape[2]))
    return (slice(start, start + size) for start in range(0, queries.shape[2], size))


def _softmax_rows(
    attention: PerceiverSelfAttention, queries: Tensor, keys: Tensor, inputs_mask: Tensor | None
) -> Tensor:
    scores = (queries @ keys.transpose(-1, -2)).float() * _scale(attention)
    if inputs_mask is not None:
        scores = scores.masked_fill(~inputs_mask[:, None, None, :], float("-inf"))
    return scores.softmax(dim=-1)


def _scale(attention: PerceiverSelfAttention) -> float:
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
