"""How requests and results travel between a front end and a cluster: as pickles of plain data.

Whatever else a pickle names is refused: sending one cannot run code.
"""

import hashlib
import pickle
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from io import BytesIO
from typing import Any, Literal

from PIL import Image

from models import schema

_OURS = ("models.schema", "models.backend.protocol", "models.backend.wire")
_OTHERS = {
    ("builtins", "bytearray"),
    ("builtins", "frozenset"),
    ("builtins", "set"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy._core.numeric", "_frombuffer"),
}
_LENGTH = 8


def _schema_version() -> str:
    """Another one whenever a request or a result has other fields."""
    classes = sorted((name, [f.name for f in fields(c)]) for name, c in vars(schema).items() if is_dataclass(c))
    return hashlib.sha256(repr(classes).encode()).hexdigest()[:12]


CONTENT_TYPE = f"application/x-perceiver; schema={_schema_version()}"
"""A front end and a cluster of different versions do not understand each other."""


@dataclass(frozen=True, slots=True)
class Call:
    """What a front end asks: a method of the backend and its argument. "shape": the key of a model."""

    method: Literal["run_all", "stream", "export", "shape"]
    argument: Any


@dataclass(frozen=True, slots=True)
class Failure:
    """An error that is not the visitor's, in words for the log."""

    message: str


def pack(value: object) -> bytes:
    return pickle.dumps(value, protocol=5)


def unpack(content: bytes) -> Any:
    """Raises UnpicklingError for what is not plain data."""
    return _PlainUnpickler(BytesIO(content)).load()


def frame(value: object) -> bytes:
    """One value of a stream, after its length."""
    content = pack(value)
    return len(content).to_bytes(_LENGTH) + content


END = bytes(_LENGTH)
"""The last frame of a stream that is complete."""


def frames(chunks: Iterable[bytes]) -> Iterator[Any]:
    """The values of a stream. Raises EOFError if it breaks off before its end."""
    pending = bytearray()
    for chunk in chunks:
        pending += chunk
        while len(pending) >= _LENGTH:
            end = _LENGTH + int.from_bytes(pending[:_LENGTH])
            if end == _LENGTH:
                return
            if len(pending) < end:
                break
            yield unpack(bytes(pending[_LENGTH:end]))
            del pending[:end]
    raise EOFError("the stream broke off")


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str) -> Any:
        if (module_name, global_name) in _OTHERS:
            return super().find_class(module_name, global_name)
        if module_name.startswith((*_OURS, "PIL.")):
            found = super().find_class(module_name, global_name)
            if isinstance(found, type) and (found.__module__.startswith(_OURS) or issubclass(found, Image.Image)):
                return found
        raise pickle.UnpicklingError(f"{module_name}.{global_name} is not plain data")
