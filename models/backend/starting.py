"""A local backend that is there at once: torch is imported and models are loaded while the pages are already served."""

import logging
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from models.backend.protocol import Description, Loading, Refusal
from models.backend.settings import Settings
from models.backend.shapes import ShapeKey, Shapes, recorded
from models.schema import FineTunedModel, ModelShape, Request, StreamRequest

if TYPE_CHECKING:
    from models.backend.local import LocalBackend

P = TypeVar("P")
R = TypeVar("R")
Question = TypeVar("Question", bound=Request[Any])
log = logging.getLogger(__name__)


class StartingBackend:
    """A `LocalBackend` that `start` makes in the background. Requests wait for it. Thread-safe.

    The demo models are loaded in the order of the tasks. A request for a model that is not there yet loads it first.
    make: imports torch and makes the backend.
    """

    def __init__(self, settings: Settings, make: "Callable[[Settings], LocalBackend] | None" = None):
        self._settings, self._make = settings, make or _local_backend
        self._shapes = Shapes(settings.checkpoints, self._computed_shape)
        self._local: LocalBackend | None = None
        self._failure: Exception | None = None
        self._done = 0
        self._changed = threading.Condition()

    def start(self) -> None:
        """See `Backend`."""
        threading.Thread(target=self._load, name="loading", daemon=True).start()

    def loading(self, task: str) -> Iterator[Loading]:
        """See `Backend`."""
        embedded = [(key[0], shape.name) for key, shape in recorded().items() if key[1] == "embedded"]
        models = list(dict.fromkeys(name for _, name in embedded))
        of_task = [models.index(name) + 1 for each, name in embedded if each == task]
        steps = 1 + max(of_task, default=0)
        done = -1
        while (done := self._progress(after=done)) < steps:
            yield Loading(done, steps)

    def _progress(self, after: int) -> int:
        """Steps that are done, once there are more than `after`. Raises the error that ended the loading."""
        with self._changed:
            self._changed.wait_for(lambda: self._done > after or self._failure)
            if self._done <= after and self._failure:
                raise self._failure
            return self._done

    def _load(self) -> None:
        try:
            self._local = self._make(self._settings)
            self._advance()
            for problem in self._local.warm_up(self._advance):
                log.warning(problem)
        except Exception as error:  # every request shows it
            log.exception("The models cannot be loaded")
            with self._changed:
                self._failure = error
                self._changed.notify_all()

    def _advance(self) -> None:
        with self._changed:
            self._done += 1
            self._changed.notify_all()

    @property
    def local(self) -> "LocalBackend":
        """Waits until the backend can run requests. Raises the error that ended the loading."""
        self._progress(after=0)
        assert self._local is not None  # noqa: S101
        return self._local

    def _computed_shape(self, key: ShapeKey) -> ModelShape:
        return self.local.describe().shapes[key]

    # The backend that was made

    def describe(self) -> Description:
        """See `Backend`."""
        return Description("embedded", self._settings.number_bytes, self._shapes)

    def run(self, request: Request[R]) -> R:
        """See `Backend`."""
        return self.local.run(request)

    def run_all(self, requests: Sequence[Request[R]]) -> list[R | Refusal]:
        """See `Backend`."""
        return self.local.run_all(requests)

    def stream(self, request: StreamRequest[P, R]) -> Generator[P | R]:
        """See `Backend`."""
        yield from self.local.stream(request)

    def upload(self, request: Question) -> Question:
        """See `Backend`."""
        return self.local.upload(request)

    def export(self, model: FineTunedModel) -> Mapping[str, bytes]:
        """See `Backend`."""
        return self.local.export(model)


def _local_backend(settings: Settings) -> "LocalBackend":
    from models.backend.local import LocalBackend  # with torch

    return LocalBackend(settings)
