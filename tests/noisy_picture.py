"""A picture for tests of image classification, and what transformers' own processor and forward make of it."""

from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from transformers import PerceiverImageProcessorPil

from models.schema import ImageClassificationRequest, Variant, Weights
from tests.tiny_models import SIDE, served_model

VARIANTS: tuple[Variant, ...] = ("learned", "fourier", "conv")
WEIGHTS: tuple[Weights, ...] = ("embedded", "published")
PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (45, 62, 3), dtype=np.uint8))
OTHER = Image.fromarray(np.random.default_rng(1).integers(0, 256, (45, 62, 3), dtype=np.uint8))
GOOD = ImageClassificationRequest(PICTURE, top_k=10)
GRID = {"learned": 32, "fourier": 32, "conv": 7}
"""Inputs along each side at the usual size of the tiny models: a 7x7 convolution and a pooling leave 7 of 32 pixels."""
CLASSES = {
    "learned": "PerceiverForImageClassificationLearned",
    "fourier": "PerceiverForImageClassificationFourier",
    "conv": "PerceiverForImageClassificationConvProcessing",
}


class Read(NamedTuple):
    """One forward of transformers. logits: [classes]. encoder: [heads, latents, inputs]. decoder: [heads, latents].

    positions: [inputs, channels], the part of what is read that tells places.
    """

    pixels: Tensor
    probabilities: np.ndarray
    maps: Any
    encoder: np.ndarray
    decoder: np.ndarray
    positions: np.ndarray


def processed(image: Image.Image, weights: Weights, size: int, **options: Any) -> Tensor:
    """[1, 3, size, size], as transformers' processor makes it: of all, or of 7/8 as the published models take it."""
    side = size if weights == "embedded" else size * 8 / 7
    size_of = {"height": size, "width": size}
    processor = PerceiverImageProcessorPil(size=size_of, crop_size={"height": side, "width": side})
    return processor(image, return_tensors="pt", input_data_format="channels_last", **options)["pixel_values"]


def seen_by_processor(image: Image.Image, weights: Weights, size: int) -> np.ndarray:
    """uint8 [size, size, 3]: the same without the scaling of values."""
    pixels = processed(image, weights, size, do_rescale=False, do_normalize=False)
    return pixels[0].permute(1, 2, 0).numpy()


@torch.no_grad()
def forward(
    variant: Variant, weights: Weights = "embedded", image: Image.Image = PICTURE, size: int = SIDE, **options: Any
) -> Read:
    """What transformers makes of a picture, with learned positions stretched where the size is not the usual one."""
    model = served_model(CLASSES[variant], seed=WEIGHTS.index(weights))
    stretched: dict[str, Any] = {"interpolate_pos_encoding": True} if (variant, size) != ("learned", SIDE) else {}
    pixels = processed(image, weights, size, **options)
    found = model(inputs=pixels, output_attentions=True, **stretched)
    inputs, _, content = model.perceiver.input_preprocessor(pixels, **stretched)
    return Read(
        pixels,
        found.logits[0].softmax(dim=-1).numpy(),
        found,
        found.cross_attentions[0][0].numpy(),
        found.cross_attentions[-1][0, :, 0].numpy(),
        inputs[0, :, content.shape[-1] :].numpy(),
    )
