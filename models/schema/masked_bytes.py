"""Hidden bytes of a text."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.schema.common import AttentionMap, Probe, Request, RunInfo, Weights

Decoding = Literal["parallel", "iterative"]
MAX_ITERATIONS = 128
"""Masked bytes that iterative decoding takes: it encodes the text once for each."""


@dataclass(frozen=True, slots=True)
class MaskedBytesRequest(Request["MaskedBytesResult"]):
    """Fill in the hidden bytes of a text.

    mask: half-open spans of UTF-8 bytes of `text`. A literal `[MASK]` in the text hides one byte, too.
    top_k: candidates for each hidden byte, 1 to 256. decoding: "parallel" fills all at once, "iterative" the most
    certain byte first and reads again. probe.target: ByteAt, counted as in the
    result's `positions`; None: the first masked byte that is not a space in the UTF-8 of `text`, else the first masked
    byte.
    """

    text: str
    mask: tuple[tuple[int, int], ...]
    top_k: int = 5
    decoding: Decoding = "parallel"
    probe: Probe | None = None
    weights: Weights = "embedded"


@dataclass(frozen=True, slots=True)
class MaskedBytesResult:
    """m hidden bytes, k candidates each, best first.

    positions: int64 [m], byte offsets in the text as it was read, where each literal `[MASK]` is one byte.
    candidates: uint8 [m, k]. probabilities: float32 [m, k], of all 262 tokens, so a row sums to at most 1.
    order: int64 [m], in which round a byte was filled (0 for all in parallel decoding).
    filled_bytes: the whole text with the best candidates in place; filled: the same, undecodable bytes as U+FFFD.
    bytes_read of bytes_total: less than all where the text is longer than the model; what lies behind is not read.
    attention.values: float32 [bytes_read + 2]: the bytes between the tokens [CLS] and [SEP].
    traced: position of the byte that the attention is about, or None without a probe.
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
