"""The backend in this process: holds models and encoded latents, and runs requests on the local device."""

import gc
import tempfile
import time
from collections.abc import Callable, Generator, Hashable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import replace
from itertools import compress
from operator import not_
from pathlib import Path
from typing import Any, TypeVar, cast

import torch
from transformers import PerceiverForSequenceClassification

from models.backend.cache import ByteCache
from models.backend.inputs import InputStore
from models.backend.protocol import Description, Loading, Refusal, unwrap
from models.backend.settings import Settings, SettingsError
from models.backend.shapes import ShapeKey, Shapes
from models.backend.zero_gpu import ZeroGpu
from models.perceiver import engine
from models.perceiver.checkpoints import Checkpoint, load_checkpoint, name_of, source_of
from models.perceiver.engine import Encoded
from models.perceiver.fine_tuned import save_fine_tuned
from models.perceiver.shapes import model_shape
from models.schema import (
    CheckpointUnavailable,
    FineTunedModel,
    InputDropped,
    InputError,
    ModelShape,
    Request,
    RunInfo,
    StreamRequest,
    Weights,
)
from models.tasks import ANALYSES, BUILDS, TASKS
from models.tasks.cost import Cost
from models.tasks.sentiment import SENTIMENT
from models.tasks.task import Loaded, Task
from models.turns import Turns, away

P = TypeVar("P")
R = TypeVar("R")
V = TypeVar("V")
Question = TypeVar("Question", bound=Request[Any])
Loader = Callable[[Checkpoint, torch.device, torch.dtype, Mapping[str, Any]], Any]


class LocalBackend:
    """A `Backend` that runs requests in this process. Thread-safe.

    loader: builds a model from a checkpoint; tests pass one that makes tiny random models.
    spaces: the package of this name on a ZeroGPU Space.
    """

    def __init__(self, settings: Settings | None = None, loader: Loader = load_checkpoint, spaces: Any = None):
        self.settings = settings or Settings.from_env()
        self.device = _device(self.settings)
        self.dtype: torch.dtype = getattr(torch, self.settings.dtype)
        self._loader = loader
        self._without_published = False
        self._shapes = Shapes(self.settings.checkpoints, self._computed_shape)
        self._models: ByteCache[Any, Loaded] = ByteCache(self.settings.model_cache_bytes, _model_bytes)
        self.inputs = InputStore(self.settings.input_cache_bytes)
        self._latents: ByteCache[Hashable, Any] = ByteCache(self.settings.latent_cache_bytes, lambda made: made.nbytes)
        self._turns = Turns()
        self._gpu = None
        if spaces is not None:
            limit = self.settings.gpu_seconds
            self._gpu = ZeroGpu(spaces, self._run_or_refuse, self._stream_or_refuse, _cost, limit)

    def describe(self) -> Description:
        """See `Backend`. Needs no weights."""
        return Description(self.default_weights, self.settings.number_bytes, self._shapes)

    def _computed_shape(self, key: ShapeKey) -> ModelShape:
        name, weights, variant = key
        task = next(task for task in TASKS if task.name == name)
        return model_shape(task.checkpoint(weights, variant), self.settings.checkpoints)

    def start(self) -> None:
        """See `Backend`: nothing is left to load."""

    def loading(self, task: str) -> Iterator[Loading]:
        """See `Backend`: nothing is left to load."""
        return iter(())

    @property
    def default_weights(self) -> Weights:
        """Weights that a page selects at first: published on a Space with a GPU if `warm_up` could load them."""
        if self._without_published:
            return "embedded"
        if self.settings.weights:
            return self.settings.weights
        return "published" if self.settings.space_id and self.device.type == "cuda" else "embedded"

    def warm_up(self, progress: Callable[[], None] = lambda: None) -> tuple[str, ...]:
        """Loads the default and the embedded model of every task: ZeroGPU keeps only what was loaded before a call.

        Returns a message for each model that could not be loaded; the pages start without it. progress: called after
        each model.
        """
        failed = []
        for weights in dict.fromkeys((self.default_weights, "embedded")):
            every = (each for task in TASKS for each in task.checkpoints if each.weights == weights)
            for checkpoint in dict.fromkeys(every):  # some tasks share a checkpoint
                try:
                    with self.load(checkpoint):
                        pass
                except CheckpointUnavailable as error:
                    failed.append(str(error))
                    self._without_published |= weights == "published"
                progress()
        gc.freeze()  # the garbage collector need not look again at what stays: over all of torch it takes half a second
        return tuple(failed)

    def run(self, request: Request[R]) -> R:
        """Returns the result of a request, with arrays on the CPU. Raises InputError and CheckpointUnavailable."""
        return unwrap(self.run_all([request]))[0]

    def run_all(self, requests: Sequence[Request[R]]) -> list[R | Refusal]:
        """Returns all results in one call (one GPU allocation on ZeroGPU); a refused request returns its error."""
        for request in requests:
            _task_of(request)
        resolved = [self._resolve(request) for request in requests]
        held = [each for each in resolved if isinstance(each, Request)]
        results = iter(self._run(held))
        return [next(results) if isinstance(each, Request) else each for each in resolved]

    def stream(self, request: StreamRequest[P, R]) -> Generator[P | R]:
        """Yields parts of the result as they are computed, and the result last. Closing the generator stops the work.

        Raises the errors of `run`.
        """
        if _task_of(request).stream is None:
            raise TypeError(f"A {type(request).__name__} cannot be streamed. Call run instead.")
        resolved = self.inputs.resolve(request)
        gpu = self._gpu_for(resolved)
        with closing(gpu.stream(resolved) if gpu else self._stream_or_refuse(resolved)) as parts:
            for part in parts if gpu else self._turns.each(parts):
                if isinstance(part, Refusal):
                    raise part
                yield part

    def upload(self, request: Question) -> Question:
        """See `Backend`. Holds arrays and images of 64 KiB and more, up to `input_cache_mib`."""
        return self.inputs.upload(request)

    def _resolve(self, request: Request[R]) -> Request[R] | InputDropped:
        try:
            return self.inputs.resolve(request)
        except InputDropped as dropped:
            return dropped

    def export(self, model: FineTunedModel) -> Mapping[str, bytes]:
        """Files of a folder that `from_pretrained` of transformers loads, float32, by name.

        Raises CheckpointUnavailable, and ValueError if the base checkpoint has changed since the fine-tuning.
        """
        checkpoint = SENTIMENT.checkpoint(model.weights)
        # Loaded again on the CPU: on ZeroGPU the model in memory works only within a call.
        base = self._loader(checkpoint, torch.device("cpu"), torch.float32, self.settings.checkpoints)
        with tempfile.TemporaryDirectory() as folder:
            save_fine_tuned(cast(PerceiverForSequenceClassification, base), model, Path(folder))
            return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}

    def _run(self, requests: Sequence[Any]) -> list[Any]:
        """Results and refusals. Those with an original model go to ZeroGPU in one call, if this is such a Space."""
        borrows = [self._gpu_for(request) is not None for request in requests]
        borrowing = list(compress(requests, borrows))
        borrowed = iter(self._gpu.run(borrowing) if self._gpu and borrowing else ())
        local = list(compress(requests, map(not_, borrows)))
        with self._turns.taken() if local else nullcontext():
            here = iter(self._run_or_refuse(local))
        return [next(borrowed if on_gpu else here) for on_gpu in borrows]

    def _run_or_refuse(self, requests: Sequence[Any]) -> list[Any]:
        """Returns errors as values, since ZeroGPU keeps only the class of an exception."""
        results: list[Any] = []
        for request in requests:
            try:
                results.append(self._run_here(request))
            except (InputError, CheckpointUnavailable) as refusal:
                results.append(refusal)
        return results

    def _run_here(self, request: Any) -> Any:
        began = time.perf_counter()
        with torch.inference_mode():
            result = _task_of(request).run(request, self)
        return replace(result, run=_timed(result.run, began))

    def _stream_or_refuse(self, request: Any) -> Generator[Any]:
        """`_run_or_refuse` part by part."""
        began = time.perf_counter()
        with closing(cast(Any, _task_of(request).stream)(request, self)) as parts:
            try:
                for part in _inferred(parts):
                    ends = hasattr(part, "run")
                    yield replace(part, run=_timed(part.run, began)) if ends else part
            except (InputError, CheckpointUnavailable) as refusal:
                yield refusal

    @contextmanager
    def load(self, checkpoint: Checkpoint) -> Iterator[Loaded]:
        """Yields the model and holds it in memory until the block ends. Raises CheckpointUnavailable."""

        def make() -> Loaded:
            # Weights made in inference mode would allow no gradients of the inputs.
            with away(), torch.inference_mode(False):
                model = self._loader(checkpoint, device, self.dtype, self.settings.checkpoints)
            return Loaded(model.requires_grad_(False), checkpoint)

        device = self._device_of(checkpoint)
        with self._models.use((checkpoint, device, self.dtype), make) as (loaded, _):
            yield loaded

    def encode(
        self, loaded: Loaded, inputs: Any, key: Hashable | None, interpolate_positions: bool = False
    ) -> tuple[Encoded, bool]:
        """See `Runtime`."""

        def make() -> Encoded:
            here, keep = _on_device(inputs, self._device_of(loaded.checkpoint)), key is not None
            return engine.encode(loaded.model, here, keep_mixing=keep, interpolate_positions=interpolate_positions)

        if key is None:
            return make(), False
        return self.get_or_compute((loaded.checkpoint, "latents", interpolate_positions, key), make)

    def get_or_compute(self, key: Hashable, make: Callable[[], V]) -> tuple[V, bool]:
        """Returns (value, whether it was cached). Cached values share the memory of the latents."""
        with self._latents.use(key, make) as (value, known):
            return value, known

    def get_or_stream(
        self, key: Hashable, make: Callable[[], Generator[P, None, V]]
    ) -> Generator[P, None, tuple[V, bool]]:
        """See `Runtime`."""
        value = self._latents.get(key)
        if value is not None:
            return value, True
        value = yield from make()
        return self.get_or_compute(key, lambda: value)[0], False

    def source(self, checkpoint: Checkpoint) -> Path | str:
        """Folder or hub id of the weights."""
        return source_of(checkpoint, self.settings.checkpoints)

    def time_limit(self, request: Any) -> float | None:
        """Longest duration of a request in seconds: the GPU allocation on ZeroGPU, else None."""
        gpu = self._gpu_for(request)
        return gpu.seconds([request]) if gpu else None

    def _gpu_for(self, request: Any) -> ZeroGpu | None:
        """What lends a GPU to a request; None if it runs in this process."""
        return self._gpu if _weights_of(request) == "published" else None

    def _device_of(self, checkpoint: Checkpoint) -> torch.device:
        """On ZeroGPU, the demo models run on the CPU, which costs a visitor no GPU time."""
        return torch.device("cpu") if self._gpu and checkpoint.weights == "embedded" else self.device

    def info(self, loaded: Loaded, encoder_cached: bool, seed: int | None = None) -> RunInfo:
        """Facts about this run; `run` sets the seconds."""
        return RunInfo(
            model=name_of(loaded.checkpoint, self.settings.checkpoints),
            weights=loaded.checkpoint.weights,
            device=self._device_of(loaded.checkpoint).type,
            dtype=self.settings.dtype,
            seconds=0.0,
            encoder_cached=encoder_cached,
            seed=seed,
        )


def _timed(run: RunInfo, began: float) -> RunInfo:
    return replace(run, seconds=time.perf_counter() - began)


def _inferred(parts: Iterator[Any]) -> Iterator[Any]:
    """Computes each part in inference mode, and leaves the mode while the caller has control."""
    while True:
        with torch.inference_mode():
            part = next(parts, None)
        if part is None:
            return
        yield part


def _cost(request: Any) -> Cost:
    return _task_of(request).cost(request)


def _weights_of(request: Any) -> Weights:
    """Weights that a request uses: for a fine-tuned model, those that it started from."""
    return (getattr(request, "model", None) or request).weights


def _task_of(request: Any) -> Task:
    for task in (*TASKS, *ANALYSES, *BUILDS):
        if isinstance(request, task.request):
            return task
    raise TypeError(f"No task accepts a {type(request).__name__}.")


def _device(settings: Settings) -> torch.device:
    """CUDA if available, else CPU. On ZeroGPU, CUDA works only inside a call, but models may be moved there before."""
    if settings.device == "auto":
        return torch.device("cuda" if settings.zero_gpu or torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(settings.device)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise SettingsError(f"PERCEIVER_DEVICE={settings.device}: no such device. Use auto, cpu or cuda.") from error
    return device


def _model_bytes(loaded: Loaded) -> int:
    model = loaded.model
    return sum(tensor.nbytes for tensor in (*model.parameters(), *model.buffers()))


def _on_device(inputs: Any, device: torch.device) -> Any:
    if isinstance(inputs, Mapping):
        return {name: _on_device(value, device) for name, value in inputs.items()}
    return inputs.to(device)
