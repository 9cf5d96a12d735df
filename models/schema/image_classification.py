"""What a picture shows."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL.Image import Image

from models.schema.common import AttentionMap, InputKey, LabelScore, Probe, Request, RunInfo, Weights

Variant = Literal["learned", "fourier", "conv"]


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
class ImageClassificationRequest(Request["ImageClassificationResult"]):
    """Say what an image shows.

    image: of any size from 1x1 to `models.data.images.MAX_PIXELS`, in any mode. variant: how the model is told where a
    pixel is. top_k: classes wanted. probe.target: LabelAt; None: the best class. size: pixels along
    each side at which the model reads the image, or None for what it was trained on. latent_maps: how many single
    latents' maps are wanted. place: an input, as a flat index into the grid, whose attending_latents are wanted. positions:
    whether the position encoding is wanted. cropped: whether `image` is what an earlier result of the same weights and
    size calls `seen`, to be taken as it is.
    """

    image: Image | InputKey
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
    as shares of its side: each input in the middle of what it was made of. attending_latents: float32 [latents], how much of its
    attention each latent gives the input at `place` (mean of heads). positions: float32 [height, width, channels],
    what tells the encoder where an input is. Each is None where it was not asked for.
    """

    labels: tuple[LabelScore, ...]
    input_image: Image
    grid: tuple[int, int]
    extent: tuple[float, float]
    attention: AttentionMap | None
    latent_maps: LatentMaps | None
    attending_latents: np.ndarray | None
    positions: np.ndarray | None
    run: RunInfo
