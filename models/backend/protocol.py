"""The interface between a front end and the machine that runs the models: plain data, no torch."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from models.schema import (
    CheckpointUnavailable,
    FineTunedModel,
    InputError,
    ModelShape,
    Request,
    StreamRequest,
    Weights,
)

R = TypeVar("R")
P = TypeVar("P")
Question = TypeVar("Question", bound=Request[Any])
Refusal = InputError | CheckpointUnavailable
"""Errors whose message is for the visitor. They travel as values: a remote call keeps only the class of an exception.
"""


@dataclass(frozen=True, slots=True)
class Description:
    """What a backend offers, without loading any weights.

    default_weights: weights that a page selects at first.
    number_bytes: bytes per number in a key-value cache.
    shapes: by (task, weights, variant); the variant is "" for tasks without variants.
    """

    default_weights: Weights
    number_bytes: int
    shapes: Mapping[tuple[str, Weights, str], ModelShape]

    def shape(self, task: str, weights: Weights, variant: str = "") -> ModelShape:
        """Raises InputError if the task has no such model."""
        try:
            return self.shapes[task, weights, variant]
        except KeyError:
            raise InputError(f"{task} has no model with weights {weights!r} and variant {variant!r}.") from None


@dataclass(frozen=True, slots=True)
class Loading:
    """How far a backend has come in loading what a task needs: `done` of `steps` steps."""

    done: int
    steps: int


def unwrap(results: Sequence[R | Refusal]) -> list[R]:
    """Returns the results of `run_all`. Raises the first error among them."""
    values: list[R] = []
    for result in results:
        if isinstance(result, Refusal):
            raise result
        values.append(result)
    return values


class Backend(Protocol):
    """Runs requests, in this process or elsewhere. Thread-safe."""

    def describe(self) -> Description:
        """Cheap after the first call."""
        ...

    def start(self) -> None:
        """Begins to load models in the background, if the backend does; call it once the pages are served."""
        ...

    def loading(self, task: str) -> Iterator[Loading]:
        """Yields while what a task needs is still being loaded, at each step. A request may be sent at any time."""
        ...

    def run(self, request: Request[R]) -> R:
        """Raises InputError and CheckpointUnavailable."""
        ...

    def run_all(self, requests: Sequence[Request[R]]) -> list[R | Refusal]:
        """Returns all results in one call (one GPU allocation on ZeroGPU); a refused request returns its error."""
        ...

    def stream(self, request: StreamRequest[P, R]) -> Generator[P | R]:
        """Yields parts of the result as they are computed, then the result. Closing the generator stops the work."""
        ...

    def upload(self, request: Question) -> Question:
        """Returns the request with its large inputs replaced by `InputKey`, so that they are sent only once.

        Later requests for the same inputs send the keys. `run` and `stream` raise `InputDropped` if the backend no
        longer holds an input.
        """
        ...

    def export(self, model: FineTunedModel) -> Mapping[str, bytes]:
        """Files of a folder that `from_pretrained` of transformers loads, by name. Raises CheckpointUnavailable."""
        ...
