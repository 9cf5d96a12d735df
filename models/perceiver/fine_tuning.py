"""Fine-tunes a byte-level classifier step by step, without changing the base model.

The trainable model shares unchanged parameters with the base. Rows are padded to the longest in their batch, products
use oneDNN, weight gradients use bfloat16 (see `linear`), and attention and AdamW are fused. With a frozen encoder, each
row is encoded once, its latents are cached, and a step runs only the decoder. There is no dropout, and all random
numbers come from one generator: the same seed gives the same curve, whatever else runs at the same time.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import PerceiverForSequenceClassification

from models.perceiver.engine import Encoded, decode, encode
from models.perceiver.fine_tuned import trainable_copy
from models.perceiver.linear import coarse_weight_gradients

KEPT_BYTES = 512 * 2**20
"""Most bytes of cached latents with a frozen encoder; further rows are encoded again each time."""
EVALUATED_AT_ONCE = 16
_WARM_UP = 0.1


def warm_up_then_linear(step: int, steps: int) -> float:
    """Factor of the peak learning rate in `step`, 1 to `steps`: linear warm-up over a tenth, then linear decay."""
    warm = max(1, round(_WARM_UP * steps))
    return step / warm if step <= warm else (steps + 1 - step) / (steps + 1 - warm)


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """rate: factor of `learning_rate` for (step, steps).

    frozen: train only the decoder.
    clip: largest norm of the gradient.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    seed: int = 0
    frozen: bool = False
    rate: Callable[[int, int], float] = warm_up_then_linear
    clip: float = 1.0


@dataclass(frozen=True, slots=True)
class Rows:
    """tokens: int64 [n] for each text.

    labels: index of the label of each text.
    """

    tokens: Sequence[Tensor]
    labels: Sequence[int]


@dataclass(frozen=True, slots=True)
class TrainingStep:
    """A step, 1 to `steps`.

    batch: indices of the rows.
    loss, accuracy: mean cross-entropy (nats) and share of correct predictions in the batch, before the update.
    """

    step: int
    epoch: int
    ends_epoch: bool
    batch: tuple[int, ...]
    loss: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Mean cross-entropy (nats) over rows, and the predicted label of each."""

    loss: float
    predicted: tuple[int, ...]


@dataclass(slots=True)
class FineTuner:
    """Trains `model`, a copy; `base` is never changed.

    Its methods leave inference mode, so that it can run within it, with a base that was loaded in it.
    """

    base: PerceiverForSequenceClassification
    rows: Rows
    count: int
    hyperparameters: Hyperparameters
    model: PerceiverForSequenceClassification = field(init=False)
    _optimizer: torch.optim.AdamW = field(init=False)
    _draws: torch.Generator = field(init=False)
    _latents: dict[int, Tensor] = field(default_factory=dict)
    _kept: int = 0

    def __post_init__(self) -> None:
        self._draws = torch.Generator().manual_seed(self.hyperparameters.seed)
        with torch.inference_mode(False):
            self.model = trainable_copy(self.base, self.count, self._draws, self.hyperparameters.frozen)
            learning = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
            self._optimizer = torch.optim.AdamW(learning, lr=self.hyperparameters.learning_rate, fused=True)

    @property
    def steps(self) -> int:
        return self.hyperparameters.epochs * math.ceil(len(self.rows.labels) / self.hyperparameters.batch_size)

    def train(self) -> Iterator[TrainingStep]:
        """Yields after each step; in between, the model may be evaluated and copied."""
        step, count = 0, len(self.rows.labels)
        for epoch in range(1, self.hyperparameters.epochs + 1):
            batches = torch.randperm(count, generator=self._draws).split(self.hyperparameters.batch_size)
            for number, drawn in enumerate(batches, start=1):
                step, batch = step + 1, drawn.tolist()
                loss, accuracy = self._learn_from(batch, step)
                yield TrainingStep(step, epoch, number == len(batches), tuple(batch), loss, accuracy)

    @torch.inference_mode(False)
    @torch.enable_grad()
    def _learn_from(self, batch: list[int], step: int) -> tuple[float, float]:
        wanted = torch.tensor([self.rows.labels[row] for row in batch], device=self.model.device)
        with coarse_weight_gradients():
            logits = self._logits([self.rows.tokens[row] for row in batch], batch)
        loss = F.cross_entropy(logits, wanted)
        loss.backward()
        if math.isfinite(self.hyperparameters.clip):
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.hyperparameters.clip)
        for group in self._optimizer.param_groups:
            group["lr"] = self.hyperparameters.learning_rate * self.hyperparameters.rate(step, self.steps)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return loss.item(), (logits.argmax(dim=-1) == wanted).float().mean().item()

    @torch.inference_mode(False)
    @torch.no_grad()
    def evaluate(self, rows: Rows) -> Evaluation:
        """Predictions for other rows, in batches of similar length to reduce padding."""
        order = sorted(range(len(rows.labels)), key=lambda row: len(rows.tokens[row]))
        predicted, total = [0] * len(order), 0.0
        for start in range(0, len(order), EVALUATED_AT_ONCE):
            batch = order[start : start + EVALUATED_AT_ONCE]
            # Negative keys are free for rows outside the training set.
            logits = self._logits([rows.tokens[row] for row in batch], [-1 - row for row in batch])
            wanted = torch.tensor([rows.labels[row] for row in batch], device=logits.device)
            total += F.cross_entropy(logits, wanted, reduction="sum").item()
            for row, label in zip(batch, logits.argmax(dim=-1).tolist(), strict=True):
                predicted[row] = label
        return Evaluation(total / len(order), tuple(predicted))

    def _logits(self, tokens: Sequence[Tensor], keys: Sequence[int]) -> Tensor:
        """float32 [B, labels]; keys: cache keys of the latents."""
        if not self.hyperparameters.frozen:
            return decode(self.model, _encoded(self.model, tokens))
        latents = self._frozen_latents(tokens, keys)
        # The decoder uses only the batch size of the inputs.
        return decode(self.model, Encoded(latents, None, latents))

    @torch.no_grad()
    def _frozen_latents(self, tokens: Sequence[Tensor], keys: Sequence[int]) -> Tensor:
        """float32 [B, N, D], from the cache or encoded now."""
        known = {key: self._latents[key] for key in keys if key in self._latents}
        new = [place for place, key in enumerate(keys) if key not in known]
        if new:
            made = _encoded(self.model, [tokens[place] for place in new]).latents.float()
            known |= {keys[place]: latents for place, latents in zip(new, made, strict=True)}
            for key in (keys[place] for place in new):
                if self._kept + known[key].nbytes <= KEPT_BYTES:
                    self._latents[key] = known[key].clone()  # a copy, since a view would keep the whole batch in memory
                    self._kept += known[key].nbytes
        return torch.stack([known[key] for key in keys])


def _encoded(model: PerceiverForSequenceClassification, tokens: Sequence[Tensor]) -> Encoded:
    ids = torch.nn.utils.rnn.pad_sequence(list(tokens), batch_first=True)
    lengths = torch.tensor([len(row) for row in tokens])
    mask = None if lengths.min() == ids.shape[1] else torch.arange(ids.shape[1]) < lengths[:, None]
    return encode(model, ids.to(model.device), mask if mask is None else mask.to(model.device))
