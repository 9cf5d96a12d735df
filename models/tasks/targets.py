"""Checks the target of a probe: its kind, and that the output exists."""

from typing import TypeVar

from models.schema import InputError, Probe

T = TypeVar("T")


def target_of(probe: Probe | None, *kinds: type[T]) -> T | None:
    """The target, or None if the task chooses. Raises InputError for a target of another kind."""
    target = None if probe is None else probe.target
    if target is None or isinstance(target, kinds):
        return target
    names = " or ".join(kind.__name__ for kind in kinds)
    raise InputError(f"The target of this task must be {names}, not {type(target).__name__}.")


def check_index(name: str, index: int, count: int, owner: str) -> None:
    """Raises InputError with the valid range.

    name: of one output, as in "byte".
    owner: what has `count` of them.
    """
    if not 0 <= index < count:
        raise InputError(f"There is no {name} {index:,}: {owner} has {name}s 0 to {count - 1:,}.")
