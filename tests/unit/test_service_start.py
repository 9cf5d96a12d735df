"""How the service starts: which weights it chooses and warms up, what it knows without them, and ZeroGPU."""

import pickle
from collections.abc import Callable
from dataclasses import replace
from inspect import isgeneratorfunction
from typing import Any

import numpy as np
import pytest
import torch
from gradio import Error
from PIL import Image

from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.perceiver.ar import PerceiverAr
from models.perceiver.checkpoints import config_of
from models.schema import (
    AvAutoencodingRequest,
    ByteAt,
    CheckpointUnavailable,
    FineTuneRequest,
    ImageClassificationRequest,
    InputError,
    MaskedBytesRequest,
    OpticalFlowRequest,
    Probe,
    SentimentRequest,
    TextGenerationRequest,
    Weights,
)
from models.tasks import TASKS
from tests.masked_sentence import GOOD, assert_same
from tests.tiny_models import READS, Counting, load_tiny, unavailable

# ZeroGPU


class FakeSpaces:
    """Does what `spaces.GPU` does on ZeroGPU as far as callers see it.

    Arguments and results travel as pickles; of an error only the name of its class does.
    """

    def __init__(self) -> None:
        self.durations: list[Callable[..., int]] = []
        self.calls: list[tuple[Any, ...]] = []

    def GPU(self, duration: Callable[..., int]):  # noqa: N802  (its name there)
        self.durations.append(duration)

        def decorate(fn):
            def part_by_part(*args: Any) -> Any:
                self.calls.append(args)
                yield from (pickle.loads(pickle.dumps(part)) for part in fn(*pickle.loads(pickle.dumps(args))))

            def in_another_process(*args: Any) -> Any:
                self.calls.append(args)
                try:
                    result = fn(*pickle.loads(pickle.dumps(args)))
                except Exception as error:
                    raise RuntimeError(type(error).__name__) from None
                return pickle.loads(pickle.dumps(result))

            return part_by_part if isgeneratorfunction(fn) else in_another_process

        return decorate


def test_runs_through_zero_gpu(service):
    spaces = FakeSpaces()
    on_space = LocalBackend(Settings(device="cpu", gpu_seconds=33), load_tiny, spaces)
    request = replace(GOOD, probe=Probe(ByteAt(4)), weights="published")
    result = on_space.run(request)
    assert spaces.calls == [([request],)]
    assert_same(result, service.run(request))
    assert len(spaces.calls) == 1  # a service made without it does not go through it


def test_refusals_come_back_in_words_from_zero_gpu():
    spaces = FakeSpaces()
    published = replace(GOOD, weights="published")
    with pytest.raises(InputError, match="No bytes are masked"):
        LocalBackend(Settings(device="cpu"), load_tiny, spaces).run(replace(published, mask=()))
    with pytest.raises(CheckpointUnavailable, match="not there"):
        LocalBackend(Settings(device="cpu"), unavailable, spaces).run(published)


def test_no_gpu_time_for_what_no_task_takes():
    spaces = FakeSpaces()
    with pytest.raises(TypeError):
        LocalBackend(Settings(device="cpu"), load_tiny, spaces).run(7)
    image: Any = ImageClassificationRequest(Image.new("RGB", (8, 8)), "conv")
    with pytest.raises(TypeError):
        list(LocalBackend(Settings(device="cpu"), load_tiny, spaces).stream(image))
    assert spaces.calls == []


def test_parts_come_from_zero_gpu_as_they_are_made(monkeypatch):
    spaces = FakeSpaces()
    monkeypatch.setattr("models.tasks.occlusion.WORDS_AT_ONCE", 1)
    request = SentimentRequest("one two", weights="published", occlude=True)
    *parts, whole = LocalBackend(Settings(device="cpu"), load_tiny, spaces).stream(request)
    assert spaces.calls == [(request,)]
    assert [len(part.occlusion.words) for part in parts] == [1]
    assert len(whole.occlusion.words) == 2
    with pytest.raises(InputError, match="empty"):
        list(LocalBackend(Settings(device="cpu"), load_tiny, spaces).stream(replace(request, text="")))


def test_demo_models_take_no_gpu_time(service):
    spaces = FakeSpaces()
    on_space = LocalBackend(Settings(device="cpu"), load_tiny, spaces)
    published = replace(GOOD, weights="published")
    for result, expected in zip(on_space.run_all([GOOD, published, GOOD]), (GOOD, published, GOOD), strict=True):
        assert_same(result, service.run(expected))
    assert spaces.calls == [([published],)]


def test_demo_models_stay_on_the_cpu_of_a_zero_gpu_space():
    devices = {}

    def load(checkpoint: Any, device: torch.device, *options: Any) -> Any:
        devices[checkpoint.weights] = device.type
        return load_tiny(checkpoint, torch.device("cpu"), *options)

    LocalBackend(Settings(zero_gpu=True, weights="published"), load, FakeSpaces()).warm_up()
    assert devices == {"embedded": "cpu", "published": "cuda"}


class Refusing(FakeSpaces):
    """Refuses every call, as Gradio's error with this title and message."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self._error = Error("120s requested vs. 20s left", title=title)

    def GPU(self, duration: Callable[..., int]):  # noqa: N802
        def refuse(*_: Any) -> Any:
            raise self._error

        def refuse_stream(*_: Any) -> Any:
            raise self._error
            yield

        return lambda fn: refuse_stream if isgeneratorfunction(fn) else refuse


def test_a_refusal_of_gpu_time_names_the_demo_model():
    spaces = Refusing("ZeroGPU quota exceeded")
    backend = LocalBackend(Settings(device="cpu"), load_tiny, spaces)
    published = replace(GOOD, weights="published")
    for call in (lambda: backend.run(published), lambda: list(backend.stream(published))):
        with pytest.raises(CheckpointUnavailable, match=r"20s left.*demo model"):
            call()
    assert backend.run(GOOD).filled


@pytest.mark.parametrize("title", ["ZeroGPU worker error", "Error"])
def test_a_fault_on_zero_gpu_is_not_taken_for_a_refusal(title):
    spaces = Refusing(title)
    with pytest.raises(Error):
        LocalBackend(Settings(device="cpu"), load_tiny, spaces).run(replace(GOOD, weights="published"))


FLOW_FRAME = Image.new("RGB", (496, 368))
LARGE_FRAME = FLOW_FRAME.resize((960, 700))
SHORT_CLIP = (np.zeros((16, 8, 8, 3), np.uint8), 25.0, np.zeros(0, np.float32), 16_000)
LONG_CLIP = (np.zeros((750, 8, 8, 3), np.uint8), *SHORT_CLIP[1:])


@pytest.mark.parametrize(
    ("small", "large", "factor"),
    [
        (GOOD, replace(GOOD, mask=((0, 1),)), 1.0),
        (SentimentRequest("good"), SentimentRequest("good " * 200, occlude=True), 201),
        (FineTuneRequest((("a", "b"),)), FineTuneRequest((("a", "b"),) * 50, epochs=2), 50),
        (OpticalFlowRequest(FLOW_FRAME, FLOW_FRAME), OpticalFlowRequest(LARGE_FRAME, LARGE_FRAME), 4),
        (AvAutoencodingRequest(*SHORT_CLIP), AvAutoencodingRequest(*LONG_CLIP), 47),
    ],
)
def test_the_cost_of_a_request_grows_with_what_is_computed(small, large, factor):
    task = next(task for task in TASKS if isinstance(small, task.request))
    assert task.cost(large).seconds == pytest.approx(factor * task.cost(small).seconds)


def test_a_click_asks_for_a_few_seconds_and_no_call_for_more_than_the_limit():
    spaces = FakeSpaces()
    LocalBackend(Settings(device="cpu", gpu_seconds=20), load_tiny, spaces)
    run, stream = spaces.durations
    published = replace(GOOD, weights="published")
    assert stream(published) == run([published]) <= 3
    assert run([published] * 3) >= run([published])
    assert stream(TextGenerationRequest("a")) < stream(TextGenerationRequest("a", max_new_tokens=500))
    assert stream(AvAutoencodingRequest(*LONG_CLIP)) == 20


# Weights


def names(weights: Weights) -> list[str]:
    """Of all tasks, each once."""
    found = (checkpoint.name for task in TASKS for checkpoint in task.checkpoints if checkpoint.weights == weights)
    return list(dict.fromkeys(found))


def test_image_models_have_three_variants():
    assert names("embedded") == [
        "masked_bytes",
        "sentiment",
        "text_generation",
        "image_learned",
        "image_fourier",
        "image_conv",
        "optical_flow",
        "av_autoencoding",
    ]
    vision = [f"deepmind/vision-perceiver-{variant}" for variant in ("learned", "fourier", "conv")]
    assert names("published") == [
        "deepmind/language-perceiver",
        "addy88/perceiver_imdb",
        "krasserm/perceiver-ar-clm-base",
        *vision,
        "deepmind/optical-flow-perceiver",
        "deepmind/multimodal-perceiver",
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"device": "cpu"}, "embedded"),
        ({"device": "cpu", "space_id": "someone/playground"}, "embedded"),
        ({"zero_gpu": True}, "embedded"),
        ({"zero_gpu": True, "space_id": "someone/playground"}, "published"),
        ({"zero_gpu": True, "space_id": "someone/playground", "weights": "embedded"}, "embedded"),
        ({"device": "cpu", "weights": "published"}, "published"),
    ],
)
def test_default_weights(options, expected):
    assert LocalBackend(Settings(**options), load_tiny).default_weights == expected


@pytest.mark.parametrize("weights", ["embedded", "published"])
def test_warm_up_loads_the_default_and_the_embedded_models_of_every_task(weights):
    counting = Counting()
    service = LocalBackend(Settings(device="cpu", weights=weights), counting)
    assert service.warm_up() == ()
    expected = [name for each in dict.fromkeys((weights, "embedded")) for name in names(each)]
    assert counting.loads == expected
    service.run(replace(GOOD, weights=weights))
    service.run(replace(GOOD, weights="embedded"))
    assert counting.loads == expected


def test_the_embedded_model_is_the_default_where_the_published_one_is_not_to_be_had():
    def embedded_only(checkpoint: Any, *options: Any) -> Any:
        return (load_tiny if checkpoint.weights == "embedded" else unavailable)(checkpoint, *options)

    service = LocalBackend(Settings(device="cpu", weights="published"), embedded_only)
    assert service.default_weights == "published"
    assert service.warm_up() == tuple(f"{name} is not there" for name in names("published"))
    assert service.default_weights == "embedded"


def test_warm_up_tells_what_is_not_there():
    service = LocalBackend(Settings(device="cpu"), unavailable)
    assert service.warm_up() == tuple(f"{name} is not there" for name in names("embedded"))


def test_warm_up_does_not_hide_bugs():
    def broken(*_: Any) -> Any:
        raise KeyError("a bug")

    with pytest.raises(KeyError, match="a bug"):
        LocalBackend(Settings(device="cpu"), broken).warm_up()


@pytest.mark.parametrize("variant", ["learned", "fourier", "conv"])
def test_one_variant_that_is_not_there_makes_the_embedded_ones_the_default(variant):
    def but_one(checkpoint: Any, *options: Any) -> Any:
        gone = (checkpoint.weights, checkpoint.variant) == ("published", variant)
        return (unavailable if gone else load_tiny)(checkpoint, *options)

    service = LocalBackend(Settings(device="cpu", weights="published"), but_one)
    assert service.warm_up() == (f"deepmind/vision-perceiver-{variant} is not there",)
    assert service.default_weights == "embedded"


CIFAR = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CHECKPOINTS = [(task.name, checkpoint) for task in TASKS for checkpoint in task.checkpoints]


@pytest.mark.parametrize(("task", "checkpoint"), CHECKPOINTS, ids=[checkpoint.name for _, checkpoint in CHECKPOINTS])
def test_shape_needs_no_weights(task, checkpoint):
    service = LocalBackend(Settings(device="cpu"), unavailable)
    shape = service.describe().shape(task, checkpoint.weights, checkpoint.variant)
    assert shape.name == checkpoint.name
    with torch.device("meta"):
        model = checkpoint.model(config_of(checkpoint))
    assert shape.parameters == sum(parameter.numel() for parameter in model.parameters())
    if checkpoint.model is PerceiverAr:
        assert (shape.layers, shape.latent_channels) == (len(model.layers), model.token_embedding.embedding_dim)
        assert (shape.longest_text - shape.latents, shape.blocks) == (model.config.max_prefix, 1)
        return
    perceiver = model.perceiver
    assert (shape.latents, shape.latent_channels) == tuple(perceiver.embeddings.latents.shape)
    assert shape.input_channels == perceiver.input_preprocessor.num_channels
    assert shape.layers == len(perceiver.encoder.self_attends)
    assert shape.cross_heads == perceiver.encoder.cross_attention.attention.self.num_heads
    assert shape.self_heads == perceiver.encoder.self_attends[0].attention.self.num_heads
    if checkpoint.variant:
        assert (shape.longest_text, len(shape.labels)) == (0, perceiver.decoder.num_labels)
    if checkpoint.variant == "learned":
        assert shape.image_size**2 == len(perceiver.input_preprocessor.position_embeddings.position_embeddings)


def test_what_a_model_has_not_is_nothing(service):
    """A config has a value for everything, be it of use or not."""
    text, image = (
        service.describe().shape("masked_bytes", "published"),
        service.describe().shape("image_classification", "published", "conv"),
    )
    assert (text.image_size, text.labels) == (0, ())
    assert (image.image_size, len(image.labels), image.longest_text) == (224, 1000, 0)


def test_embedded_image_models_tell_the_same_classes_apart(service):
    """Those of CIFAR-10, by their names."""
    shapes = [
        service.describe().shape("image_classification", "embedded", each) for each in ("learned", "fourier", "conv")
    ]
    assert {(shape.image_size, *shape.labels) for shape in shapes} == {(32, *CIFAR)}


def test_shape_of_no_variant(service):
    for variant in ("cubic", ""):
        with pytest.raises(InputError):
            service.describe().shape("image_classification", "published", variant)


def test_text_models_leave_two_places_for_their_own_tokens(service):
    assert service.describe().shape("masked_bytes", "published").longest_text == 2046
    assert service.run(MaskedBytesRequest("x" * 40, ((0, 1),))).bytes_read == READS
