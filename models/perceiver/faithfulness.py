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

SHARES = 0, 0.1, 0.2, 0.5, 0.8, 0.9, 1
"""Points of a curve, rounded to whole parts: those of TOP_SHARES, and from the other end, so that an order and its
reverse share their runs."""


class Deletion:
    """Measures curves for one input."""

    def __init__(self, explained: Explained):
        self._explained = explained
        self._counts = np.unique((np.array(SHARES) * explained.question.units).round().astype(int))

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
        """Curves of random orders. Half of them are the others reversed, which need hardly any more runs."""
        draws, units = np.random.default_rng(seed), self._explained.question.units
        half = np.array([draws.permutation(units) for _ in range(orders // 2)])
        return self.curves(np.concatenate([half, half[:, ::-1]]))

    def _probabilities(self, removed: np.ndarray) -> np.ndarray:
        """bool [..., U] -> float32 [...]."""
        odds = self._explained.log_odds_without(removed.reshape(-1, removed.shape[-1]))
        return (1 / (1 + np.exp(-odds))).astype(np.float32).reshape(removed.shape[:-1])


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
