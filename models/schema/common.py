"""What callers ask about every task, and what every result tells."""

from dataclasses import dataclass, field
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


DROPPED = "This result is no longer in memory. Run again."


class InputDropped(InputError):  # noqa: N818  (as CheckpointUnavailable)
    """The backend no longer holds an input that was uploaded before; the caller sends it again."""

    def __init__(self, message: str = DROPPED):
        super().__init__(message)


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


V = TypeVar("V")


def resolved(value: V | InputKey) -> V:
    """The input itself. Raises TypeError for a key: a backend replaces keys before a task runs."""
    if isinstance(value, InputKey):
        raise TypeError(f"the key {value.digest[:12]} was not replaced by the input that it stands for")
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
    """A generated token, counted from 0, those of earlier requests (`written`) included."""

    index: int


Target = ByteAt | PixelAt | FramePixel | SoundAt | LabelAt | TokenAt


@dataclass(frozen=True, slots=True)
class Probe:
    """Asks which inputs one output attended to.

    target: the output; each request documents which kinds it takes, and what the task chooses if it is None.
    method: "encoder" (attention from latents to inputs), "decoder" (attention from the output to latents) or "rollout"
    (composed through all layers). head: one attention head of that stage, or None for their mean; rollout has means
    only. latent: for "encoder", one latent, or None for all of them, weighted by the output's decoder attention or, if
    not `weighted`, equally.
    """

    target: Target | None = None
    method: Method = "rollout"
    head: int | None = None
    latent: int | None = None
    weighted: bool = True


@dataclass(frozen=True, slots=True)
class AttentionMap:
    """Attention of one output: shares which, with `latent_share` and `query_share`, sum to 1.

    values: float32, of the shape of the inputs (method "decoder": [latents]).
    latent_share: share that residual connections keep at the learned latent array, 0 to 1.
    query_share: share that the residual connection keeps at the query of the output, 0 to 1.
    uniform: share that each value has if attention is even: the mean of `values`. It is computed. Under rollout it is
    less than 1 / number of values, since the residual shares are kept apart.
    title: what the map shows, in words.
    """

    values: np.ndarray
    latent_share: float
    query_share: float
    uniform: float = field(init=False)
    method: Method
    title: str

    def __post_init__(self) -> None:
        total = float(self.values.sum(dtype=np.float64)) or 1.0
        object.__setattr__(self, "uniform", total / self.values.size)


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
