"""How well pictures are told apart: the scores of one of the image models, on images that it was not trained on."""

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import PerceiverPreTrainedModel

from training.cifar import Images, normalised
from training.pixel_reading import classify

FIRST = 5
"""How many of the classes may be named for `top5`."""


@torch.inference_mode()
def evaluate(model: PerceiverPreTrainedModel, images: Images, batch: int = 100) -> dict:
    """See `scores`. The model may be in training mode and is left in it; the arithmetic is float32."""
    was_training = model.training
    device = next(model.parameters()).device
    model.eval()
    found = [classify(model, normalised(pixels.to(device))).float().cpu() for pixels in images.pixels.split(batch)]
    model.train(was_training)
    return scores(torch.cat(found), images)


def scores(logits: Tensor, images: Images) -> dict:
    """logits [n, classes] of n images -> share of images, 0 to 1, whose class comes first ("top1"; "top1_by_class"
    within those of each class) and among the first five ("top5"); mean cross-entropy in nats; how many images."""
    named = logits.topk(FIRST).indices == images.labels[:, None]
    right = named[:, 0].float()
    return {
        "top1": round(right.mean().item(), 4),
        "top5": round(named.any(dim=1).float().mean().item(), 4),
        "nats": round(F.cross_entropy(logits, images.labels).item(), 4),
        "images": len(images),
        "top1_by_class": {
            name: round(right[images.labels == index].mean().item(), 4) for index, name in enumerate(images.names)
        },
    }
