"""Perceiver AR (Hawthorne et al. 2022): a few latents read a long context once and generate token by token.

The latents are the last n positions of the text. In one causal cross-attention, each latent reads every position up to
its own, prefix and latents; causal self-attention layers over the latents follow. The latent at a position predicts the
next token. Attention, positions and names of the settings are those of krasserm's perceiver-io, whose weights can be
loaded (`ar_weights.py`).

Shapes: B batch, P prefix, N latents, K keys, H heads, D channels per head, C channels.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.perceiver.ar_cache import KeyValueCache, KeyValues
from models.perceiver.ar_config import PerceiverArConfig
from models.perceiver.ar_matching import MatchingHeads, NgramHashes, last_ids, ngram_hashes
from models.perceiver.linear import linear, product

ROTARY_BASE = 10_000.0


@dataclass(frozen=True, slots=True)
class Positions:
    """Rotations and mask of one pass.

    asking: complex [B or 1, N, R], rotations of the latents.
    read: complex [.., K, R], rotations of the keys.
    mask: bool, broadcast to [B, H, N, keys], True where a key may be read; None if each latent reads everything.
    causal: whether the mask is a plain triangle, which the fused kernels implement themselves.
    hashes: what matching heads compare; None for none.
    """

    asking: Tensor
    read: Tensor
    mask: Tensor | None = None
    causal: bool = False
    hashes: NgramHashes | None = None


class Attention(nn.Module):
    """Multi-head attention with rotary positions; only the output layer may have a bias."""

    def __init__(self, config: PerceiverArConfig, output_bias: bool):
        super().__init__()
        channels = config.num_channels
        self.heads, self.dropout = config.num_heads, config.post_attention_dropout
        self.query = nn.Linear(channels, channels, bias=False)
        self.key = nn.Linear(channels, channels, bias=False)
        self.value = nn.Linear(channels, channels, bias=False)
        self.output = nn.Linear(channels, channels, bias=output_bias)

    def forward(
        self, asking: Tensor, source: Tensor, reading: Positions, rotary: bool, kept: KeyValues | None
    ) -> Tensor:
        """[B, N, C], [B, K, C] -> [B, N, C], without the residual."""
        queries, keys, values = self.project(asking, source, reading, rotary)
        if kept is not None:
            keys, values = kept.extended(keys, values)
        dropout = self.dropout if self.training else 0.0
        mapped = F.scaled_dot_product_attention(
            queries, keys, values, attn_mask=reading.mask, dropout_p=dropout, is_causal=reading.causal
        )
        return linear(self.output, mapped.transpose(1, 2).flatten(2))

    def project(
        self, asking: Tensor, source: Tensor, reading: Positions, rotary: bool
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Queries [B, H, N, D], keys and values [B, H, K, D]."""
        queries = self._split(linear(self.query, asking))
        keys = self._split(linear(self.key, source))
        if rotary:
            queries, keys = rotate(queries, reading.asking), rotate(keys, reading.read)
        return queries, keys, self._split(linear(self.value, source))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class Mlp(nn.Module):
    def __init__(self, channels: int, widening: int):
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.widen = nn.Linear(channels, widening * channels, bias=False)
        self.narrow = nn.Linear(widening * channels, channels, bias=False)

    def forward(self, hidden: Tensor) -> Tensor:
        return linear(self.narrow, F.gelu(linear(self.widen, self.norm(hidden))))


class CrossLayer(nn.Module):
    """Latents read prefix and latents. The prefix has its own layer norm; the latents use that of the queries."""

    def __init__(self, config: PerceiverArConfig):
        super().__init__()
        self.latent_norm = nn.LayerNorm(config.num_channels)
        self.prefix_norm = nn.LayerNorm(config.num_channels)
        self.attention = Attention(config, output_bias=True)
        orders = config.matching_orders
        self.matching = MatchingHeads(config.num_channels, orders) if orders else None
        self.mlp = Mlp(config.num_channels, config.cross_attention_widening_factor)
        self.dropout = nn.Dropout(config.residual_dropout)

    def forward(
        self, prefix: Tensor, latents: Tensor, reading: Positions, memory: KeyValueCache | None = None
    ) -> Tensor:
        """[B, P, C], [B, N, C] -> [B, N, C]."""
        asking, source = self.asking_and_source(prefix, latents)
        read = self.attention(asking, source, reading, True, memory and memory.across)
        if self.matching is not None and reading.hashes is not None:
            kept = memory and memory.matching
            read = read + self.matching(source, reading.hashes, reading.mask, reading.causal, kept)
        latents = latents + self.dropout(read)
        return latents + self.dropout(self.mlp(latents))

    def asking_and_source(self, prefix: Tensor, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Normalized queries [B, N, C] and keys [B, P + N, C]."""
        asking = self.latent_norm(latents)
        return asking, torch.cat([self.prefix_norm(prefix), asking], dim=1)


class SelfLayer(nn.Module):
    def __init__(self, config: PerceiverArConfig, rotary: bool):
        super().__init__()
        self.rotary = rotary
        self.norm = nn.LayerNorm(config.num_channels)
        self.attention = Attention(config, output_bias=False)
        self.mlp = Mlp(config.num_channels, config.self_attention_widening_factor)
        self.dropout = nn.Dropout(config.residual_dropout)

    def forward(self, latents: Tensor, reading: Positions, kept: KeyValues | None = None) -> Tensor:
        """[B, N, C] -> [B, N, C]."""
        asking = self.norm(latents)
        latents = latents + self.dropout(self.attention(asking, asking, reading, self.rotary, kept))
        return latents + self.dropout(self.mlp(latents))


class PerceiverAr(nn.Module):
    """Token ids to logits of the token after each latent."""

    def __init__(self, config: PerceiverArConfig):
        super().__init__()
        self.config = config
        channels = config.num_channels
        self.token_embedding = nn.Embedding(config.vocab_size, channels)
        self.position_embedding = nn.Embedding(config.max_seq_len, channels) if config.abs_pos_emb else None
        self.cross = CrossLayer(config)
        self.layers = nn.ModuleList(
            SelfLayer(config, config.rotates(layer)) for layer in range(config.num_self_attention_layers)
        )
        self.output_norm = nn.LayerNorm(channels) if config.output_norm else nn.Identity()
        self.output_bias = nn.Parameter(torch.zeros(config.vocab_size)) if config.output_bias else None
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=config.init_scale)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)
        if self.cross.matching is not None:
            nn.init.zeros_(self.cross.matching.output.weight)  # a model without them, at first

    def forward(self, ids: Tensor, prefix: int, padding: Tensor | None = None) -> Tensor:
        """Logits [B, N, vocabulary].

        ids: int64 [B, P + N], of which the first `prefix` have no latents.
        padding: bool [B, P + N], True at the left where there is no token.

        In training, a random share of the prefix, `cross_attention_dropout`, is dropped, independently for each text
        (section 3.2). Raises ValueError for more prefix or latents than the model allows, and for no latents.
        """
        return self.predict(self.latents(ids, prefix, padding))

    def latents(
        self,
        ids: Tensor,
        prefix: int,
        padding: Tensor | None = None,
        memory: KeyValueCache | None = None,
        *,
        matching: bool = True,
    ) -> Tensor:
        """The latents after the last layer, [B, N, C]; arguments as in `forward`.

        memory: key-value cache, which is extended; if it is not empty, all ids are latents that follow it. `padding`
            always covers the whole text.
        matching: False for the model without its matching heads, if it has any.
        """
        hidden, across, among = self.start(ids, prefix, padding, memory, matching=matching)
        split = hidden.shape[1] - across.asking.shape[1]
        hidden = self.cross(hidden[:, :split], hidden[:, split:], across, memory)
        for number, layer in enumerate(self.layers):
            hidden = layer(hidden, among, memory.among[number] if memory else None)
        return hidden

    def start(
        self,
        ids: Tensor,
        prefix: int,
        padding: Tensor | None = None,
        memory: KeyValueCache | None = None,
        *,
        matching: bool = True,
    ) -> tuple[Tensor, Positions, Positions]:
        """Embedded tokens [B, P + N, C], and their positions for the cross-attention and for the layers after it."""
        before, old = (memory.read, memory.latents) if memory else (0, 0)
        self._check(before + ids.shape[1], old + ids.shape[1] - prefix, prefix if memory is None or not before else 0)
        places = torch.arange(before, before + ids.shape[1], device=ids.device)[None]
        pads = 0 if padding is None else padding.sum(dim=1, keepdim=True)
        hashes = self._hashes(ids, ids.shape[1] - prefix, memory) if matching else None
        if self.training and prefix and self.config.cross_attention_dropout:
            places, prefix = _thinned(places, prefix, self.config.cross_attention_dropout, len(ids))
            ids = ids.gather(1, places)
            hashes = hashes and hashes.thinned(places)
            padding = None if padding is None else padding.gather(1, places)
        asked, read = ids.shape[1] - prefix, before + ids.shape[1]
        rotations = self._rotations(places)
        of_latents = rotations[:, prefix:]
        across = Positions(of_latents, rotations, *_right_aligned(asked, read, padding, ids.device), hashes)
        among = Positions(of_latents, of_latents, *_right_aligned(asked, old + asked, padding, ids.device))
        return self._embed(ids, places - pads), across, among

    def predict(self, latents: Tensor) -> Tensor:
        """[B, N, C] -> logits [B, N, vocabulary]."""
        return product(self.output_norm(latents), self.token_embedding.weight, self.output_bias)

    def _hashes(self, ids: Tensor, latents: int, memory: KeyValueCache | None) -> NgramHashes | None:
        orders = self.config.matching_orders
        if not orders:
            return None
        before = last_ids(ids[:, :0], max(orders), memory and memory.last_ids)
        if memory is not None:
            memory.last_ids = last_ids(ids, max(orders), before)
        return ngram_hashes(ids, orders, latents, before)

    def _embed(self, ids: Tensor, places: Tensor) -> Tensor:
        embedded = self.token_embedding(ids)
        if self.position_embedding is not None:
            embedded = embedded + self.position_embedding(places.clamp(min=0))
        device = embedded.device.type
        # Otherwise autocast converts the output of each norm again in every layer that reads it.
        return embedded.to(torch.get_autocast_dtype(device)) if torch.is_autocast_enabled(device) else embedded

    def _rotations(self, places: Tensor) -> Tensor:
        """[B or 1, K] -> complex [B or 1, K, R]; angles are float64, since they grow with the context."""
        angles = places[..., None] * inverse_frequencies(self.config.rotated_channels).to(places.device)
        double = self.token_embedding.weight.dtype == torch.float64
        return torch.polar(torch.ones_like(angles), angles).to(torch.complex128 if double else torch.complex64)

    def _check(self, read: int, latents: int, prefix: int) -> None:
        config = self.config
        if not (0 < latents <= config.max_latents and 0 <= prefix <= config.max_prefix):
            raise ValueError(
                f"{latents} latents after a prefix of {prefix}: this model allows 1 to {config.max_latents} latents "
                f"after at most {config.max_prefix}"
            )


def inverse_frequencies(channels: int) -> Tensor:
    """Radians per position of each pair of rotated channels, float64 [channels / 2] (Su et al. 2021)."""
    return ROTARY_BASE ** (-torch.arange(0, channels, 2, dtype=torch.float64) / channels)


def rotate(x: Tensor, rotations: Tensor) -> Tensor:
    """Rotates pairs of neighboring channels of [B, H, K, D] by complex [B or 1, K, R]; the rest is unchanged."""
    turned = 2 * rotations.shape[-1]
    pairs = torch.view_as_complex(x[..., :turned].to(rotations.real.dtype).unflatten(-1, (-1, 2)).contiguous())
    rotated = torch.view_as_real(pairs * rotations[:, None]).flatten(-2).to(x.dtype)
    return rotated if turned == x.shape[-1] else torch.cat([rotated, x[..., turned:]], dim=-1)


def _right_aligned(asked: int, read: int, padding: Tensor | None, device: torch.device) -> tuple[Tensor | None, bool]:
    """`mask` and `causal` of Positions: the last latent reads all keys, each one before it one fewer.

    A padded position reads itself, since the softmax of an empty row is undefined.
    """
    if padding is None and (asked == 1 or asked == read):
        return None, asked > 1
    seen = torch.arange(read, device=device) <= torch.arange(read - asked, read, device=device)[:, None]
    if padding is None:
        return seen, False
    itself = torch.arange(read, device=device) == torch.arange(read - asked, read, device=device)[:, None]
    return (seen & ~padding[:, None, None, padding.shape[1] - read :]) | itself, False


def _thinned(places: Tensor, prefix: int, dropout: float, batch: int) -> tuple[Tensor, int]:
    """A random part of the prefix and all latents: positions in order, int64 [B, K]; the remaining prefix length."""
    kept = prefix - int(prefix * dropout)
    chosen = torch.rand(batch, prefix, device=places.device).topk(kept, dim=1).indices.sort(dim=1).values
    return torch.cat([chosen, places[:, prefix:].expand(batch, -1)], dim=1), kept
