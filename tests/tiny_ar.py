"""A tiny random Perceiver AR, and the same arithmetic written out with whole attention maps, to compare with."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from models.perceiver.ar import PerceiverAr
from models.perceiver.ar_config import PerceiverArConfig
from tests.tiny_models import scatter

DATA = Path(__file__).parent / "data"
RECORDED = ("perceiver_ar_text", "perceiver_ar_midi")
"""Folders with a model, inputs and outputs that perceiver-io 0.11.0 made."""

CONFIG = PerceiverArConfig(
    vocab_size=31, max_seq_len=14, max_latents=6, num_channels=16, num_heads=2, num_self_attention_layers=3,
    num_self_attention_rotary_layers=1, self_attention_widening_factor=2, cross_attention_widening_factor=2,
    output_norm=True, output_bias=True, abs_pos_emb=False,
)  # fmt: skip


def tiny_ar(seed: int = 0, **changes: Any) -> PerceiverAr:
    """In evaluation mode, with weights wide enough that what ought to differ does."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = PerceiverAr(replace(CONFIG, **changes))
        scatter(model)
    return model.eval()


def tokens(length: int, batch: int = 1, seed: int = 1) -> Tensor:
    return torch.randint(CONFIG.vocab_size, (batch, length), generator=torch.Generator().manual_seed(seed))


@dataclass(frozen=True, slots=True)
class Naive:
    """logits [N, vocabulary]; across [H, N, P + N]; among: for each layer [H, N, N]."""

    logits: Tensor
    across: Tensor
    among: list[Tensor]


@torch.no_grad()
def naive(model: PerceiverAr, ids: Tensor, prefix: int) -> Naive:
    """One text, int64 [P + N], position by position as the paper has it. No padding."""
    hidden = model.token_embedding(ids)
    if model.position_embedding is not None:
        hidden = hidden + model.position_embedding(torch.arange(len(ids)))
    asking = model.cross.latent_norm(hidden[prefix:])
    source = torch.cat([model.cross.prefix_norm(hidden[:prefix]), asking])
    found, across = _attended(model, model.cross.attention, asking, source, True)
    if model.config.matching_orders:
        matched, of_matching = _matched(model, ids.tolist(), source, prefix)
        found, across = found + matched, torch.cat([across, of_matching])
    hidden = hidden[prefix:] + found
    hidden = hidden + _mlp(model.cross.mlp, hidden)
    among = []
    for layer in model.layers:
        asking = layer.norm(hidden)
        found, attended = _attended(model, layer.attention, asking, asking, layer.rotary)
        hidden = hidden + found
        hidden = hidden + _mlp(layer.mlp, hidden)
        among.append(attended)
    logits = model.output_norm(hidden) @ model.token_embedding.weight.T
    return Naive(logits if model.output_bias is None else logits + model.output_bias, across, among)


def _mlp(mlp: Any, hidden: Tensor) -> Tensor:
    return mlp.narrow(F.gelu(mlp.widen(mlp.norm(hidden))))


def _attended(model: PerceiverAr, attention: Any, asking: Tensor, source: Tensor, rotary: bool):
    """What one attention gives, [N, C], and its map [H, N, K]."""
    size, first = model.config.head_channels, len(source) - len(asking)
    queries, keys, values = attention.query(asking), attention.key(source), attention.value(source)
    given, maps = [], []
    for head in range(model.config.num_heads):
        of_head = slice(head * size, (head + 1) * size)
        scores = torch.full((len(asking), len(source)), float("-inf"))
        for i in range(len(asking)):
            for j in range(first + i + 1):
                query, key = queries[i, of_head], keys[j, of_head]
                if rotary:
                    query, key = _turned(model, query, first + i), _turned(model, key, j)
                scores[i, j] = query @ key / size**0.5
        maps.append(scores.softmax(dim=-1))
        given.append(maps[-1] @ values[:, of_head])
    return attention.output(torch.cat(given, dim=-1)), torch.stack(maps)


def _matched(model: PerceiverAr, ids: list[int], source: Tensor, prefix: int):
    """What the matching heads give, and their maps: a table of drawn codes in place of hashes.

    Only for temperatures so high that a score of another n-gram, at random, counts for nothing.
    """
    matching, given, maps = model.cross.matching, [], []
    values = matching.value(source)
    for head, order in enumerate(model.config.matching_orders):
        padded = [0] * order + ids  # its last `order` ids before index i + order are those up to i - 1
        before = [tuple(padded[i : i + order]) for i in range(len(ids) + 1)]
        rows = torch.zeros(len(ids) - prefix, len(ids))
        for i in range(prefix, len(ids)):
            same = [j for j in range(i + 1) if before[j] == before[i + 1]]
            rows[i - prefix, same] = 1 / max(1, len(same))
        maps.append(rows)
        given.append(rows @ values[:, head * 64 : (head + 1) * 64])
    return matching.output(torch.cat(given, dim=-1)), torch.stack(maps)


def _turned(model: PerceiverAr, x: Tensor, place: int) -> Tensor:
    """Pairs of neighboring channels, each turned by its own angle a place."""
    x, count = x.clone(), model.config.rotated_channels
    for pair in range(count // 2):
        angle = torch.tensor(place * 10_000 ** (-2 * pair / count))
        a, b = x[2 * pair].clone(), x[2 * pair + 1].clone()
        x[2 * pair] = a * angle.cos() - b * angle.sin()
        x[2 * pair + 1] = b * angle.cos() + a * angle.sin()
    return x
