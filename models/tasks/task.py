"""What a task is, and what it may ask of the service that runs it."""

from collections.abc import Callable, Generator, Hashable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from models.perceiver.checkpoints import Checkpoint
from models.perceiver.engine import Encoded
from models.schema import InputError, RunInfo, Weights

V = TypeVar("V")
_OF_THE_LOAN = 0.85


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model in memory, of the class of its checkpoint, and which one it is."""

    model: Any
    checkpoint: Checkpoint


class Runtime(Protocol):
    """The service, as a task sees it."""

    def load(self, checkpoint: Checkpoint) -> AbstractContextManager[Loaded]:
        """The model, held in memory until the block ends. Raises CheckpointUnavailable."""
        ...

    def encode(
        self, loaded: Loaded, inputs: Any, key: Hashable | None, interpolate_positions: bool = False
    ) -> tuple[Encoded, bool]:
        """The latents of these inputs, and whether they were cached. Moves the inputs to the device.

        key: whatever determines the inputs; with it, latents are cached for later questions, with what rollout needs.
        None: they are computed for this question only.
        interpolate_positions: stretch learned positions over inputs of another size than in training.
        """
        ...

    def get_or_compute(self, key: Hashable, make: Callable[[], V]) -> tuple[V, bool]:
        """What was made under this key before, or makes it, with an `nbytes`; and whether it was known."""
        ...

    def source(self, checkpoint: Checkpoint) -> Path | str:
        """The folder or the hub id that its weights come from."""
        ...

    @property
    def time_limit(self) -> float | None:
        """How long one call may take, where it is not left to itself."""
        ...

    def info(self, loaded: Loaded, encoder_cached: bool, seed: int | None = None) -> RunInfo:
        """The facts of this run; the service sets its seconds."""
        ...


def stream_time_limit(runtime: Runtime, most: float) -> float:
    """Seconds that a stream may take: `most`, or less where the loan of a GPU ends before."""
    loan = runtime.time_limit
    return most if loan is None else min(most, _OF_THE_LOAN * loan)


@dataclass(frozen=True, slots=True)
class Task:
    """name: the same for its files everywhere. run: request, runtime -> result (preprocess, engine, postprocess).

    checkpoints: one for each of the weights, or, where the task has variants, one for each of these too.
    stream: for what takes long: parts of the result as they come, the last of them the result.
    """

    name: str
    request: type
    checkpoints: tuple[Checkpoint, ...]
    run: Callable[[Any, Runtime], Any]
    stream: Callable[[Any, Runtime], Generator[Any]] | None = None

    def checkpoint(self, weights: Weights, variant: str = "") -> Checkpoint:
        """Raises InputError where there is none."""
        for checkpoint in self.checkpoints:
            if (checkpoint.weights, checkpoint.variant) == (weights, variant):
                return checkpoint
        known = dict.fromkeys(each.weights for each in self.checkpoints)
        if weights not in known:
            raise InputError(f"The weights are {' or '.join(known)}, not {weights!r}.")
        variants = [each.variant for each in self.checkpoints if each.weights == weights]
        raise InputError(f"The variant is {', '.join(variants[:-1])} or {variants[-1]}, not {variant!r}.")
