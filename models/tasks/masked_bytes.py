"""Masked language modeling: predicts masked bytes from the rest of the text (Perceiver IO, section 4.1)."""

import time
from collections.abc import Generator, Hashable
from dataclasses import dataclass, replace
from typing import TypeVar, cast

import numpy as np
import torch
from transformers import PerceiverForMaskedLM

from models.data.byte_text import ByteText, read_text
from models.perceiver.checkpoints import Checkpoint
from models.perceiver.engine import Encoded, decode
from models.schema import (
    AttentionMap,
    ByteAt,
    InputError,
    MaskedBytesProgress,
    MaskedBytesRequest,
    MaskedBytesResult,
    Probe,
)
from models.schema.masked_bytes import MAX_ITERATIONS
from models.tasks.byte_tokens import AROUND, FIRST_BYTE, token_ids
from models.tasks.cost import Cost, encodings, interventions
from models.tasks.targets import check_index, target_of
from models.tasks.task import Loaded, Runtime, Task
from models.tasks.tracing import trace

V = TypeVar("V")
STAGED = 32
"""Most masked bytes whose attention `Stages` has."""
PROGRESS_SECONDS = 0.3
"""Seconds between parts of the stream."""
Progress = Generator[MaskedBytesProgress, None, V]


@dataclass(frozen=True, slots=True)
class _Filling:
    """Predictions for m masked bytes: positions, probabilities of all 256 bytes [m, 256], round of each byte [m]."""

    positions: np.ndarray
    probabilities: np.ndarray
    order: np.ndarray

    @property
    def nbytes(self) -> int:
        return self.positions.nbytes + self.probabilities.nbytes + self.order.nbytes


def run(request: MaskedBytesRequest, runtime: Runtime) -> MaskedBytesResult:
    """The result; see `stream`."""
    *_, result = stream(request, runtime)
    return cast(MaskedBytesResult, result)


def stream(request: MaskedBytesRequest, runtime: Runtime) -> Generator[MaskedBytesProgress | MaskedBytesResult]:
    """Yields the progress of iterative decoding, if it takes long, and then the result.

    Raises InputError for a text whose masked bytes cannot be predicted.
    """
    text = _checked(request)
    with runtime.load(MASKED_BYTES.checkpoint(request.weights)) as loaded:
        read = _readable(text, loaded)
        # Checked before anything is computed.
        traced = None if request.probe is None else _traced_byte(request.probe, read)
        if request.decoding == "iterative":
            filling, known = yield from _fill_iteratively(read, loaded, runtime)
        else:
            filling, known = _fill_at_once(read, loaded, runtime)
        attention = None
        if request.probe is not None and traced is not None:
            attention = _trace(request.probe, traced, read, filling, loaded, runtime)
        info = runtime.info(loaded, known)

    candidates = np.argsort(-filling.probabilities, axis=1, kind="stable")[:, : request.top_k]
    filled = _put(text, filling.positions, candidates[:, 0]).content
    yield MaskedBytesResult(
        filled=filled.decode("utf-8", errors="replace"),
        filled_bytes=filled,
        positions=filling.positions.copy(),  # the filling stays in the cache
        candidates=candidates.astype(np.uint8),
        probabilities=np.take_along_axis(filling.probabilities, candidates, axis=1).astype(np.float32),
        order=filling.order.copy(),
        bytes_read=len(read.content),
        bytes_total=len(text.content),
        attention=attention,
        run=info,
        traced=traced,
    )


def _checked(request: MaskedBytesRequest) -> ByteText:
    if request.decoding not in ("parallel", "iterative"):
        raise InputError(f"The decoding must be parallel or iterative, not {request.decoding!r}.")
    if not 1 <= request.top_k <= 256:
        raise InputError(f"top_k must be 1 to 256, not {request.top_k}.")
    text = read_text(request.text, request.mask)
    if not text.content:
        raise InputError("The text is empty. Write a sentence and mask a part of it.")
    hidden = sum(text.hidden)
    if not hidden:
        raise InputError("No bytes are masked. Drag across the text below, or type [MASK].")
    if hidden == len(text.content):
        raise InputError("All bytes are masked. Leave a part of the text visible.")
    if request.decoding == "iterative" and hidden > MAX_ITERATIONS:
        raise InputError(
            f"{hidden} bytes are masked. The limit of iterative decoding is {MAX_ITERATIONS}. "
            "Mask fewer bytes, or use parallel decoding."
        )
    return text


def _traced_byte(probe: Probe, read: ByteText) -> int:
    """Position of the byte to trace. By default not a space, since spaces are the least informative."""
    target = target_of(probe, ByteAt)
    if target is not None:
        check_index("byte", target.position, len(read.content), "the text that the model reads")
        return target.position
    masked = [position for position, hidden in enumerate(read.hidden) if hidden]
    return next((position for position in masked if read.content[position : position + 1] != b" "), masked[0])


def _trace(
    probe: Probe, traced: int, text: ByteText, filling: _Filling, loaded: Loaded, runtime: Runtime
) -> AttentionMap:
    """Attention of a byte in the round that filled it; of a visible byte, in the first round."""
    index = filling.positions.tolist().index(traced) if text.hidden[traced] else None
    value = text.content[traced] if index is None else int(filling.probabilities[index].argmax())
    before = filling.order < (0 if index is None else filling.order[index])
    as_read = _put(text, filling.positions[before], filling.probabilities[before].argmax(axis=1))
    encoded, _ = runtime.encode(loaded, token_ids(as_read), _key(as_read))
    seen = repr(bytes([value]))[1:]
    name = f"byte {traced}, {'visible' if index is None else 'predicted'} as {seen}"
    outputs, predicted = torch.tensor([traced + AROUND]), [value + FIRST_BYTE]
    if text.hidden[traced]:
        outputs = torch.from_numpy(filling.positions[:STAGED]) + AROUND
        predicted = (filling.probabilities[:STAGED].argmax(axis=1) + FIRST_BYTE).tolist()
    return trace(loaded, encoded, probe, torch.tensor([traced + AROUND]), name, outputs, predicted)


def _readable(text: ByteText, loaded: Loaded) -> ByteText:
    """The part of the text that the model reads. Raises InputError if masked bytes are outside it."""
    read = text.head(loaded.model.config.max_position_embeddings - 2 * AROUND)
    if not any(read.hidden) or any(text.hidden[len(read.content) :]):
        raise InputError(
            f"The model reads only the first {len(read.content)} of {len(text.content)} bytes, and some masked bytes "
            "are after them. Shorten the text."
        )
    if all(read.hidden):
        raise InputError(
            f"The model reads only the first {len(read.content)} of {len(text.content)} bytes, and all of them are "
            "masked. Leave a part of them visible."
        )
    return read


def _fill_at_once(text: ByteText, loaded: Loaded, runtime: Runtime) -> tuple[_Filling, bool]:
    positions = np.flatnonzero(text.hidden)
    encoded, known = runtime.encode(loaded, token_ids(text), _key(text))
    return _Filling(positions, _byte_probabilities(loaded, encoded, positions), np.zeros_like(positions)), known


def _fill_iteratively(text: ByteText, loaded: Loaded, runtime: Runtime) -> Progress[tuple[_Filling, bool]]:
    """Fills the most certain byte, then reads the text again with that byte in place, and so on.

    The predictions are cached rather than their many encodings: tracing a byte needs only the encoding of its round.
    """
    key = (loaded.checkpoint, "one by one", text.content, text.hidden)
    return (yield from runtime.get_or_stream(key, lambda: _one_by_one(text, loaded, runtime)))


def _one_by_one(text: ByteText, loaded: Loaded, runtime: Runtime) -> Progress[_Filling]:
    positions, shown_at = np.flatnonzero(text.hidden), time.monotonic()
    probabilities = np.zeros((len(positions), 256), dtype=np.float32)
    order = np.zeros_like(positions)
    waiting = list(range(len(positions)))
    for turn in range(len(positions)):
        encoded, _ = runtime.encode(loaded, token_ids(text), key=None)
        found = _byte_probabilities(loaded, encoded, positions[waiting])
        surest = int(found.max(axis=1).argmax())
        index = waiting.pop(surest)
        probabilities[index], order[index] = found[surest], turn
        text = _put(text, positions[index : index + 1], found[surest].argmax(keepdims=True))
        if waiting and time.monotonic() - shown_at >= PROGRESS_SECONDS:
            shown_at = time.monotonic()
            masked = np.flatnonzero(text.hidden)
            yield MaskedBytesProgress(text.content, np.setdiff1d(positions, masked), masked)
    return _Filling(positions, probabilities, order)


def _byte_probabilities(loaded: Loaded, encoded: Encoded, positions: np.ndarray) -> np.ndarray:
    """float32 [m, 256]: the bytes in the softmax over all tokens."""
    wanted = torch.from_numpy(positions + AROUND).to(encoded.latents.device)
    logits = decode(loaded.model, encoded, wanted)[0].float()
    return logits.softmax(dim=-1)[:, FIRST_BYTE:].cpu().numpy()


def _key(text: ByteText) -> Hashable:
    return text.content, text.hidden


def _put(text: ByteText, positions: np.ndarray, values: np.ndarray) -> ByteText:
    """The text with these bytes filled in and unmasked."""
    content, hidden = bytearray(text.content), list(text.hidden)
    for position, value in zip(positions.tolist(), values.tolist(), strict=True):
        content[position], hidden[position] = value, False
    return replace(text, content=bytes(content), hidden=tuple(hidden))


def _cost(request: MaskedBytesRequest) -> Cost:
    masked = sum(stop - start for start, stop in request.mask)
    rounds = min(masked, MAX_ITERATIONS) if request.decoding == "iterative" else 1
    return encodings(rounds + interventions(request.probe))


MASKED_BYTES = Task(
    name="masked_bytes",
    request=MaskedBytesRequest,
    checkpoints=(
        Checkpoint("masked_bytes", "embedded", PerceiverForMaskedLM),
        Checkpoint("deepmind/language-perceiver", "published", PerceiverForMaskedLM),
    ),
    run=run,
    cost=_cost,
    stream=stream,
)
