"""Image classification."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL.Image import Image

from models.schema.common import AttentionMap, InputKey, LabelScore, Probe, Request, RunInfo, Weights

Variant = Literal["learned", "fourier", "conv"]


@dataclass(frozen=True, slots=True)
class LatentMaps:
    """Encoder attention of the n latents that the output attends to most, in descending order.

    latents: int64 [n], indices of the latents.
    weights: float32 [n], attention of the output to each latent (mean over heads).
    maps: float32 [n, height, width], attention of each latent to the inputs (mean over heads); each map sums to 1.
    """

    latents: np.ndarray
    weights: np.ndarray
    maps: np.ndarray


@dataclass(frozen=True, slots=True)
class ImageClassificationRequest(Request["ImageClassificationResult"]):
    """Classify an image.

    image: from 1x1 pixels to `models.data.images.MAX_PIXELS`, in any mode.
    variant: the position encoding of the model.
    top_k: number of classes in the result.
    probe.target: LabelAt; None for the best class.
    size: pixels along each side at which the model reads the image; None for the size it was trained on.
    latent_maps: number of latents whose maps are in the result.
    place: an input, as a flat index of the grid; the result has the latents that attend to it.
    positions: whether the result has the position encoding.
    cropped: whether `image` is `input_image` of an earlier result with the same weights and size, and is not cropped
        again.
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
    """Fields are None if the request does not ask for them.

    labels: classes, best first.
    input_image: the crop that the model read, RGB, at the size it read it.
    grid: (height, width) of the inputs.
    extent: where the grid begins and ends in `input_image`, as shares of its side, the same for rows and columns. Each
        input is drawn at the center of its receptive field.
    attention.values: float32 [height, width] of the inputs: pixels, or for "conv" the outputs of the convolution. One
        query predicts all classes, so the attention is the same for every class.
    attending_latents: float32 [latents], attention of each latent to the input at `place` (mean over heads).
    positions: float32 [height, width, channels], the position encoding of the inputs.
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
