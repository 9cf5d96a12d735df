"""Fine-tuning a text classifier: labeled rows in, one result per training step out."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.schema.common import RunInfo, StreamRequest, Weights

EPOCHS = (1, 50)
BATCH_SIZE = (1, 64)
LEARNING_RATE = (1e-6, 1e-2)
"""Smallest and largest value of each hyperparameter."""
MAX_STEPS = 5_000
MAX_SECONDS = 600.0
"""Fine-tuning stops after this time and keeps the model so far; on ZeroGPU, before the GPU allocation ends."""


@dataclass(frozen=True, slots=True)
class FineTuneRequest(StreamRequest["FineTuneStep", "FineTuneStep"]):
    """Fine-tune a classifier on labeled rows. Streams one `FineTuneStep` per step.

    rows: (text, label), at most 2,000 rows with 2 to 20 labels. The seed draws a fifth of each label as held-out rows.
    learning_rate: peak learning rate of AdamW.
    frozen: train only the decoder and freeze the encoder.
    seed: for the held-out rows, the order of the rows and the new weights.
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
    """A fine-tuned classifier as plain data: the parameters that differ from its base checkpoint.

    name: identifies these weights: other weights have another name.
    base, weights: the checkpoint it started from.
    labels: in the order of the outputs, which is their order of appearance in the rows.
    changed: float32 arrays by parameter name; all other parameters are those of the checkpoint.
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
    """Predictions for the held-out rows.

    texts, labels, predicted: one per row; the latter two are indices of labels.
    confusion: int64 [labels, labels], number of rows by true label (row) and predicted label (column).
    """

    texts: tuple[str, ...]
    labels: tuple[int, ...]
    predicted: tuple[int, ...]
    confusion: np.ndarray


@dataclass(frozen=True, slots=True)
class FineTuneStep:
    """One of `steps` training steps.

    loss: mean cross-entropy of the batch in nats, before the update; NaN in step 0, which has no batch.
    accuracy: share of the batch that is classified correctly, 0 to 1, before the update; NaN in step 0.
    validation_loss, validation_accuracy, held_out: over all held-out rows; measured before the first step, after each
        epoch, at intervals within long epochs, and at the end; otherwise None.
    model: the model so far, if the held-out rows were evaluated after an update, otherwise None. The last step of the
        stream always has one; its `step` is below `steps` if the time limit was reached.
    epoch: 0 before the first step.
    seconds: since the start.
    seconds_left: estimated time to the end, or None until a few steps have been timed.
    rows_shortened: number of rows that are longer than the model reads; only their beginning is used.
    """

    step: int
    steps: int
    epoch: int
    loss: float
    accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    seconds: float
    seconds_left: float | None
    model: FineTunedModel | None
    held_out: HeldOut | None
    rows_shortened: int
    run: RunInfo
