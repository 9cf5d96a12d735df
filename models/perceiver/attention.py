"""Attention over the parameters of transformers' `PerceiverSelfAttention`.

Two ways to look at one attention: `attend` gives its output and never holds the map; `attention_rows` gives the
softmax rows that somebody asked for. Shapes: B batch, H heads, Q queries, K keys, D channels of a head.
"""

from collections.abc import Iterator

from torch import Tensor
from torch.nn import functional as F
from transformers.models.perceiver.modeling_perceiver import PerceiverLayer, PerceiverSelfAttention

from models.perceiver.linear import linear

# Largest piece of an attention map that is held at once.
MAP_BYTES = 64 * 2**20


def attend(
    attention: PerceiverSelfAttention, hidden: Tensor, inputs: Tensor | None = None, inputs_mask: Tensor | None = None
) -> Tensor:
    """Fused multi-head attention (Perceiver IO, section 3.1 and appendix E).

    hidden: [B, Q, q_dim], what asks. inputs: [B, K, kv_dim], what is read; None for self-attention.
    inputs_mask: bool [B, K], True where a key may be read. Returns [B, Q, v_channels].
    """
    queries, keys, source = _queries_and_keys(attention, hidden, inputs)
    values = _split_heads(linear(attention.value, source), attention.num_heads)
    mapped = F.scaled_dot_product_attention(
        *_one_head_size(queries, keys, values),
        attn_mask=None if inputs_mask is None else inputs_mask[:, None, None, :],
        dropout_p=attention.dropout.p if attention.training else 0.0,
        scale=queries.shape[-1] ** -0.5,
    )
    return mapped[..., : values.shape[-1]].transpose(1, 2).flatten(2)


def attention_rows(
    attention: PerceiverSelfAttention,
    hidden: Tensor,
    inputs: Tensor | None = None,
    rows: Tensor | slice = slice(None),
    inputs_mask: Tensor | None = None,
) -> Tensor:
    """The softmax rows asked for, float32 [B, H, R, K]; each sums to 1. `rows` picks among the Q queries."""
    queries, keys, _ = _queries_and_keys(attention, hidden, inputs, rows)
    return _softmax_rows(queries, keys, inputs_mask)


def sliced_attention_rows(
    attention: PerceiverSelfAttention, hidden: Tensor, inputs: Tensor | None = None, inputs_mask: Tensor | None = None
) -> Iterator[tuple[slice, Tensor]]:
    """All rows in turn, as (which queries, float32 [B, H, R, K]), with R such that no slice exceeds MAP_BYTES."""
    queries, keys, _ = _queries_and_keys(attention, hidden, inputs)
    size = max(1, MAP_BYTES // (4 * keys.shape[0] * attention.num_heads * keys.shape[2]))
    for start in range(0, queries.shape[2], size):
        rows = slice(start, start + size)
        yield rows, _softmax_rows(queries[:, :, rows], keys, inputs_mask)


def run_layer(
    layer: PerceiverLayer, hidden: Tensor, inputs: Tensor | None = None, inputs_mask: Tensor | None = None
) -> Tensor:
    """One attention layer with its MLP and residuals: [B, Q, q_dim] -> [B, Q, q_dim]."""
    attended = linear(layer.attention.output.dense, attend(layer.attention.self, hidden, inputs, inputs_mask))
    if layer.attention.use_query_residual:
        attended = attended + hidden
    widened = layer.mlp.intermediate_act_fn(linear(layer.mlp.dense1, layer.layernorm(attended)))
    return attended + linear(layer.mlp.dense2, widened)


def _queries_and_keys(
    attention: PerceiverSelfAttention, hidden: Tensor, inputs: Tensor | None, rows: Tensor | slice = slice(None)
) -> tuple[Tensor, Tensor, Tensor]:
    """Queries [B, H, R, D], keys [B, H, K, D], and the normalised source that keys and values are made of."""
    asking = attention.layernorm1(hidden)
    source = asking if inputs is None else attention.layernorm2(inputs)
    queries = _split_heads(linear(attention.query, asking[:, rows]), attention.num_heads)
    return queries, _split_heads(linear(attention.key, source), attention.num_heads), source


def _softmax_rows(queries: Tensor, keys: Tensor, inputs_mask: Tensor | None) -> Tensor:
    scores = (queries @ keys.transpose(-1, -2)).float() * queries.shape[-1] ** -0.5
    if inputs_mask is not None:
        scores = scores.masked_fill(~inputs_mask[:, None, None, :], float("-inf"))
    return scores.softmax(dim=-1)


def _split_heads(x: Tensor, heads: int) -> Tensor:
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def _one_head_size(queries: Tensor, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Zero channels change neither scores nor outputs, and the fused kernels want one head size for all three.

    Small maps go unpadded: there torch's unfused path is quicker than the longer dot products.
    """
    size = max(queries.shape[-1], values.shape[-1])
    map_bytes = 4 * queries.shape[0] * queries.shape[1] * queries.shape[2] * keys.shape[2]
    if queries.shape[-1] == values.shape[-1] or map_bytes <= MAP_BYTES:
        return queries, keys, values
    return _pad(queries, size), _pad(keys, size), _pad(values, size)


def _pad(x: Tensor, size: int) -> Tensor:
    return F.pad(x, (0, size - x.shape[-1]))
