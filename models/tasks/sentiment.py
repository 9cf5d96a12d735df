"""Sentiment: classifies a text byte by byte, and measures which words mattered.

A text that is longer than the model reads is classified in overlapping windows, whose probabilities are averaged.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import torch
from transformers import PerceiverForSequenceClassification

from models.data.byte_text import text_to_classify
from models.data.text_windows import Span, text_windows, word_spans
from models.perceiver.checkpoints import Checkpoint, labels_of
from models.perceiver.engine import Encoded, decode, encode
from models.perceiver.fine_tuned import fine_tuned_model
from models.schema import (
    AttentionMap,
    InputError,
    LabelAt,
    LabelScore,
    Occlusion,
    Probe,
    SentimentRequest,
    SentimentResult,
    TextWindow,
    resolved,
)
from models.schema.sentiment import LONGEST_TEXT, MAX_WORDS
from models.tasks.byte_tokens import AROUND, padded_ids
from models.tasks.cost import TEXT_BYTES, Cost, encodings, interventions
from models.tasks.occlusion import compare_with_attention, occlude
from models.tasks.targets import check_index, target_of
from models.tasks.task import Loaded, Runtime, Task
from models.tasks.tracing import trace
from models.tasks.unusual_text import bits_per_byte

AT_ONCE = 16
"""Windows per batch."""
_QUERY = torch.tensor([0])


def run(request: SentimentRequest, runtime: Runtime) -> SentimentResult:
    """The result; see `stream`."""
    *_, result = stream(request, runtime)
    return result


def stream(request: SentimentRequest, runtime: Runtime) -> Generator[SentimentResult]:
    """Yields the result with the importance of the first words, of more words, and so on; without it, only once.

    Raises InputError for a text that cannot be classified.
    """
    content = _content(request)
    judged = request.probe is not None and request.model is None
    bits = bits_per_byte(content, runtime) if judged else None
    with _loaded(request, runtime) as loaded:
        labels = labels_of(loaded.model.config)
        target = target_of(request.probe, LabelAt)
        if target is not None:
            check_index("label", target.index, len(labels), "this model")
        spans = text_windows(content, loaded.model.config.max_position_embeddings - 2 * AROUND)
        windows = [content[start:stop] for start, stop in spans]
        reading, known = _read(windows, loaded, runtime, keep=request.probe is not None)
        probabilities = reading.votes.mean(axis=0)
        best = np.argsort(-probabilities, kind="stable").tolist()
        label = best[0] if target is None else target.index
        attention = None
        if request.probe is not None:
            attention = _attention(request.probe, loaded, reading, spans, label)
        result = SentimentResult(
            text=request.text,
            labels=tuple(LabelScore(labels[index], float(probabilities[index]), index) for index in best),
            windows=tuple(_windows(spans, reading.votes)),
            label=label,
            occlusion=None,
            attention=attention,
            run=runtime.info(loaded, known),
            bits_per_byte=bits,
        )
        if not request.occlude:
            yield result
            return
        for occlusion in _occlusions(result, spans, reading, loaded, runtime):
            yield replace(result, occlusion=occlusion)


@dataclass(frozen=True, slots=True)
class _Reading:
    """Encodings of all windows, in batches and in order, and votes, float64 [windows, labels]."""

    encoded: tuple[Encoded, ...]
    votes: np.ndarray

    @property
    def nbytes(self) -> int:
        return self.votes.nbytes + sum(each.nbytes for each in self.encoded)

    def windows(self) -> Iterator[Encoded]:
        """Each window as a batch of one, as `trace` expects it."""
        for batch in self.encoded:
            for row in range(len(batch.latents)):
                one = slice(row, row + 1)
                mask, mixing = batch.inputs_mask, batch.mixing
                yield replace(
                    batch,
                    inputs=batch.inputs[one],
                    inputs_mask=None if mask is None else mask[one],
                    latents=batch.latents[one],
                    mixing=None if mixing is None else mixing[one],
                    inputs_without_pos=None,
                )


def _content(request: SentimentRequest) -> bytes:
    content = text_to_classify(request.text, LONGEST_TEXT)
    words = len(word_spans(request.text)) if request.occlude else 0
    if words > MAX_WORDS:
        raise InputError(
            f"The text has {words:,} words. The limit of leave-one-out is {MAX_WORDS:,}. Shorten the text, or classify "
            "it without leave-one-out."
        )
    return content


@contextmanager
def _loaded(request: SentimentRequest, runtime: Runtime) -> Iterator[Loaded]:
    """The model of these weights, or a fine-tuned model under its own name, which separates their cache entries."""
    taught = resolved(request.model)
    with runtime.load(SENTIMENT.checkpoint(taught.weights if taught else request.weights)) as loaded:
        if taught is None:
            yield loaded
            return
        base = cast(PerceiverForSequenceClassification, loaded.model)
        try:
            model = fine_tuned_model(base, taught)
        except ValueError:
            raise InputError(
                "The model was fine-tuned from other weights than those that are loaded now. Fine-tune it again."
            ) from None
        yield Loaded(model, replace(loaded.checkpoint, name=taught.name))


def _read(windows: list[bytes], loaded: Loaded, runtime: Runtime, keep: bool) -> tuple[_Reading, bool]:
    """keep: cache the encodings for later requests, with what rollout needs."""

    def make() -> _Reading:
        encoded, votes = zip(*_batches(windows, loaded, keep), strict=True)
        return _Reading(encoded if keep else (), np.concatenate(votes))

    if not keep:
        return make(), False
    return runtime.get_or_compute((loaded.checkpoint, "windows", tuple(windows)), make)


def _batches(texts: list[bytes], loaded: Loaded, keep_mixing: bool = False) -> Iterator[tuple[Encoded, np.ndarray]]:
    """Yields encodings and probabilities, float64 [B, labels], of batches of texts.

    Log-odds need the precision: float32 ends at a probability of 99.99999%.
    """
    for start in range(0, len(texts), AT_ONCE):
        ids, mask = padded_ids(texts[start : start + AT_ONCE])
        mask = None if mask is None else mask.to(loaded.model.device)
        encoded = encode(loaded.model, ids.to(loaded.model.device), mask, keep_mixing=keep_mixing)
        yield encoded, decode(loaded.model, encoded).cpu().double().softmax(dim=-1).numpy()


def _votes(texts: list[bytes], loaded: Loaded, label: int) -> np.ndarray:
    """The probability of a label in each of these, float64 [texts]; read in order of length, to pad little."""
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    votes = np.empty(len(texts))
    if order:
        votes[order] = np.concatenate([each for _, each in _batches([texts[i] for i in order], loaded)])[:, label]
    return votes


def _attention(probe: Probe, loaded: Loaded, reading: _Reading, spans: tuple[Span, ...], label: int) -> AttentionMap:
    """Mean of the maps of all windows, each at its position; [CLS] and [SEP] of all windows go to the ends.

    The stages and effects are those of the first window.
    """
    query, name = _QUERY.to(loaded.model.device), repr(labels_of(loaded.model.config)[label])
    first, *rest = reading.windows()
    maps = [trace(loaded, first, probe, query, name, predicted=[label])]
    probe = replace(probe, stages=False, without=())
    maps += [trace(loaded, window, probe, query, name) for window in rest]
    title = maps[0].title if len(maps) == 1 else f"{maps[0].title}, mean of {len(maps)} windows"
    shares = [float(np.mean([each.latent_share for each in maps])), float(np.mean([each.query_share for each in maps]))]
    if probe.method == "decoder":
        values = np.stack([each.values for each in maps]).mean(axis=0, dtype=np.float64)
    else:
        values = np.zeros(spans[-1][1] + 2 * AROUND)
        for (start, stop), each in zip(spans, maps, strict=True):
            read = each.values[: stop - start + 2 * AROUND]  # the rest is padding without attention
            values[0] += read[0]
            values[start + AROUND : stop + AROUND] += read[AROUND:-AROUND]
            values[-1] += read[-1]
        values /= len(maps)
    return replace(
        maps[0],
        values=values.astype(np.float32),
        latent_share=shares[0],
        query_share=shares[1],
        title=title,
    )


def _windows(spans: tuple[Span, ...], votes: np.ndarray) -> Iterator[TextWindow]:
    for span, vote in zip(spans, votes, strict=True):
        yield TextWindow(*span, vote.astype(np.float32))


def _occlusions(
    result: SentimentResult, spans: tuple[Span, ...], reading: _Reading, loaded: Loaded, runtime: Runtime
) -> Generator[Occlusion]:
    """Importance of the first words, of more words, and at last of all words.

    The probabilities without each word are cached: another picture of the attention does not measure them again.
    """
    text, label, attention, shares = result.text, result.label, result.attention, None
    if attention is not None and attention.method != "decoder":
        shares = attention.values[AROUND:-AROUND]
    key = (loaded.checkpoint, "words left out", text, label)
    votes = reading.votes[:, label]

    def compare(left_out: np.ndarray) -> Occlusion:
        return compare_with_attention(text, float(votes.mean()), left_out, shares)

    def measure() -> Generator[Occlusion, None, np.ndarray]:
        left_out, words = np.empty(0), len(word_spans(text))
        for left_out in occlude(text, spans, votes, lambda texts: _votes(texts, loaded, label)):
            if len(left_out) < words:
                yield compare(left_out)
        return left_out

    left_out, _ = yield from runtime.get_or_stream(key, measure)
    yield compare(left_out)


def _cost(request: SentimentRequest) -> Cost:
    words = len(request.text.split()) if request.occlude else 0
    return encodings(1 + len(request.text.encode()) // TEXT_BYTES + words + interventions(request.probe))


SENTIMENT = Task(
    name="sentiment",
    request=SentimentRequest,
    checkpoints=(
        Checkpoint("sentiment", "embedded", PerceiverForSequenceClassification),
        Checkpoint("addy88/perceiver_imdb", "published", PerceiverForSequenceClassification),
    ),
    run=run,
    cost=_cost,
    stream=stream,
)
