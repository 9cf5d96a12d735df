"""A backend without models: it answers each type of request with what a test gives it, and remembers the requests."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from models.backend.protocol import Description, Loading
from models.schema import CheckpointUnavailable, InputError, ModelShape, RunInfo

RUN = RunInfo("fake", "embedded", "cpu", "float32", 0.5, encoder_cached=False)
SHAPE = ModelShape(
    name="fake", parameters=1_000_000, longest_text=64, image_size=32, labels=("negative", "positive"), fps=16.0,
    sample_rate=8000, input_channels=8, latents=6, latent_channels=12, blocks=1, layers=2, self_heads=2, cross_heads=3,
    vocabulary=262, decoder_heads=3,
)  # fmt: skip


class AnyShape(dict[Any, ModelShape]):
    """The same shape for every model but those that are set."""

    def __missing__(self, key: tuple[str, str, str]) -> ModelShape:
        return replace(SHAPE, name=f"{key[0]}-{key[1]}")


class FakeBackend:
    """answers: by type of request, a function of the request, or for streams several parts or the result.

    An exception as an answer is raised. requests: all that was asked, in order.
    """

    def __init__(self, answers: Mapping[type, Callable[[Any], Any]], shapes: Mapping[Any, ModelShape] | None = None):
        self._answers = answers
        self._shapes = AnyShape(shapes or {})
        self.requests: list[Any] = []

    def describe(self) -> Description:
        return Description("embedded", 4, self._shapes)

    def start(self) -> None:
        pass

    def loading(self, task: str) -> Iterator[Loading]:
        return iter(())

    def run(self, request: Any) -> Any:
        self.requests.append(request)
        answer = self._answers[type(request)](request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def run_all(self, requests: Sequence[Any]) -> list[Any]:
        found: list[Any] = []
        for request in requests:
            try:
                found.append(self.run(request))
            except (InputError, CheckpointUnavailable) as refusal:
                found.append(refusal)
        return found

    def stream(self, request: Any) -> Generator[Any]:
        answer = self.run(request)
        yield from answer if isinstance(answer, Iterable) else (answer,)

    def upload(self, request: Any) -> Any:
        return request

    def export(self, model: Any) -> Mapping[str, bytes]:
        return {"config.json": b"{}", "model.safetensors": b""}
