"""What a task defines, and what it can use from the backend that runs it."""

from collections.abc import Callable, Generator, Hashable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from models.perceiver.checkpoints import Checkpoint
from models.perceiver.engine import Encoded
from models.schema import InputError, RunInfo, Weights
from models.tasks.cost import Cost

P = TypeVar("P")
V = TypeVar("V")
_USABLE_SHARE = 0.85


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model in memory, of the class of its checkpoint."""

    model: Any
    checkpoint: Checkpoint


class Runtime(Protocol):
    """The backend as a task sees it."""

    def load(self, checkpoint: Checkpoint) -> AbstractContextManager[Loaded]:
        """Yields the model and holds it in memory until the block ends. Raises CheckpointUnavailable."""
        ...

    def encode(
        self, loaded: Loaded, inputs: Any, key: Hashable | None, interpolate_positions: bool = False
    ) -> tuple[Encoded, bool]:
        """Returns the latents of these inputs, and whether they were cached. Moves the inputs to the device.

        key: identifies the inputs; latents are cached under it, with what rollout needs. None: not cached.
        interpolate_positions: interpolate learned positions to inputs of another size than in training.
        """
        ...

    def get_or_compute(self, key: Hashable, make: Callable[[], V]) -> tuple[V, bool]:
        """Returns (value, whether it was cached). The value of `make` needs an `nbytes`."""
        ...

    def get_or_stream(
        self, key: Hashable, make: Callable[[], Generator[P, None, V]]
    ) -> Generator[P, None, tuple[V, bool]]:
        """As `get_or_compute`, for a value that takes long: yields what `make` yields, which is nothing if cached.

        Concurrent callers compute the value on their own, so that each of them gets the parts.
        """
        ...

    def source(self, checkpoint: Checkpoint) -> Path | str:
        """Folder or hub id of the weights."""
        ...

    def time_limit(self, request: Any) -> float | None:
        """Longest duration of a request in seconds, or None if there is no limit."""
        ...

    def info(self, loaded: Loaded, encoder_cached: bool, seed: int | None = None) -> RunInfo:
        """Facts about this run; the backend sets the seconds."""
        ...


def stream_time_limit(runtime: Runtime, request: Any, most: float) -> float:
    """Seconds that a stream may take: `most`, or less if the GPU allocation ends before."""
    limit = runtime.time_limit(request)
    return most if limit is None else min(most, _USABLE_SHARE * limit)


@dataclass(frozen=True, slots=True)
class Task:
    """name: used for its files in every layer.

    request: class of its requests.
    checkpoints: one per weights, or per weights and variant.
    run: (request, runtime) -> result: preprocess, engine, postprocess.
    cost: of a request with the original model, which need not be valid.
    stream: for slow tasks: yields parts of the result, then the result.
    """

    name: str
    request: type
    checkpoints: tuple[Checkpoint, ...]
    run: Callable[[Any, Runtime], Any]
    cost: Callable[[Any], Cost]
    stream: Callable[[Any, Runtime], Generator[Any]] | None = None

    def checkpoint(self, weights: Weights, variant: str = "") -> Checkpoint:
        """Raises InputError if there is none."""
        for checkpoint in self.checkpoints:
            if (checkpoint.weights, checkpoint.variant) == (weights, variant):
                return checkpoint
        known = dict.fromkeys(each.weights for each in self.checkpoints)
        if weights not in known:
            raise InputError(f"The weights must be {' or '.join(known)}, not {weights!r}.")
        variants = [each.variant for each in self.checkpoints if each.weights == weights]
        raise InputError(f"The variant must be {', '.join(variants[:-1])} or {variants[-1]}, not {variant!r}.")
