"""Attribution: which parts of an input an output depends on, by several methods, and how faithful each of them is.

A text is explained as far as the model reads it at once.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageFilter
from transformers import PerceiverPreTrainedModel

from models.data.byte_text import ByteText
from models.data.graphemes import graphemes, split_words
from models.data.text_windows import Span
from models.perceiver.attribution import BY_ATTENTION_AND_OCCLUSION, Explained, Found, Question
from models.perceiver.attribution_gradients import BY_GRADIENT
from models.perceiver.checkpoints import labels_of
from models.perceiver.faithfulness import Deletion, randomized
from models.schema import (
    ImageClassificationRequest,
    ImageClassificationResult,
    InputError,
    LabelAt,
    MaskedBytesRequest,
    MaskedBytesResult,
    Probe,
    SentimentRequest,
    SentimentResult,
)
from models.schema.attribution import (
    METHODS,
    Attribution,
    AttributionMethod,
    AttributionRequest,
    AttributionResult,
    Baseline,
)
from models.schema.grouping import cell_of_each, cells_along
from models.tasks.byte_tokens import AROUND, FIRST_BYTE, token_ids
from models.tasks.cost import Cost
from models.tasks.image_classification import IMAGE_CLASSIFICATION, normalized
from models.tasks.masked_bytes import MASKED_BYTES
from models.tasks.occlusion import rank_correlation
from models.tasks.sentiment import SENTIMENT
from models.tasks.targets import target_of
from models.tasks.task import Loaded, Runtime, Task

MAX_PARTS = 64
"""Most parts of a text: neighboring words of a longer one are one part."""
MIN_PARTS = 3
"""A text of fewer words is explained by its characters."""
CELLS = 8
"""Parts of an image along each side."""
BLUR = 1 / 8
"""Radius of the blurred baseline, as a share of the image's side."""
MAX_ORDERS = 200
_RUN = {**BY_ATTENTION_AND_OCCLUSION, **BY_GRADIENT}
_TASKS = {
    SentimentRequest: SENTIMENT,
    MaskedBytesRequest: MASKED_BYTES,
    ImageClassificationRequest: IMAGE_CLASSIFICATION,
}
_BASELINES: dict[type, tuple[Baseline, ...]] = {
    SentimentRequest: ("mask",),
    MaskedBytesRequest: ("mask",),
    ImageClassificationRequest: ("mean", "blur"),
}
_RUNS = 25
"""Forward passes per method, for its map and its curves: a rough mean over methods, for `Cost`."""
_RANDOM_MODELS = 10


def run(request: AttributionRequest, runtime: Runtime) -> AttributionResult:
    """The result; see `stream`."""
    *_, result = stream(request, runtime)
    return result


def stream(request: AttributionRequest, runtime: Runtime) -> Generator[AttributionResult]:
    """Yields the result with the first methods, with more, with the curves of more and more methods, and then with more
    and more models with random weights.

    Raises InputError for what cannot be explained.
    """
    baseline = _checked(request)
    inner = _with_probe(request.request)
    task = _TASKS[type(inner)]
    answered = task.run(inner, runtime)
    with runtime.load(task.checkpoint(inner.weights, getattr(inner, "variant", ""))) as loaded:
        subject = _subject(inner, answered, baseline, loaded)
        explained = Explained(loaded.model, subject.question)
        deletion = Deletion(explained)
        probability, without_any = deletion.ends()
        result = AttributionResult(
            attributions=(),
            output=subject.output,
            probability=probability,
            without_any=without_any,
            baseline=baseline,
            parts=subject.parts,
            spans=subject.spans,
            grid=None if subject.parts else subject.question.grid,
            image=subject.image,
            random=None,
            random_models=(),
            run=runtime.info(loaded, encoder_cached=False, seed=request.seed),
        )
        for method in request.methods:
            result = replace(result, attributions=(*result.attributions, _attribute(method, explained)))
            yield result
        if request.faithfulness:
            result = replace(result, random=deletion.random(request.orders, request.seed))
            for done in range(1, len(request.methods) + 1):
                *before, last = result.attributions[:done]
                last = replace(last, curves=deletion.curves(last.order))
                result = replace(result, attributions=(*before, last, *result.attributions[done:]))
                yield result
        if request.randomize:
            yield from _randomized(result, request, loaded.model, subject.question)


def _checked(request: AttributionRequest) -> Baseline:
    """What replaces a part that is left out. Raises InputError."""
    if unknown := [each for each in request.methods if each not in METHODS]:
        raise InputError(f"There is no method {unknown[0]!r}. The methods are {', '.join(METHODS)}.")
    if not request.methods or len(set(request.methods)) < len(request.methods):
        raise InputError("Choose one or more methods, each of them once.")
    if not 2 <= request.orders <= MAX_ORDERS or request.orders % 2:
        raise InputError(f"The number of random orders must be even, 2 to {MAX_ORDERS}, not {request.orders}.")
    if isinstance(request.request, SentimentRequest) and request.request.model is not None:
        raise InputError("Fine-tuned models cannot be explained yet. Choose the demo or the original model.")
    offered = _BASELINES[type(request.request)]
    if request.baseline not in (None, *offered):
        raise InputError(f"The baseline must be {' or '.join(offered)}, not {request.baseline!r}.")
    return request.baseline or offered[0]


def _with_probe(request: Any) -> Any:
    """The same request for the same output, whose result names it, without what costs more."""
    target = None if request.probe is None else request.probe.target
    plain = replace(request, probe=Probe(target, "decoder"))
    if isinstance(plain, SentimentRequest):
        return replace(plain, occlude=False, probe=None if target is None else plain.probe)
    return plain


@dataclass(frozen=True, slots=True)
class _Subject:
    """A question, and the fields of the result that say what it is about."""

    question: Question
    output: str
    parts: tuple[str, ...] = ()
    spans: np.ndarray = field(default_factory=lambda: np.empty((0, 2), np.int64))
    image: Image.Image | None = None


def _subject(request: Any, answered: Any, baseline: Baseline, loaded: Loaded) -> _Subject:
    """The traced output of a request, with its result."""
    match answered:
        case SentimentResult(label=label):
            content = answered.text.encode()[: answered.windows[0].stop]
            return _of_text(ByteText(content, (False,) * len(content)), 0, label, labels_of(loaded.model.config)[label])
        case MaskedBytesResult():
            return _of_masked_bytes(answered)
        case ImageClassificationResult():
            target = target_of(request.probe, LabelAt)
            label = answered.labels[0].index if target is None else target.index
            return _of_image(answered, label, labels_of(loaded.model.config)[label], baseline)
    raise TypeError(f"A {type(answered).__name__} cannot be explained.")


def _of_text(text: ByteText, output: int, predicted: int, name: str) -> _Subject:
    """output: index of the query. predicted: class. Masked bytes are left as they are."""
    spans = _parts(text)
    if len(spans) < MIN_PARTS:
        raise InputError(
            f"The text that is not masked has fewer than {MIN_PARTS} parts to leave out. Write a longer text."
        )
    unit_of = np.full(len(text.content) + 2 * AROUND, -1)
    for unit, (start, stop) in enumerate(spans):
        unit_of[start + AROUND : stop + AROUND] = np.where(text.hidden[start:stop], -1, unit)
    question = Question(
        token_ids(text),
        token_ids(replace(text, hidden=(True,) * len(text.content))),
        torch.tensor([output]),
        predicted,
        unit_of,
        (1, len(spans)),
    )
    shown = bytes(ord("_") if hidden else byte for byte, hidden in zip(text.content, text.hidden, strict=True))
    parts = tuple(shown[start:stop].decode(errors="replace") for start, stop in spans)
    return _Subject(question, name, parts, np.array(spans, np.int64))


def _parts(text: ByteText) -> list[Span]:
    """Words with the whitespace after them, or characters if there are few words, unless all of them is masked."""
    decoded = text.content.decode("utf-8", "surrogateescape")
    for pieces in (split_words(decoded, "after"), graphemes(decoded)):
        stops = np.cumsum([len(piece.encode("utf-8", "surrogateescape")) for piece in pieces]).tolist()
        spans = [span for span in zip([0, *stops], stops, strict=False) if _is_visible(text, span)]
        if len(spans) >= MIN_PARTS:
            break
    groups = np.array_split(np.array(spans, np.int64).reshape(-1, 2), max(1, min(len(spans), MAX_PARTS)))
    return [(int(group[0, 0]), int(group[-1, 1])) for group in groups if len(group)]


def _is_visible(text: ByteText, span: Span) -> bool:
    """Whether a byte that is not masked is not a space."""
    part = slice(*span)
    seen = bytes(byte for byte, hidden in zip(text.content[part], text.hidden[part], strict=True) if not hidden)
    return bool(seen.strip())


def _of_masked_bytes(result: MaskedBytesResult) -> _Subject:
    """A byte in the round that filled it; a visible byte in the first round."""
    content, hidden, traced = result.filled_bytes[: result.bytes_read], np.zeros(result.bytes_read, bool), result.traced
    if traced is None:
        raise TypeError("the result has no traced byte")
    index = np.flatnonzero(result.positions == traced)
    hidden[result.positions[result.order >= (result.order[index[0]] if len(index) else 0)]] = True
    name = f"byte {traced} as {bytes([content[traced]])!r}".replace(" b", " ")
    return _of_text(ByteText(content, tuple(hidden.tolist())), traced + AROUND, content[traced] + FIRST_BYTE, name)


def _of_image(result: ImageClassificationResult, label: int, name: str, baseline: Baseline) -> _Subject:
    image = result.input_image
    match baseline:
        case "blur":
            replaced = image.filter(ImageFilter.GaussianBlur(BLUR * image.width))
        case _:
            replaced = Image.new("RGB", image.size, tuple(np.asarray(image).mean(axis=(0, 1)).round().astype(int)))
    cells = cells_along(result.grid, CELLS)
    question = Question(
        normalized(image),
        normalized(replaced),
        torch.tensor([0]),
        label,
        cell_of_each(result.grid, cells),
        (cells[0], cells[1]),
    )
    return _Subject(question, name, image=image)


def _attribute(method: AttributionMethod, explained: Explained) -> Attribution:
    found = _RUN[method](explained)
    none = np.empty((0, len(found.units)), np.float32)
    return Attribution(method, found.units, found.latents, None, none, np.empty(0, np.float32))


def _randomized(
    result: AttributionResult, request: AttributionRequest, model: PerceiverPreTrainedModel, question: Question
) -> Iterator[AttributionResult]:
    for name, random_model in randomized(model, request.seed):
        explained = Explained(random_model, question)
        found = [_compared(each, _RUN[each.method](explained)) for each in result.attributions]
        result = replace(result, attributions=tuple(found), random_models=(*result.random_models, name))
        yield result


def _compared(attribution: Attribution, found: Found) -> Attribution:
    """With the map of one more random model."""
    correlation = rank_correlation(attribution.values, found.units)
    return replace(
        attribution,
        randomized=np.concatenate([attribution.randomized, found.units[None]]),
        rank_correlations=np.append(attribution.rank_correlations, np.float32(correlation)),
    )


def _cost(request: AttributionRequest) -> Cost:
    one, methods = _TASKS[type(request.request)].cost(_with_probe(request.request)), len(request.methods)
    runs = _RUNS * methods * (1 + _RANDOM_MODELS * request.randomize) + 4 * request.orders * request.faithfulness
    return Cost(one.seconds * runs, one.passes * runs)


ATTRIBUTION = Task(
    name="attribution",
    request=AttributionRequest,
    checkpoints=(),
    run=run,
    cost=_cost,
    stream=stream,
)
