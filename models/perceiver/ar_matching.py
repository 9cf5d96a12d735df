"""Matching heads: heads of the cross-attention of a Perceiver AR that look up what followed the same tokens before.

Not part of the paper. The cross-attention reads a prefix of single tokens, so that no head of its own can find "the
last three letters" again. A matching head of order n gives each n-gram of token ids a fixed code. The query of a
latent is the code of the n tokens up to it; the key at a position is the code of the n tokens before it: the latent
attends to what followed the same n-gram earlier in the text.

Codes have no weights. They depend only on earlier ids, so that cached keys stay valid when the text grows.

Shapes: B batch, N latents, K keys, M matching heads, C channels of the model.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.perceiver.ar_cache import KeyValues
from models.perceiver.linear import linear

CHANNELS = 64
"""A code has 64 signs: the bits of a hash."""
FIRST_TEMPERATURE = 14.0
NOTHING = 0
"""The id that precedes the first token, and the id of padding."""


@dataclass(frozen=True, slots=True)
class NgramHashes:
    """Hashes of n-grams, a row for each head.

    asking: int64 [B, M, N], of the tokens up to each latent. read: int64 [B, M, K], of those before each key.
    """

    asking: Tensor
    read: Tensor

    def thinned(self, places: Tensor) -> "NgramHashes":
        """With some of the keys only. places: int64 [B, K], in order."""
        return NgramHashes(self.asking, self.read.gather(2, places[:, None].expand(-1, self.read.shape[1], -1)))


class MatchingHeads(nn.Module):
    """M heads, each with the cosine of two codes, times a learned temperature, as the score."""

    def __init__(self, channels: int, orders: Sequence[int]):
        super().__init__()
        self.heads = len(orders)
        self.log_temperature = nn.Parameter(torch.full((self.heads,), FIRST_TEMPERATURE).log())
        self.value = nn.Linear(channels, self.heads * CHANNELS, bias=False)
        self.output = nn.Linear(self.heads * CHANNELS, channels, bias=False)

    def forward(
        self, source: Tensor, hashes: NgramHashes, mask: Tensor | None, causal: bool, kept: KeyValues | None
    ) -> Tensor:
        """[B, K, C] -> [B, N, C], without the residual. mask, causal: as in `Positions`."""
        queries, keys = self.project(hashes)
        values = linear(self.value, source).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        queries, keys = queries.to(values.dtype), keys.to(values.dtype)
        if kept is not None:
            keys, values = kept.extended(keys, values)
        mapped = F.scaled_dot_product_attention(queries, keys, values, attn_mask=mask, is_causal=causal, scale=1.0)
        return linear(self.output, mapped.transpose(1, 2).flatten(2))

    def project(self, hashes: NgramHashes) -> tuple[Tensor, Tensor]:
        """Queries [B, M, N, CHANNELS] and keys [B, M, K, CHANNELS]; a score is their product, without a scale."""
        temperature = self.log_temperature.exp()[:, None, None]
        return codes(hashes.asking, temperature.dtype) * temperature, codes(hashes.read, temperature.dtype)


def ngram_hashes(ids: Tensor, orders: Sequence[int], latents: int, before: Tensor) -> NgramHashes:
    """Hashes for new ids, int64 [B, K], of which the last `latents` are latents.

    before: ids in front of them, int64 [B, most orders] (`last_ids`).
    """
    rows = _hashed(torch.cat([before, ids], dim=1), orders)
    return NgramHashes(asking=rows[..., rows.shape[-1] - latents :], read=rows[..., :-1])


def last_ids(ids: Tensor, count: int, before: Tensor | None = None) -> Tensor:
    """The last `count` ids, int64 [B, count], after those of `before` or NOTHING."""
    front = ids.new_full((len(ids), count), NOTHING) if before is None else before
    return torch.cat([front, ids], dim=1)[:, -count:]


def codes(hashes: Tensor, dtype: torch.dtype) -> Tensor:
    """[...] -> unit vectors [..., CHANNELS]. Codes of different n-grams have a cosine of 0 ± 1/8."""
    bits = (hashes[..., None] >> torch.arange(CHANNELS, device=hashes.device)) & 1
    return (2 * bits - 1).to(dtype) * CHANNELS**-0.5


def _hashed(ids: Tensor, orders: Sequence[int]) -> Tensor:
    """Hashes of the ids up to each position, from that before the first new id: [B, L + K] -> int64 [B, M, K + 1].

    L: the longest order. All heads at once, since a step for a single token is all overhead.
    """
    longest, lengths = max(orders), torch.tensor(orders, device=ids.device)[:, None]
    found = lengths.expand(len(ids), -1, ids.shape[1] - longest + 1)
    for age, some in zip(range(longest, 0, -1), ids.unfold(1, ids.shape[1] - longest + 1, 1).unbind(1), strict=True):
        mixed = _mixed(found + some[:, None] + 1)
        found = torch.where(lengths < age, found, mixed)
    return found


def _mixed(x: Tensor) -> Tensor:
    """SplitMix64 (Steele et al. 2014) in signed integers, whose products wrap around."""
    x = x + -0x61C8864680B583EB
    x = (x ^ _shifted(x, 30)) * -0x40A7B892E31B1A47
    x = (x ^ _shifted(x, 27)) * -0x6B2FB644ECCEEE15
    return x ^ _shifted(x, 31)


def _shifted(x: Tensor, bits: int) -> Tensor:
    """To the right, filled with zeros: `>>` of signed integers repeats the sign."""
    return (x >> bits) & ((1 << (64 - bits)) - 1)
