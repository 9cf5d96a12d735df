"""What the requests and results of all tasks share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

import numpy as np

from models.schema.interventions import Effects, Intervention

Weights = Literal["embedded", "published"]
Method = Literal["encoder", "decoder", "rollout"]


class InputError(ValueError):
    """The input cannot be used. The message is written for the visitor."""


class CheckpointUnavailable(RuntimeError):  # noqa: N818  (public name)
    """The weights cannot be loaded now. The message names them and says what works without them."""


R = TypeVar("R")
P = TypeVar("P")


DROPPED = "This result is no longer in memory. Run again."


class InputDropped(InputError):  # noqa: N818  (public name)
    """The backend no longer holds an uploaded input; the caller uploads it again."""

    def __init__(self, message: str = DROPPED):
        super().__init__(message)


class Request(Generic[R]):
    """A request to a task, whose result is an R."""

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


V = TypeVar("V")


def resolved(value: V | InputKey) -> V:
    """Returns the input itself. Raises TypeError for a key, which a backend replaces before a task runs."""
    if isinstance(value, InputKey):
        raise TypeError(f"the key {value.digest[:12]} was not replaced by its input")
    return value


@dataclass(frozen=True, slots=True)
class ByteAt:
    """A byte of the text as the model read it, counted from 0."""

    position: int


@dataclass(frozen=True, slots=True)
class PixelAt:
    """A pixel of the first frame, row and column counted from 0 at the top left."""

    row: int
    column: int


@dataclass(frozen=True, slots=True)
class FramePixel:
    """A pixel of a clip as the model reads it, at its own frame rate and image size; all counted from 0."""

    frame: int
    row: int
    column: int


@dataclass(frozen=True, slots=True)
class SoundAt:
    """A sample of a clip's sound at the model's sample rate, counted from 0."""

    sample: int


@dataclass(frozen=True, slots=True)
class LabelAt:
    """A class, as an index of `ModelShape.labels` or of a fine-tuned model's labels."""

    index: int


@dataclass(frozen=True, slots=True)
class TokenAt:
    """A generated token, counted from 0; the tokens of earlier requests (`written`) count too."""

    index: int


Target = ByteAt | PixelAt | FramePixel | SoundAt | LabelAt | TokenAt


@dataclass(frozen=True, slots=True)
class Probe:
    """Asks which inputs one output attended to.

    target: the output; each request documents which kinds it takes, and what the task chooses if it is None.
    method: "encoder" (attention from latents to inputs), "decoder" (attention from the output to latents) or "rollout"
    (composed through all layers). head: one attention head of that stage, or None for their mean; rollout has means
    only. latent: for "encoder", one latent, or None for all of them, weighted by the output's decoder attention or, if
    not `weighted`, equally. stages: also the attention of all stages, whatever the method. without: and how leaving out
    each of these changes the outputs.
    """

    target: Target | None = None
    method: Method = "rollout"
    head: int | None = None
    latent: int | None = None
    weighted: bool = True
    stages: bool = False
    without: tuple[Intervention, ...] = ()


@dataclass(frozen=True, slots=True)
class Stages:
    """Attention from outputs to latents and from latents to inputs, means over heads. R outputs, M inputs.

    latents: int64 [K], those with most attention of the outputs, most first. count: number of all latents.
    decoder: float32 [R, K], attention of each output to these latents.
    encoder: float32 [K, M], attention of each of these latents to the inputs; rows sum to 1.
    inputs: float32 [R, M], encoder attention of all latents, weighted by the output's decoder attention; rows sum to 1.
    layers: float32 [L + 1, R, K], the output's weight of these latents before the first self-attention layer (0) and
    after each layer (L: `decoder`), by rollout through the layers; None if the model is large.
    effects: of what the probe leaves out; None if the outputs are not probabilities.
    """

    latents: np.ndarray
    count: int
    decoder: np.ndarray
    encoder: np.ndarray
    inputs: np.ndarray
    layers: np.ndarray | None = None
    effects: Mapping[Intervention, Effects] | None = None


@dataclass(frozen=True, slots=True)
class AttentionMap:
    """Attention of one output: shares which, with `latent_share` and `query_share`, sum to 1.

    values: float32, of the shape of the inputs (method "decoder": [latents]).
    latent_share: share that residual connections keep at the learned latent array, 0 to 1.
    query_share: share that the residual connection keeps at the query of the output, 0 to 1.
    uniform: share that each value has if attention is even: the mean of `values`. It is computed. Under rollout it is
    less than 1 / number of values, since the residual shares are kept apart.
    title: what the map shows, in words.
    head, latent: the one whose attention it is; None: a mean.
    stages: attention of all stages, if the probe asked for it.
    """

    values: np.ndarray
    latent_share: float
    query_share: float
    uniform: float = field(init=False)
    method: Method
    title: str
    head: int | None = None
    latent: int | None = None
    stages: Stages | None = None

    def __post_init__(self) -> None:
        total = float(self.values.sum(dtype=np.float64)) or 1.0
        object.__setattr__(self, "uniform", total / self.values.size)


@dataclass(frozen=True, slots=True)
class RunInfo:
    """How a result was computed.

    model: folder name or hub id.
    seconds: wall time of the whole call.
    encoder_cached: whether the latents came from the cache.
    seed: seed of the random draws, or None if there are none.
    """

    model: str
    weights: Weights
    device: str
    dtype: str
    seconds: float
    encoder_cached: bool
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class ModelShape:
    """Size and interface of a model. What does not apply to a model is 0 or empty.

    longest_text: longest input in bytes, without [CLS] and [SEP]; for a Perceiver AR in tokens, prefix and latents
        together, so that its longest prefix is longest_text - latents.
    image_size: pixels along each side of the training images.
    labels: names of the classes.
    fps, sample_rate: frame rate and audio sample rate of the clips that the model reads.
    cross_heads: heads of the encoder cross-attention.
    matching_orders: of the last ones of these, which look up n-grams: how many tokens each compares.
    vocabulary: number of different tokens that the model generates.
    decoder_heads: heads of the decoder cross-attention.
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
    decoder_heads: int = 0
    matching_orders: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelScore:
    """A class, its probability, 0 to 1, and its index among the model's classes."""

    name: str
    probability: float
    index: int
