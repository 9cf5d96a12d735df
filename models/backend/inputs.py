"""Large inputs that were uploaded before: requests refer to them by content instead of sending them again."""

from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np
from PIL import Image

from models.backend.cache import ByteCache
from models.data.digest import digest
from models.data.images import as_rgb, check_size
from models.schema import FineTunedModel, InputDropped, InputKey, Request

LARGE = 64 * 1024
"""Bytes from which an input is replaced by its key."""

Question = TypeVar("Question", bound=Request[Any])
Input = np.ndarray | Image.Image | FineTunedModel


class InputStore:
    """Holds at most `capacity` bytes of inputs and drops the least recently used ones. Thread-safe."""

    def __init__(self, capacity: int):
        self._capacity = capacity
        self._held: ByteCache[InputKey, Input] = ByteCache(capacity, nbytes)

    def upload(self, request: Question) -> Question:
        """Returns the request with its large inputs replaced by keys, except those that do not fit.

        Images are held as RGB. Raises InputError for an image that has too many pixels.
        """
        keys = {}
        for name, value in inputs_of(request).items():
            if isinstance(value, Input) and LARGE <= nbytes(value) <= self._capacity:
                keys[name] = self.hold(value)
        return _changed(request, keys)

    def resolve(self, request: Question) -> Question:
        """Returns the request with its keys replaced by the inputs. Raises InputDropped."""
        values = {name: self.get(key) for name, key in inputs_of(request).items() if isinstance(key, InputKey)}
        return _changed(request, values)

    def hold(self, value: Input) -> InputKey:
        """Holds one input, and returns its key. Raises InputError for an image that has too many pixels."""
        if isinstance(value, FineTunedModel):
            return self._put(InputKey(value.name, ()), value)
        if isinstance(value, Image.Image):
            check_size(value)
            image = as_rgb(value)
            pixels = np.asarray(image)
            return self._put(InputKey(digest(pixels), pixels.shape[:2]), image)
        return self._put(InputKey(digest(value), value.shape), value)

    def _put(self, key: InputKey, value: Input) -> InputKey:
        with self._held.use(key, lambda: _own(value)):
            return key

    def holds(self, key: InputKey) -> bool:
        return self._held.get(key) is not None

    def get(self, key: InputKey) -> Input:
        """Raises InputDropped."""

        def dropped() -> Input:
            raise InputDropped

        with self._held.use(key, dropped) as (value, _):
            return value


def inputs_of(request: Any) -> dict[str, Any]:
    """Fields of a request, which is a dataclass."""
    return {field.name: getattr(request, field.name) for field in fields(request)}


def _changed(request: Any, values: dict[str, Any]) -> Any:
    return replace(request, **values) if values else request


def nbytes(value: Input) -> int:
    """Size in memory; of an image as RGB."""
    return 3 * value.width * value.height if isinstance(value, Image.Image) else value.nbytes


def _own(value: Input) -> Input:
    """A copy that no other code writes to, since the key stands for its content. Models are never written to."""
    if isinstance(value, FineTunedModel):
        return value
    if isinstance(value, Image.Image):
        return value.copy()
    copy = value.copy()
    copy.flags.writeable = False
    return copy
