"""What a front end may ask of the machine that runs the models: plain data in, plain data out, no torch."""

from collections.abc import Generator, Mapping, Sequence
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
"""Errors that are meant for the person who asked. They travel as values, since a remote call keeps only their class."""


@dataclass(frozen=True, slots=True)
class Description:
    """What a backend offers, known before any weights are loaded.

    default_weights: weights that a page selects first. number_bytes: bytes of one number of a key-value cache.
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
            raise InputError(f"There is no model {weights!r} {variant!r} for {task}.") from None


def unwrap(results: Sequence[R | Refusal]) -> list[R]:
    """The results of `run_all` if none was refused. Raises the first refusal otherwise."""
    values: list[R] = []
    for result in results:
        if isinstance(result, Refusal):
            raise result
        values.append(result)
    return values


class Backend(Protocol):
    """Runs requests, in this process or elsewhere. Safe to call from many threads."""

    def describe(self) -> Description:
        """Cheap after the first call."""
        ...

    def run(self, request: Request[R]) -> R:
        """Raises InputError and CheckpointUnavailable."""
        ...

    def run_all(self, requests: Sequence[Request[R]]) -> list[R | Refusal]:
        """All results in one call (one GPU allocation on ZeroGPU), or why a request was refused."""
        ...

    def stream(self, request: StreamRequest[P, R]) -> Generator[P | R]:
        """Parts of the result as they are computed, the result last. Closing the generator stops the work."""
        ...

    def upload(self, request: Question) -> Question:
        """The same request with its large inputs replaced by their `InputKey`: they are sent once.

        Later questions about the same inputs send the key. `run` and `stream` raise `InputDropped` if the backend no
        longer holds them.
        """
        ...

    def export(self, model: FineTunedModel) -> Mapping[str, bytes]:
        """The files of a folder that transformers' `from_pretrained` loads. Raises CheckpointUnavailable."""
        ...
