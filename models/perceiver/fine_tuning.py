"""Fine-tuning a classifier of bytes, step by step, without changing the model that it starts from.

A working model shares what stays as it is with the base and has its own of what learns. Rows are padded to the longest
of their batch, products are oneDNN's, those that give gradients of weights take bfloat16 numbers (see `linear`),
attention is fused and AdamW too. With a frozen encoder each row is encoded once, its latents are kept, and a step runs
the decoder alone. No dropout and no random number but from a generator of its own: the same seed gives the same curve,
whoever else learns meanwhile.
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
"""Of latents, at most, while a frozen encoder's decoder learns; rows beyond are encoded again each time."""
JUDGED_AT_ONCE = 16
_WARM_UP = 0.1


def warm_up_then_linear(step: int, steps: int) -> float:
    """The part of the highest learning rate in `step`, 1 to `steps`: up in the first tenth, then down in a line."""
    warm = max(1, round(_WARM_UP * steps))
    return step / warm if step <= warm else (steps + 1 - step) / (steps + 1 - warm)


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """How to learn. rate: the part of `learning_rate` in a step of all. clip: the largest norm of the gradient."""

    epochs: int
    batch_size: int
    learning_rate: float
    seed: int = 0
    frozen: bool = False
    rate: Callable[[int, int], float] = warm_up_then_linear
    clip: float = 1.0


@dataclass(frozen=True, slots=True)
class Rows:
    """Tokens of texts, each int64 [n], and the index of the label of each."""

    tokens: Sequence[Tensor]
    labels: Sequence[int]


@dataclass(frozen=True, slots=True)
class TrainingStep:
    """A step, 1 to `steps`: mean cross-entropy (nats) and share of right answers of its batch, before it learned.

    batch: the rows that it learned from.
    """

    step: int
    epoch: int
    ends_epoch: bool
    batch: tuple[int, ...]
    loss: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Mean cross-entropy (nats) over rows, and what each was taken for."""

    loss: float
    predicted: tuple[int, ...]


@dataclass(slots=True)
class FineTuner:
    """A model that learns. base is never changed; what learns is a copy, `model`.

    Its methods leave the mode of inference for themselves, so that it may run inside of it, and a base that was loaded
    in it serves as well.
    """

    base: PerceiverForSequenceClassification
    rows: Rows
    count: int
    hyperparameters: Hyperparameters
    model: PerceiverForSequenceClassification = field(init=False)
    _optimiser: torch.optim.AdamW = field(init=False)
    _draws: torch.Generator = field(init=False)
    _latents: dict[int, Tensor] = field(default_factory=dict)
    _kept: int = 0

    def __post_init__(self) -> None:
        self._draws = torch.Generator().manual_seed(self.hyperparameters.seed)
        with torch.inference_mode(False):
            self.model = trainable_copy(self.base, self.count, self._draws, self.hyperparameters.frozen)
            learning = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
            self._optimiser = torch.optim.AdamW(learning, lr=self.hyperparameters.learning_rate, fused=True)

    @property
    def steps(self) -> int:
        return self.hyperparameters.epochs * math.ceil(len(self.rows.labels) / self.hyperparameters.batch_size)

    def train(self) -> Iterator[TrainingStep]:
        """Step by step; between two steps the model may be asked, and copied."""
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
        for group in self._optimiser.param_groups:
            group["lr"] = self.hyperparameters.learning_rate * self.hyperparameters.rate(step, self.steps)
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)
        return loss.item(), (logits.argmax(dim=-1) == wanted).float().mean().item()

    @torch.inference_mode(False)
    @torch.no_grad()
    def evaluate(self, rows: Rows) -> Evaluation:
        """What the model says of other rows; of equal length at once, as far as may be, to pad little."""
        order = sorted(range(len(rows.labels)), key=lambda row: len(rows.tokens[row]))
        predicted, total = [0] * len(order), 0.0
        for start in range(0, len(order), JUDGED_AT_ONCE):
            batch = order[start : start + JUDGED_AT_ONCE]
            # Below 0 there is room for what is no row to learn from.
            logits = self._logits([rows.tokens[row] for row in batch], [-1 - row for row in batch])
            wanted = torch.tensor([rows.labels[row] for row in batch], device=logits.device)
            total += F.cross_entropy(logits, wanted, reduction="sum").item()
            for row, label in zip(batch, logits.argmax(dim=-1).tolist(), strict=True):
                predicted[row] = label
        return Evaluation(total / len(order), tuple(predicted))

    def _logits(self, tokens: Sequence[Tensor], keys: Sequence[int]) -> Tensor:
        """float32 [B, labels]; keys: by which their latents are kept."""
        if not self.hyperparameters.frozen:
            return decode(self.model, _encoded(self.model, tokens))
        latents = self._frozen_latents(tokens, keys)
        # Of the inputs the decoder asks no more than how many examples there are.
        return decode(self.model, Encoded(latents, None, latents))

    @torch.no_grad()
    def _frozen_latents(self, tokens: Sequence[Tensor], keys: Sequence[int]) -> Tensor:
        """float32 [B, N, D], encoded now or before."""
        known = {key: self._latents[key] for key in keys if key in self._latents}
        new = [place for place, key in enumerate(keys) if key not in known]
        if new:
            made = _encoded(self.model, [tokens[place] for place in new]).latents.float()
            known |= {keys[place]: latents for place, latents in zip(new, made, strict=True)}
            for key in (keys[place] for place in new):
                if self._kept + known[key].nbytes <= KEPT_BYTES:
                    self._latents[key] = known[key].clone()  # of its own: a part of a batch would hold all of it
                    self._kept += known[key].nbytes
        return torch.stack([known[key] for key in keys])


def _encoded(model: PerceiverForSequenceClassification, tokens: Sequence[Tensor]) -> Encoded:
    ids = torch.nn.utils.rnn.pad_sequence(list(tokens), batch_first=True)
    lengths = torch.tensor([len(row) for row in tokens])
    mask = None if lengths.min() == ids.shape[1] else torch.arange(ids.shape[1]) < lengths[:, None]
    return encode(model, ids.to(model.device), mask if mask is None else mask.to(model.device))
