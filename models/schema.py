"""What callers ask of the model service and what they get: plain Python, numpy and Pillow, no torch.

Arrays belong to the result that holds them. Every result has `run`, and `attention` where a `Probe` asked for it.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

Weights = Literal["embedded", "published"]
Method = Literal["encoder", "decoder", "rollout"]
Decoding = Literal["parallel", "iterative"]


class InputError(ValueError):
    """The visitor's mistake; the message is fit to show."""


class CheckpointUnavailable(RuntimeError):  # noqa: N818  (the name that callers know)
    """Weights that cannot be had here and now; the message names them and what works without them."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A question about one output: what was it read from?

    output: flat index of the output. method: "encoder" (what the latents read from the inputs), "decoder" (what the
    output read from the latents) or "rollout" (composed through all layers).
    head: one attention head of that stage, or None for their mean; roll-out has means only. latent: for "encoder", one
    latent, or None for all of them weighed by how much this output reads from each.
    """

    output: int
    method: Method = "rollout"
    head: int | None = None
    latent: int | None = None


@dataclass(frozen=True, slots=True)
class AttentionMap:
    """Shares of attention, which with `latent_share` and `query_share` sum to 1.

    values: float32, of the inputs' own shape (for method "decoder": [latents]). latent_share: what residuals led to
    the learned latent array; query_share: to the output's own query. uniform: 1 / number of values, the level at which
    nothing is preferred. title: what is shown, in words.
    """

    values: np.ndarray
    latent_share: float
    query_share: float
    uniform: float
    method: Method
    title: str


@dataclass(frozen=True, slots=True)
class RunInfo:
    """How a result came about. model: folder name or hub id. seconds: wall time of the whole call."""

    model: str
    weights: Weights
    device: str
    dtype: str
    seconds: float
    encoder_cached: bool
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class ModelShape:
    """How large a model is. longest_text: bytes of text that it reads at once, [CLS] and [SEP] not counted."""

    name: str
    parameters: int
    longest_text: int
    input_channels: int
    latents: int
    latent_channels: int
    blocks: int
    layers: int
    self_heads: int
    cross_heads: int


@dataclass(frozen=True, slots=True)
class MaskedBytesRequest:
    """Fill in the hidden bytes of a text.

    mask: half-open spans of UTF-8 bytes of `text`. A literal `[MASK]` in the text hides one byte, too.
    top_k: candidates for each hidden byte, 1 to 256. decoding: "parallel" fills all at once, "iterative" the most
    certain byte first and reads again. probe.output: a byte position, as in the result's `positions`.
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
