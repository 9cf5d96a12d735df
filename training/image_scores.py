"""Scores of image classification on images that training does not see: of a model, and of two linear baselines.

The settings of the baselines are fixed, so that the test images do not choose them.
"""

import numpy as np
import torch
from skimage.feature import hog
from torch import Tensor
from torch.nn import functional as F
from transformers import PerceiverPreTrainedModel

from training.cifar import Images, normalized
from training.pixel_reading import classify
from training.progress import reported

TOP = 5
"""Classes that count for `top5`."""
PIXEL_STRENGTH = 1e-3
"""1 / weight decay, relative to the sum of the losses: with less decay, 3,072 pixels overfit."""
PIXEL_ITERATIONS = 200
EDGE_STRENGTH = 0.01
"""The same for edges: 38.6% accuracy on 1,000 images after fitting 2,500 others; 33.9% with 0.1."""
# Dalal and Triggs (2005) with cells half as wide, since these images are small.
HOG = {"orientations": 9, "pixels_per_cell": (4, 4), "cells_per_block": (2, 2), "block_norm": "L2-Hys"}


@torch.inference_mode()
def evaluate(model: PerceiverPreTrainedModel, images: Images, batch: int = 100) -> dict:
    """See `scores`. The model is in evaluation mode; the arithmetic is float32."""
    device = next(model.parameters()).device
    logits = [classify(model, normalized(pixels.to(device))).float().cpu() for pixels in images.pixels.split(batch)]
    return scores(torch.cat(logits), images)


def scores(logits: Tensor, images: Images) -> dict:
    """logits [n, classes] of n images -> top-1 and top-5 accuracy, 0 to 1, the former also by class; mean cross-entropy
    in nats; number of images."""
    correct = logits.topk(TOP).indices == images.labels[:, None]
    first = correct[:, 0].float()
    return {
        "top1": round(first.mean().item(), 4),
        "top5": round(correct.any(dim=1).float().mean().item(), 4),
        "nats": round(F.cross_entropy(logits, images.labels).item(), 4),
        "images": len(images),
        "top1_by_class": {
            name: round(first[images.labels == index].mean().item(), 4) for index, name in enumerate(images.names)
        },
    }


def baselines(train: Images, test: Images) -> dict[str, dict]:
    """{"pixels": {"top1", "nats", "images"}, "hog": {"top1", "images"}}: share of the test images, 0 to 1, and nats.

    Some minutes for all of CIFAR-10 on two cores, 4 GB of memory.
    """
    return {"pixels": _pixel_baseline(train, test), "hog": _edge_baseline(train, test)}


def _pixel_baseline(train: Images, test: Images) -> dict:
    """Logistic regression on standardized pixels."""
    # Only the baselines need scikit-learn (requirements-dev.txt).
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(copy=False), LogisticRegression(C=PIXEL_STRENGTH, max_iter=PIXEL_ITERATIONS))
    model.fit(_flat(train), train.labels.numpy())
    probabilities, labels = model.predict_proba(_flat(test)), test.labels.numpy()
    nats = -np.log(probabilities[np.arange(len(labels)), labels]).mean()
    return {
        "top1": _share(probabilities.argmax(axis=1) == labels),
        "nats": round(float(nats), 4),
        "images": len(test),
    }


def _edge_baseline(train: Images, test: Images) -> dict:
    """A linear support vector machine on histograms of oriented gradients."""
    from sklearn.svm import LinearSVC

    model = LinearSVC(C=EDGE_STRENGTH, dual=False)
    model.fit(_histograms(train, "training images"), train.labels.numpy())
    found = model.predict(_histograms(test, "test images"))
    return {"top1": _share(found == test.labels.numpy()), "images": len(test)}


def _flat(images: Images) -> np.ndarray:
    """float32 [n, 3072]."""
    return images.pixels.flatten(1).numpy().astype(np.float32)


def _histograms(images: Images, what: str) -> np.ndarray:
    """float64 [n, 1764]: 7 x 7 blocks of 2 x 2 cells of 9 orientations, of the channel with the largest gradient."""
    pixels = images.pixels.permute(0, 2, 3, 1).numpy()
    return np.stack([hog(image, channel_axis=-1, **HOG) for image in reported(pixels, len(pixels), f"hog, {what}")])


def _share(right: np.ndarray) -> float:
    return round(float(right.mean()), 4)
