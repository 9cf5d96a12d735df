"""What callers ask about every task, and what every result tells."""

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import numpy as np

Weights = Literal["embedded", "published"]
Method = Literal["encoder", "decoder", "rollout"]


class InputError(ValueError):
    """The visitor's mistake; the message is fit to show."""


class CheckpointUnavailable(RuntimeError):  # noqa: N818  (the name that callers know)
    """Weights that cannot be had here and now; the message names them and what works without them."""


R = TypeVar("R")
P = TypeVar("P")


class InputDropped(InputError):  # noqa: N818  (as CheckpointUnavailable)
    """The backend no longer holds an input that was uploaded before; the caller sends it again."""


class Request(Generic[R]):
    """A question to a task, answered by an R."""

    __slots__ = ()


class StreamRequest(Request[R], Generic[P, R]):
    """A request whose result can be streamed: parts P, then R."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class InputKey:
    """Content address of a large input that the backend holds.

    digest: SHA-256 of dtype, shape and bytes. shape: of the array, or (height, width) of the image.
    """

    digest: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Probe:
    """A question about one output: what was it read from?

    output: flat index of the output, or None for the best class of a classifier, or for the pixel that moves most.
    method: "encoder" (what the latents read from the inputs), "decoder" (what the output read from the latents) or
    "rollout" (composed through all layers). head: one attention head of that stage, or None for their mean; rollout
    has means only. latent: for "encoder", one latent, or None for all of them: weighed by how much this output reads
    from each, or, if not `weighed`, equally.
    """

    output: int | None
    method: Method = "rollout"
    head: int | None = None
    latent: int | None = None
    weighed: bool = True


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
    """How large a model is.

    longest_text: bytes of text that it reads at once, [CLS] and [SEP] not counted; of a Perceiver AR tokens, prefix and
    latents, so that its longest prefix is longest_text - latents. image_size: pixels along each side
    of the images that it was trained on. labels: the classes that it tells apart. fps, sample_rate: frames
    and samples a second of the clips that it reads. vocabulary: kinds of tokens that it writes. What a model has not
    is 0 or empty.
    """

    name: str
    parameters: int
    longest_text: int
    image_size: int
    labels: tuple[str, ...]
    fps: float
    sample_rate: int
    input_channels: int
    latents: int
    latent_channels: int
    blocks: int
    layers: int
    self_heads: int
    cross_heads: int
    vocabulary: int = 0


@dataclass(frozen=True, slots=True)
class LabelScore:
    """A class, its probability, 0 to 1, and its index among the model's classes."""

    name: str
    probability: float
    index: int
