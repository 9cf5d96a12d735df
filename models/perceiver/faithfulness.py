"""How faithful attributions are: deletion and insertion curves, and maps of models with random weights."""

from collections.abc import Iterator, Mapping
from copy import deepcopy

import numpy as np
import torch
from torch import nn
from transformers import PerceiverForMaskedLM, PerceiverPreTrainedModel

from models.perceiver.attribution import Explained
from models.perceiver.engine import perceiver_of
from models.schema.attribution import Curves

POINTS = 8
"""Most steps of a curve."""


class Deletion:
    """Measures curves for one input. Each set of parts is removed once, whatever the orders that lead to it."""

    def __init__(self, explained: Explained):
        self._explained, self._known = explained, {}
        units = explained.question.units
        self._counts = np.unique(np.linspace(0, units, min(POINTS, units) + 1).round().astype(int))

    def curves(self, orders: np.ndarray) -> Curves:
        """orders: int64 [..., U], the units in the order in which they are removed or inserted."""
        ranks = np.argsort(orders, axis=-1)[..., None, :]
        removed = ranks < self._counts[:, None]
        deletion, insertion = self._probabilities(removed), self._probabilities(~removed)
        return Curves(self._counts / orders.shape[-1], deletion, insertion)

    def ends(self) -> tuple[float, float]:
        """Probabilities of the whole input and of the baseline."""
        whole, none = self._probabilities(np.array([[False], [True]]).repeat(self._explained.question.units, axis=1))
        return float(whole), float(none)

    def random(self, orders: int, seed: int) -> Curves:
        """Curves of random orders. Half of them are the others reversed, whose insertion needs no more runs."""
        draws, units = np.random.default_rng(seed), self._explained.question.units
        half = np.array([draws.permutation(units) for _ in range(orders // 2)])
        return self.curves(np.concatenate([half, half[:, ::-1]]))

    def _probabilities(self, removed: np.ndarray) -> np.ndarray:
        """bool [..., U] -> float32 [...]."""
        sets = removed.reshape(-1, removed.shape[-1])
        keys = [each.tobytes() for each in sets]
        new = {key: each for key, each in zip(keys, sets, strict=True) if key not in self._known}
        if new:
            odds = self._explained.log_odds_without(np.array([*new.values()]))
            self._known.update(zip(new, 1 / (1 + np.exp(-odds)), strict=True))
        return np.array([self._known[key] for key in keys], np.float32).reshape(removed.shape[:-1])


def randomized(model: PerceiverPreTrainedModel, seed: int) -> Iterator[tuple[str, PerceiverPreTrainedModel]]:
    """A copy of a model whose weights are drawn again part by part, from the output to the input (Adebayo et al. 2018).

    Each weight is drawn from a normal distribution with the mean and the deviation of its tensor. Yields the same model
    after each part, with the name of the part.
    """
    with torch.inference_mode(False):  # a copy made in inference mode would have no gradients
        copied = deepcopy(model)
    draws = torch.Generator(device=copied.device).manual_seed(seed)
    for name, modules in _parts(copied).items():
        for parameter in (each for module in modules for each in module.parameters()):
            _draw(parameter, draws)
        yield name, copied


def _parts(model: PerceiverPreTrainedModel) -> Mapping[str, tuple[nn.Module, ...]]:
    perceiver = perceiver_of(model)
    head = (model.embedding_decoder,) if isinstance(model, PerceiverForMaskedLM) else ()
    layers = list(enumerate(perceiver.encoder.self_attends, start=1))
    return {
        "decoder": (perceiver.decoder, *head),
        **{f"layer {number}": (layer,) for number, layer in reversed(layers)},
        "encoder": (perceiver.encoder.cross_attention, perceiver.embeddings),
        "inputs": (perceiver.input_preprocessor,),
    }


@torch.inference_mode(False)
@torch.no_grad()
def _draw(parameter: nn.Parameter, draws: torch.Generator) -> None:
    spread = parameter.float().std(correction=0)
    drawn = torch.randn(parameter.shape, generator=draws, device=parameter.device)
    parameter.data = (parameter.float().mean() + spread * drawn).to(parameter.dtype)
