"""What callers ask of the model service and what they get: plain Python, numpy and Pillow, no torch.

Arrays belong to the result that holds them. Every result has `run`, and `attention` where a `Probe` asked for it.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL.Image import Image

Weights = Literal["embedded", "published"]
Method = Literal["encoder", "decoder", "rollout"]
Decoding = Literal["parallel", "iterative"]
Variant = Literal["learned", "fourier", "conv"]


class InputError(ValueError):
    """The visitor's mistake; the message is fit to show."""


class CheckpointUnavailable(RuntimeError):  # noqa: N818  (the name that callers know)
    """Weights that cannot be had here and now; the message names them and what works without them."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A question about one output: what was it read from?

    output: flat index of the output, or None for the best class of a classifier, or for the pixel that moves most.
    method: "encoder" (what the latents read from the inputs), "decoder" (what the output read from the latents) or
    "rollout" (composed through all layers). head: one attention head of that stage, or None for their mean; roll-out
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

    longest_text: bytes of text that it reads at once, [CLS] and [SEP] not counted. image_size: pixels along each side
    of the images that it was trained on. labels: the classes that it tells apart. What a model has not is 0 or empty.
    """

    name: str
    parameters: int
    longest_text: int
    image_size: int
    labels: tuple[str, ...]
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


@dataclass(frozen=True, slots=True)
class LabelScore:
    """A class, its probability, 0 to 1, and its index among the model's classes."""

    name: str
    probability: float
    index: int


@dataclass(frozen=True, slots=True)
class LatentMaps:
    """What single latents read: the n that the output reads most, most first.

    latents: int64 [n]. weights: float32 [n], what share of its attention the output gives each (mean of heads).
    maps: float32 [n, height, width], what each reads of the inputs (mean of heads); each map sums to 1.
    """

    latents: np.ndarray
    weights: np.ndarray
    maps: np.ndarray


@dataclass(frozen=True, slots=True)
class ImageClassificationRequest:
    """Say what an image shows.

    image: of any size from 1x1 to `models.images.MOST_PIXELS`, in any mode. variant: how the model is told where a
    pixel is. top_k: classes wanted. probe.output: a class, as an index of `ModelShape.labels`. size: pixels along
    each side at which the model reads the image, or None for what it was trained on. latent_maps: how many single
    latents' maps are wanted. place: an input, as a flat index into the grid, whose readers are wanted. positions:
    whether the position encoding is wanted. cropped: whether `image` is what an earlier result of the same weights and
    size calls `seen`, to be taken as it is.
    """

    image: Image
    variant: Variant = "fourier"
    top_k: int = 5
    probe: Probe | None = None
    weights: Weights = "embedded"
    size: int | None = None
    latent_maps: int = 0
    place: int | None = None
    positions: bool = False
    cropped: bool = False


@dataclass(frozen=True, slots=True)
class ImageClassificationResult:
    """labels: best first. seen: the crop that the model saw, RGB, as large as it saw it.

    attention.values: float32 [height, width] of the inputs: pixels, or for "conv" what its convolution leaves of them.
    One query stands for all classes, so that the attention is the same whichever class is asked about.
    grid: (height, width) of the inputs. extent: from where to where of `seen` the grid reaches, down and across alike,
    as shares of its side: each input in the middle of what it was made of. readers: float32 [latents], how much of its
    attention each latent gives the input at `place` (mean of heads). positions: float32 [height, width, channels],
    what tells the encoder where an input is. Each is None where it was not asked for.
    """

    labels: tuple[LabelScore, ...]
    seen: Image
    grid: tuple[int, int]
    extent: tuple[float, float]
    attention: AttentionMap | None
    latent_maps: LatentMaps | None
    readers: np.ndarray | None
    positions: np.ndarray | None
    run: RunInfo


@dataclass(frozen=True, slots=True)
class OpticalFlowRequest:
    """Say where each pixel of a frame is in the next one.

    first, second: of one size, from 1x1 to `models.tasks.optical_flow.MOST_PIXELS`, in any mode. probe.output: a pixel
    of the first, row times width plus column; None: the one that moves most. step: at which of the sizes that the
    frames are read at it is traced, 0 is the smallest; None: where most of its motion was found. Models that read one
    size have step 0 alone.
    """

    first: Image
    second: Image
    probe: Probe | None = None
    weights: Weights = "embedded"
    step: int | None = None


@dataclass(frozen=True, slots=True)
class FlowTrace:
    """How the motion of one pixel, at `row` and `column` of the first frame, came about.

    sizes: (width, height) at which the frames were read, smallest first. added: float32 [sizes, 2], what each of them
    added to the motion, in pixels of the frames; together they are the flow at the pixel. step: the one that the
    attention is of. before: (right, down), by how much the second frame had been moved back there until then.
    second: it, as it was read at that step, in its own size. area: where the inputs lie in the frames: top, left,
    bottom, right, as shares of height and width; beyond 1 where a frame is smaller than what is read at once.
    """

    row: int
    column: int
    sizes: tuple[tuple[int, int], ...]
    added: np.ndarray
    step: int
    before: tuple[float, float]
    second: Image
    area: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class OpticalFlowResult:
    """flow: float32 [height, width, 2] in pixels, x right, y down: the pixel p is found at p + flow(p) in the second.

    tiles: (top, left, height, width) of each tile that the frames were read in at full size; one reaches beyond a frame
    that is smaller, which is mirrored there.
    attention.values: float32 [rows, columns] of the inputs, each of which holds both frames at its place, over the
    tile in which the pixel lies. trace: there with a probe.
    """

    flow: np.ndarray
    tiles: tuple[tuple[int, int, int, int], ...]
    attention: AttentionMap | None
    trace: FlowTrace | None
    run: RunInfo


@dataclass(frozen=True, slots=True)
class FlowCheck:
    """How right one flow is: `models.flow_check`.

    warped: the second frame moved back by it, RGB. known: bool [height, width], where that shows something of the
    second frame. before, after: mean photometric error, in grey levels of 0 to 255, as the frames are and with the
    second moved back. hidden: bool [height, width], what the second frame seems not to show, or None without the motion
    back. errors: float32 [height, width], end-point error in pixels, NaN where the truth is not known; epe: their mean;
    fl_all: the share of outliers, 0 to 1; None without a truth.
    """

    warped: Image
    known: np.ndarray
    before: float
    after: float
    hidden: np.ndarray | None = None
    errors: np.ndarray | None = None
    epe: float | None = None
    fl_all: float | None = None
