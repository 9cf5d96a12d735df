"""One output of a model as a function of its inputs, and its attribution to them by attention and by leaving parts out.

What is left out is replaced by a baseline in the encoder inputs: its content changes and its position stays.

Shapes: B batch, M encoder inputs, U units (groups of inputs), N latents, W runs without something.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from transformers import PerceiverPreTrainedModel

from models.perceiver.engine import decode, encode, perceiver_of, process, read_into_latents, to_numpy
from models.perceiver.interventions import Predictions
from models.perceiver.provenance import decoder_rows, read_through_encoder, rollout

RUNS_AT_ONCE = 16
"""Most runs per batch."""
BATCH_BYTES = 64 * 2**20
"""Most bytes of encoder inputs per batch, unless one run has more."""
WINDOW = 3
"""Units along each side of a window of `window_occlusion`."""
KNOCKED_OUT = 16
"""Latents that `latent_knock_out` leaves out: those with the most decoder attention."""


@dataclass(frozen=True)
class Question:
    """An output, and the input that it is attributed to.

    inputs, baseline: one example each, as `encode` takes them.
    output: index of the output, int64 [1]. predicted: the class whose log-odds are explained.
    unit_of: int64 [M], the unit of each encoder input; -1 for inputs that are never left out.
    grid: of the units; a text has one row.
    """

    inputs: Tensor
    baseline: Tensor
    output: Tensor
    predicted: int
    unit_of: np.ndarray
    grid: tuple[int, int]

    @property
    def units(self) -> int:
        return self.grid[0] * self.grid[1]


class Explained:
    """A question, put to a model."""

    def __init__(self, model: PerceiverPreTrainedModel, question: Question):
        self.model, self.question = model, question
        with torch.inference_mode(False), torch.no_grad():  # tensors made in inference mode allow no gradients
            self.output = question.output.clone()
            self.encoded = encode(model, question.inputs.clone(), keep_mixing=True, interpolate_positions=True)
            preprocessor = perceiver_of(model).input_preprocessor
            self.baseline: Tensor = preprocessor(question.baseline.clone(), interpolate_pos_encoding=True)[0]
        unit_of = torch.from_numpy(question.unit_of).to(self.baseline.device)
        self._known: dict[bytes, float] = {}
        self._members = unit_of == torch.arange(question.units, device=unit_of.device)[:, None]

    def log_odds(self, inputs: Tensor) -> Tensor:
        """Log-odds of the output, float32 [B]. inputs: encoder inputs, [B, M, C]."""
        return self.log_odds_from(read_into_latents(self.model, inputs, None))

    def log_odds_from(self, latents: Tensor) -> Tensor:
        """The same from latents [B, N, D] before the self-attention layers."""
        inputs = self.encoded.inputs.expand(len(latents), -1, -1)
        processed = replace(self.encoded, inputs=inputs, latents=process(self.model, latents)[0])
        logits = decode(self.model, processed, self.output)
        return log_odds(logits.float().reshape(len(latents), -1), self.question.predicted)

    def log_odds_replaced(self, replaced: Tensor) -> Tensor:
        """The same with some inputs replaced by the baseline. replaced: bool [B, M].

        The latents attend to the inputs and to the baseline at once, and each example masks one of the two, so that
        keys and values are computed once for all examples.
        """
        both = torch.cat([self.encoded.inputs, self.baseline], dim=1)
        return self.log_odds_from(read_into_latents(self.model, both, torch.cat([~replaced, replaced], dim=1)))

    def log_odds_without(self, left_out: np.ndarray) -> np.ndarray:
        """Float64 [W]: with some units replaced by the baseline; each set of units runs once. left_out: bool [W, U]."""
        keys = [each.tobytes() for each in left_out]
        new = {key: each for key, each in zip(keys, left_out, strict=True) if key not in self._known}
        if new:
            self._known.update(zip(new, self._run_without(np.array([*new.values()])), strict=True))
        return np.array([self._known[key] for key in keys])

    def _run_without(self, left_out: np.ndarray) -> np.ndarray:
        inputs = self.encoded.inputs
        # Whether each encoder input is left out. No input is in two units.
        removed = (torch.from_numpy(left_out).to(inputs.device).float() @ self._members.float()).bool()
        size = max(1, min(RUNS_AT_ONCE, BATCH_BYTES // inputs.nbytes))
        return torch.cat([self.log_odds_replaced(some) for some in removed.split(size)]).double().cpu().numpy()

    def in_units(self, values: Tensor) -> np.ndarray:
        """Sums over the inputs of each unit, float32: [M] -> [U]."""
        return (self._members.float() @ values.float()).cpu().numpy().copy()

    def through_encoder(self, latents: Tensor) -> np.ndarray:
        """Values of latents [N], carried to the units by encoder attention: float32 [U]."""
        return self.in_units(read_through_encoder(self.model, self.encoded, latents[None])[0])


@dataclass(frozen=True, slots=True)
class Found:
    """units: float32 [U]. latents: float32 [N], if the method has values for them."""

    units: np.ndarray
    latents: np.ndarray | None = None


def log_odds(logits: Tensor, predicted: int) -> Tensor:
    """ln(p / (1 - p)) of a class: [B, classes] -> [B]."""
    others = torch.cat([logits[:, :predicted], logits[:, predicted + 1 :]], dim=1)
    return logits[:, predicted] - others.logsumexp(dim=1)


def encoder_attention(explained: Explained) -> Found:
    """Mean over heads and latents."""
    count = explained.encoded.latents.shape[1]
    return from_latents(explained, torch.full((count,), 1 / count, device=explained.encoded.latents.device))


def decoder_attention(explained: Explained) -> Found:
    """Attention of the output to the latents, carried to the inputs by encoder attention."""
    return from_latents(explained, decoder_rows(explained.model, explained.encoded, explained.output)[0])


def attention_rollout(explained: Explained) -> Found:
    return Found(explained.in_units(rollout(explained.model, explained.encoded, explained.output).inputs[0]))


def leave_one_out(explained: Explained) -> Found:
    """Log-odds of the whole input minus without each unit."""
    return Found(_drops(explained, np.eye(explained.question.units, dtype=bool)).astype(np.float32))


def window_occlusion(explained: Explained) -> Found:
    """The same without each window of neighbors; each unit gets the mean of its windows."""
    windows = _windows(explained.question.grid)
    drops = _drops(explained, windows)
    return Found((drops @ windows / windows.sum(axis=0)).astype(np.float32))


def latent_knock_out(explained: Explained) -> Found:
    """Log-odds of the whole model minus without each latent; 0 for latents with little decoder attention."""
    question, encoded = explained.question, explained.encoded
    rows = decoder_rows(explained.model, encoded, explained.output)[0]
    latents = rows.topk(min(KNOCKED_OUT, len(rows))).indices
    runs = Predictions(explained.model, encoded, explained.output, torch.tensor([question.predicted]))
    drops = runs.unchanged().double().logit(1e-12) - runs.without_latents(latents)[:, 0].double().logit(1e-12)
    return from_latents(explained, torch.zeros_like(rows).index_copy(0, latents, drops.float()))


def from_latents(explained: Explained, latents: Tensor) -> Found:
    """Values of the latents [N], and of the inputs through encoder attention."""
    return Found(explained.through_encoder(latents), to_numpy(latents))


BY_ATTENTION_AND_OCCLUSION: Mapping[str, Callable[[Explained], Found]] = {
    "encoder": encoder_attention,
    "decoder": decoder_attention,
    "rollout": attention_rollout,
    "latent_knock_out": latent_knock_out,
    "window_occlusion": window_occlusion,
    "leave_one_out": leave_one_out,
}


def _drops(explained: Explained, left_out: np.ndarray) -> np.ndarray:
    """Float64 [W]."""
    whole = np.zeros((1, explained.question.units), dtype=bool)
    found = explained.log_odds_without(np.concatenate([whole, left_out]))
    return found[0] - found[1:]


def _windows(grid: tuple[int, int]) -> np.ndarray:
    """Bool [W, U]: every window of WINDOW x WINDOW units that lies in the grid; smaller ones if the grid is."""
    rows, columns = (_intervals(size) for size in grid)
    return (rows[:, None, :, None] & columns[None, :, None, :]).reshape(len(rows) * len(columns), -1)


def _intervals(size: int) -> np.ndarray:
    """Bool [intervals, size]: every WINDOW neighbors."""
    length, at = min(WINDOW, size), np.arange(size)
    starts = np.arange(size - length + 1)[:, None]
    return (starts <= at) & (at < starts + length)
