"""Masked language modeling over bytes."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.schema.common import AttentionMap, Probe, RunInfo, StreamRequest, Weights

Decoding = Literal["parallel", "iterative"]
MAX_ITERATIONS = 128
"""Most masked bytes for iterative decoding, which encodes the text once per byte."""


@dataclass(frozen=True, slots=True)
class MaskedBytesRequest(StreamRequest["MaskedBytesProgress", "MaskedBytesResult"]):
    """Predict the masked bytes of a text. Streams `MaskedBytesProgress` while a long iterative decoding runs.

    mask: half-open spans of UTF-8 bytes of `text`. A literal `[MASK]` in the text is one more masked byte.
    top_k: number of candidates per masked byte, 1 to 256.
    decoding: "parallel" fills all bytes at once; "iterative" fills the most certain byte, encodes the text again, and
        so on.
    probe.target: ByteAt, counted as in `positions` of the result; None for the first masked byte that is not a space in
        `text`, or else the first masked byte.
    """

    text: str
    mask: tuple[tuple[int, int], ...]
    top_k: int = 5
    decoding: Decoding = "parallel"
    probe: Probe | None = None
    weights: Weights = "embedded"


@dataclass(frozen=True, slots=True)
class MaskedBytesProgress:
    """A text of which iterative decoding has filled only some masked bytes.

    content: the part of the text that the model reads; bytes at `masked` positions have no meaning.
    filled, masked: int64, byte offsets in `content`, in ascending order: filled so far, and still masked.
    """

    content: bytes
    filled: np.ndarray
    masked: np.ndarray


@dataclass(frozen=True, slots=True)
class MaskedBytesResult:
    """m masked bytes with k candidates each, best first.

    filled_bytes: the whole text with the best candidates filled in; filled: the same as a string, with U+FFFD for bytes
        that are not UTF-8.
    positions: int64 [m], byte offsets in the text that the model read, in which each literal `[MASK]` is one byte.
    candidates: uint8 [m, k].
    probabilities: float32 [m, k], of all 262 tokens, so that a row sums to at most 1.
    order: int64 [m], the round in which a byte was filled; 0 for all in parallel decoding.
    bytes_read, bytes_total: the model reads only the first `bytes_read` bytes of a longer text.
    attention.values: float32 [bytes_read + 2], the bytes between the tokens [CLS] and [SEP].
    traced: position of the byte whose attention is shown; None without a probe.
    """

    filled: str
    filled_bytes: bytes
    positions: np.ndarray
    candidates: np.ndarray
    probabilities: np.ndarray
    order: np.ndarray
    bytes_read: int
    bytes_total: int
    attention: AttentionMap | None
    run: RunInfo
    traced: int | None = None
