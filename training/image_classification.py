"""The demo models for image classification: three position encodings, trained from scratch on CIFAR-10."""

import json
import math
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import (
    PerceiverConfig,
    PerceiverForImageClassificationConvProcessing,
    PerceiverForImageClassificationFourier,
    PerceiverForImageClassificationLearned,
    PerceiverPreTrainedModel,
)

from training.card import Facts, Report
from training.cifar import SIZE, Crops, Images, hold_out, read_images
from training.image_card import facts
from training.image_scores import baselines, evaluate
from training.image_start import image_start
from training.pixel_reading import classify
from training.recipe import Objective, Recipe

VARIANTS: dict[str, type[PerceiverPreTrainedModel]] = {
    "learned": PerceiverForImageClassificationLearned,
    "fourier": PerceiverForImageClassificationFourier,
    "conv": PerceiverForImageClassificationConvProcessing,
}
CHANNELS = {"learned": 512, "fourier": 261, "conv": 322}
"""Channels of an encoder input."""
TOKENS = {"learned": SIZE, "fourier": SIZE, "conv": 7}
"""Inputs along each side of the image."""
BARS = {"learned": 0.45, "fourier": 0.50, "conv": 0.70}
"""Accuracy on the test images below which the model is not shipped."""
COARSE = (12, 16, 20)
"""Pixels along each side in the first part of the training of learned and fourier, drawn for each step.

A quarter of the inputs on average. Positions learned at only one size do not transfer to another.
"""


def config(variant: str, names: tuple[str, ...], latents: int, layers: int) -> PerceiverConfig:
    """About two million parameters: `latents` of 192 channels, 16 encoder heads, and `layers` of self-attention."""
    return PerceiverConfig(
        num_latents=latents,
        d_latents=192,
        d_model=CHANNELS[variant],
        num_blocks=1,
        num_self_attends_per_block=layers,
        num_self_attention_heads=8,
        num_cross_attention_heads=16,
        qk_channels=256,
        v_channels=192,
        self_attention_widening_factor=2,
        attention_probs_dropout_prob=0.0,
        image_size=SIZE,
        id2label=dict(enumerate(names)),
        label2id={name: index for index, name in enumerate(names)},
    )


def batch_loss(model: PerceiverPreTrainedModel, batch: tuple[Tensor, Tensor]) -> Tensor:
    """Mean cross-entropy in nats; batch: pixels [B, 3, height, width], normalized, and labels [B]."""
    pixels, labels = batch
    with torch.autocast(pixels.device.type, torch.bfloat16):
        logits = classify(model, pixels)
    return F.cross_entropy(logits.float(), labels)


class ImageClassification(Recipe):
    model = "image"
    data = "folder with train/<class>/*.jpg and test/, or cifar10_jpeg.tar.xz with them"
    variants = tuple(VARIANTS)
    compiles = True
    options: ClassVar = {
        "steps": 6_000,
        "batch": 128,
        "rate": 2e-3,
        "warmup": 200,
        "latents": (49, "a square number"),
        "layers": 4,
        "coarse": (0.7, "share of the steps on smaller images"),
        "validate_every": 500,
    }

    def network(self) -> type[PerceiverPreTrainedModel]:
        return VARIANTS[self.args.variant]

    def build(self) -> PerceiverPreTrainedModel:
        args, tokens = self.args, TOKENS[self.args.variant]
        model = self.network()(config(args.variant, self.training.names, args.latents, args.layers))
        # The heads of one latent together cover its cell of the image, four by four.
        image_start(model, tokens, spacing=max(1.0, tokens / math.isqrt(args.latents) / 4))
        return model

    @cached_property
    def training(self) -> Images:
        return read_images(self.args.data, "train")

    @cached_property
    def test(self) -> Images:
        return read_images(self.args.data, "test")

    def objective(self, model: PerceiverPreTrainedModel) -> Objective:
        args = self.args
        seen, held_out = hold_out(self.training)
        crops = Crops(seen, torch.device(args.device), args.batch)
        coarse_until = args.coarse * args.steps if args.variant != "conv" else 0

        def draw(step: int) -> tuple[Tensor, Tensor]:
            pixels, labels = crops.draw(step)
            if step < coarse_until:
                side = COARSE[int(torch.randint(len(COARSE), ()))]
                pixels = F.interpolate(pixels, (side, side), mode="bilinear", antialias=True)
            return pixels, labels

        return Objective(draw, batch_loss, lambda: evaluate(model, held_out), lambda scores: scores["nats"])

    def evaluate(self, model: PerceiverPreTrainedModel) -> dict:
        variant, scores = self.args.variant, evaluate(model, self.test)
        return {"variant": variant, "bar": BARS[variant], "met": scores["top1"] >= BARS[variant]} | scores

    def baselines(self) -> dict:
        return baselines(self.training, self.test)

    def rounding_scores(self, model: PerceiverPreTrainedModel) -> dict[str, float]:
        return {"nats": evaluate(model, hold_out(self.training)[1])["nats"]}

    def facts(self, report: Report, model: PerceiverPreTrainedModel) -> Facts:
        seen, held_out = hold_out(self.training)
        sizes = {"train": len(seen), "held_out": len(held_out), "test": len(self.test)}
        others = scores_of_others(self.args.variant, self.args.to.parent)
        return facts(report, self.args.variant, TOKENS[self.args.variant], others, sizes)


def scores_of_others(variant: str, folder: Path) -> dict[str, dict]:
    """Scores that the cards of the other variants left in `folder`, by variant."""
    files = {other: folder / f"image_{other}" / "scores.json" for other in VARIANTS if other != variant}
    return {other: json.loads(file.read_text()) for other, file in files.items() if file.exists()}


if __name__ == "__main__":
    ImageClassification.main()
