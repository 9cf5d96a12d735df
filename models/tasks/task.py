"""What a task is, and what it may ask of the service that runs it."""

from collections.abc import Callable, Hashable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from transformers import PerceiverPreTrainedModel

from models.checkpoints import Checkpoint
from models.perceiver.engine import Encoded
from models.schema import RunInfo, Weights

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model in memory, and which one it is."""

    model: PerceiverPreTrainedModel
    checkpoint: Checkpoint


class Runtime(Protocol):
    """The service, as a task sees it."""

    def load(self, checkpoint: Checkpoint) -> AbstractContextManager[Loaded]:
        """The model, held in memory until the block ends. Raises CheckpointUnavailable."""
        ...

    def encode(self, loaded: Loaded, inputs: Any, keep: bool = True) -> tuple[Encoded, bool]:
        """The latents of these inputs, and whether they were known already. Moves the inputs to the device.

        keep: for later questions, with the latents of every layer; else they are made for this one question only.
        """
        ...

    def recall(self, key: Hashable, make: Callable[[], V]) -> tuple[V, bool]:
        """What was made under this key before, or makes it, with an `nbytes`; and whether it was known."""
        ...

    def info(self, loaded: Loaded, encoder_cached: bool, seed: int | None = None) -> RunInfo:
        """The facts of this run; the service sets its seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Task:
    """name: the same for its files everywhere. run: request, runtime -> result (preprocess, engine, postprocess)."""

    name: str
    request: type
    checkpoints: Mapping[Weights, Checkpoint]
    run: Callable[[Any, Runtime], Any]
