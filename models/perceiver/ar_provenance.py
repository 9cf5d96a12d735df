"""Attention of generated tokens in a Perceiver AR: rows of the cross-attention, and rollout through all layers.

The latent at a position predicts the token after it. No whole map is held, only the rows of the requested latents, or
slices that are multiplied by a vector.

Shapes: R requested latents, N latents, K = prefix and latents, H heads, in the cross-attention those of `Attention`
before matching heads; the batch has one text.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.perceiver.ar import PerceiverAr, Positions
from models.perceiver.attention import MAP_BYTES
from models.perceiver.provenance import Provenance
from models.perceiver.stages import SHOWN
from models.schema import Stages


@dataclass(frozen=True, slots=True)
class Activations:
    """Activations of one pass.

    asking, source: queries [1, N, C] and keys [1, K, C] of the cross-attention, normalized.
    across, among: positions of the cross-attention and of the self-attention layers.
    hidden: inputs of the self-attention layers.
    """

    asking: Tensor
    source: Tensor
    across: Positions
    among: Positions
    hidden: tuple[Tensor, ...]

    @property
    def latents(self) -> int:
        return self.asking.shape[1]


@torch.no_grad()
def follow(model: PerceiverAr, ids: Tensor, prefix: int, *, matching: bool = True) -> Activations:
    """Runs a text, int64 [1, K], and keeps the activations. The model is in evaluation mode.

    matching: as in `PerceiverAr.latents`.
    """
    embedded, across, among = model.start(ids, prefix, matching=matching)
    before, latents = embedded[:, :prefix], embedded[:, prefix:]
    asking, source = model.cross.asking_and_source(before, latents)
    hidden = [model.cross(before, latents, across)]
    for layer in model.layers[:-1]:
        hidden.append(layer(hidden[-1], among))
    return Activations(asking, source, across, among, tuple(hidden[: len(model.layers)]))


@torch.no_grad()
def cross_rows(model: PerceiverAr, followed: Activations, latents: Tensor) -> Tensor:
    """Cross-attention of latents, counted from 0: float32 [R, H, K], 0 after the latent itself; rows sum to 1."""
    return _map_across(model, followed).rows(latents)


@torch.no_grad()
def self_rows(model: PerceiverAr, followed: Activations, layer: int, latents: Tensor) -> Tensor:
    """Attention of latents in a self-attention layer, counted from 0: float32 [R, H, N]."""
    return _map_among(model, followed, layer).rows(latents)


@torch.no_grad()
def rollout(model: PerceiverAr, followed: Activations, latents: Tensor) -> Provenance:
    """Rollout from latents through the self-attention layers, each ½I + ½A, and the cross-attention to the tokens.

    inputs: attention to each position through cross-attention, [R, K]. The residual of the cross-attention keeps the
        token at the position of a latent: its part is query_share for the requested latent and latent_share for other
        latents.
    """
    weights = torch.zeros(len(latents), followed.latents, device=followed.asking.device)
    weights[torch.arange(len(latents)), latents] = 1
    for layer in reversed(range(len(model.layers))):
        weights = (weights + _map_among(model, followed, layer).weighted_by(weights)) / 2
    across = _map_across(model, followed)
    own = weights.gather(1, latents[:, None])[:, 0]
    return Provenance(
        inputs=across.weighted_by(weights) / 2, latent_share=(weights.sum(dim=1) - own) / 2, query_share=own / 2
    )


@torch.no_grad()
def stages(model: PerceiverAr, followed: Activations, latents: Tensor) -> Stages:
    """Attention of all stages for the outputs of these latents: the last self-attention layer is the decoder.

    The latents of `Stages` are in the order of the text.
    """
    *layers, last = range(len(model.layers))
    found = [self_rows(model, followed, last, latents).mean(dim=1)]
    for layer in reversed(layers):
        found.append((found[-1] + _map_among(model, followed, layer).weighted_by(found[-1])) / 2)
    decoder = found[0]
    shown = decoder.mean(dim=0).topk(min(SHOWN, followed.latents)).indices.sort().values
    return Stages(
        latents=shown.cpu().numpy(),
        count=followed.latents,
        decoder=decoder[:, shown].cpu().numpy(),
        encoder=cross_rows(model, followed, shown).mean(dim=1).cpu().numpy(),
        inputs=_map_across(model, followed).weighted_by(decoder).cpu().numpy(),
        layers=torch.stack(found[::-1])[..., shown].cpu().numpy(),
    )


def _map_across(model: PerceiverAr, followed: Activations) -> "_Map":
    cross, reading = model.cross, followed.across
    queries, keys, _ = cross.attention.project(followed.asking, followed.source, reading, rotary=True)
    parts = [_Heads(queries[0], keys[0], queries.shape[-1] ** -0.5)]
    if cross.matching is not None and reading.hashes is not None:
        queries, keys = cross.matching.project(reading.hashes)
        parts.append(_Heads(queries[0], keys[0], 1.0))
    return _Map(parts)


def _map_among(model: PerceiverAr, followed: Activations, layer: int) -> "_Map":
    module, hidden = model.layers[layer], followed.hidden[layer]
    asking = module.norm(hidden)
    queries, keys, _ = module.attention.project(asking, asking, followed.among, module.rotary)
    return _Map([_Heads(queries[0], keys[0], queries.shape[-1] ** -0.5)])


@dataclass(frozen=True, slots=True)
class _Heads:
    """queries [H, N, D], keys [H, K, D] and the factor of their products."""

    queries: Tensor
    keys: Tensor
    scale: float


class _Map:
    """An attention map that is computed in slices and never held whole."""

    def __init__(self, parts: Sequence[_Heads]):
        self._parts = parts
        self._device = parts[0].keys.device
        self._latents, self._read = parts[0].queries.shape[1], parts[0].keys.shape[1]
        self._heads = sum(len(part.keys) for part in parts)

    def rows(self, latents: Tensor) -> Tensor:
        """float32 [R, H, K]."""
        scores = torch.cat(
            [(part.queries[:, latents] @ part.keys.transpose(-1, -2)).float() * part.scale for part in self._parts]
        )
        unseen = torch.arange(self._read, device=self._device) > latents[:, None] + self._read - self._latents
        return scores.masked_fill(unseen, float("-inf")).softmax(dim=-1).transpose(0, 1)

    def weighted_by(self, weights: Tensor) -> Tensor:
        """weights [R, N] times the mean over heads [N, K]: float32 [R, K]."""
        return sum((weights[:, part] @ self.rows(part).mean(dim=1) for part in self._slices()), start=torch.zeros(()))

    def _slices(self) -> Iterator[Tensor]:
        """Slices of latents whose maps fit into MAP_BYTES, at least one latent each."""
        size = max(1, MAP_BYTES // (4 * self._heads * self._read))
        return iter(torch.arange(self._latents, device=self._device).split(size))
