"""Inputs that all replicas share, in Ray's object store."""

from collections.abc import Sequence
from typing import Any

import ray

from models.backend.cache import ByteCache
from models.backend.inputs import Input, nbytes
from models.schema import InputKey


@ray.remote
class SharedInputs:
    """References to inputs in the object store, which are there as long as this actor holds them.

    It outlives the replicas. Keeps at most `capacity` bytes, the most recently used ones.
    """

    def __init__(self, capacity: int):
        self._held: ByteCache[InputKey, tuple[Any, int]] = ByteCache(capacity, lambda held: held[1])

    def hold(self, key: InputKey, value: Input) -> None:
        """Puts an input into the store, unless it is there."""
        with self._held.use(key, lambda: (ray.put(value), nbytes(value))):
            pass

    def find(self, keys: Sequence[InputKey]) -> list[Any]:
        """A reference for each of these inputs, or None."""
        held = [self._held.get(key) for key in keys]
        return [each and each[0] for each in held]
