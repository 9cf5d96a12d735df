"""Teaching a classifier of texts: rows to learn from, and what comes of it step by step."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.schema.common import RunInfo, StreamRequest, Weights

EPOCHS = (1, 50)
BATCH_SIZE = (1, 64)
LEARNING_RATE = (1e-6, 1e-2)
"""The least and the most that a request may have of each."""
MAX_STEPS = 5_000
MAX_SECONDS = 600.0
"""Fine-tuning ends after this time, with what was learned until then; on ZeroGPU before the GPU is taken away."""


@dataclass(frozen=True, slots=True)
class FineTuneRequest(StreamRequest["FineTuneStep", "FineTuneStep"]):
    """Teach a model to tell these labels apart. Answered in a stream of `FineTuneStep`.

    rows: (text, label), 2 to 20 labels, at most 2,000 rows; a fifth of each label, drawn by the seed, is held out.
    learning_rate: the highest, of AdamW. frozen: only the decoder learns, the encoder stays as it is.
    seed: of what is held out, of the order of the rows and of the new weights.
    """

    rows: tuple[tuple[str, str], ...]
    epochs: int = 5
    batch_size: int = 8
    learning_rate: float = 5e-4
    seed: int = 0
    frozen: bool = False
    weights: Weights = "embedded"


@dataclass(frozen=True, slots=True)
class FineTunedModel:
    """A taught classifier as a value: what was changed, to be put over the weights that it started from.

    name: of these weights alone; other weights, another name. base, weights: the checkpoint it started from.
    labels: in the order of the model's outputs; the rows' own, as they come first among them.
    changed: float32, by the name of the parameter; what is not among them is as in the checkpoint.
    """

    name: str
    base: str
    weights: Weights
    labels: tuple[str, ...]
    changed: Mapping[str, np.ndarray]

    @property
    def nbytes(self) -> int:
        return sum(array.nbytes for array in self.changed.values())


@dataclass(frozen=True, slots=True)
class HeldOut:
    """How the held-out rows were judged. texts, labels, predicted: one each row, the latter two indices of labels.

    confusion: int64 [labels, labels], how many rows of a label (row) were taken for another (column).
    """

    texts: tuple[str, ...]
    labels: tuple[int, ...]
    predicted: tuple[int, ...]
    confusion: np.ndarray


@dataclass(frozen=True, slots=True)
class FineTuneStep:
    """One step of `steps`.

    loss: mean cross-entropy of this batch in nats. accuracy: share of right answers among the rows of this batch, 0 to
    1. Both as they were before this step learned from it; NaN in step 0, before which nothing is learned.
    validation_loss, validation_accuracy, held_out: over all held-out rows, where they were asked: before the first
    step, after each epoch, now and then within long epochs, and in the end; else None.
    model: what was learned so far, wherever the held-out rows were asked after a step, so that who stops has it; else
    None. The last of the stream has one; its step is below `steps` where the time was over.
    epoch: 0 before the first step. seconds, seconds_left: since the start, and about until the end (in
    step 0 the longest that it may take).
    rows_shortened: of how many rows only the first part is read, since they are longer than the model reads.
    """

    step: int
    steps: int
    epoch: int
    loss: float
    accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    seconds: float
    seconds_left: float
    model: FineTunedModel | None
    held_out: HeldOut | None
    rows_shortened: int
    run: RunInfo
