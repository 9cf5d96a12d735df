"""Frames for tests of optical flow, and what the models themselves make of one tile of them."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from models.perceiver.patch_flow import PerceiverForPatchFlow
from models.schema import OpticalFlowRequest, Weights
from tests.tiny_models import FLOW_TILES, served_model

CLASSES: dict[Weights, str] = {"embedded": PerceiverForPatchFlow.__name__, "published": "PerceiverForOpticalFlow"}


def frame(seed: int, height: int, width: int) -> Image.Image:
    """Noise that can still be seen at half the size."""
    coarse = np.random.default_rng(seed).integers(0, 256, (height // 4 + 2, width // 4 + 2, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def asked(height: int, width: int, weights: Weights = "embedded", **options) -> OpticalFlowRequest:
    return OpticalFlowRequest(frame(0, height, width), frame(1, height, width), weights=weights, **options)


def tensor(image: Image.Image) -> Tensor:
    """float32 [3, height, width], -1 to 1"""
    return torch.from_numpy(np.array(image).transpose(2, 0, 1).astype(np.float32)) / 255 * 2 - 1


def neighborhoods(frame: Tensor) -> Tensor:
    """[27, height, width] by torch's own unfold, whose channels come color first: here row, column, color."""
    _, height, width = frame.shape
    cut = F.unfold(frame[None], 3, padding=1).reshape(3, 3, 3, height, width)
    return cut.permute(1, 2, 0, 3, 4).reshape(27, height, width)


def model_and_inputs(request: OpticalFlowRequest) -> tuple[nn.Module, Tensor]:
    """The model of a request, and frames that are one tile as its own forward takes them."""
    height, width = FLOW_TILES[request.weights]
    assert request.first.size == (width, height)
    model = served_model(CLASSES[request.weights], seed=0 if request.weights == "embedded" else 1)
    frames = [tensor(image) for image in (request.first, request.second)]
    if request.weights == "published":
        frames = [neighborhoods(each) for each in frames]
    return model, torch.stack(frames)[None]


@torch.no_grad()
def forward(request: OpticalFlowRequest) -> np.ndarray:
    """The flow [height, width, 2] of frames that are one tile, by the model's own forward."""
    model, inputs = model_and_inputs(request)
    found = model(inputs=inputs).logits[0]
    if request.weights == "published":
        return 20 * found.numpy()
    (height, width), (rows, columns, _) = FLOW_TILES[request.weights], found.shape
    return found.reshape(rows, columns, 2, 4, 4).permute(0, 3, 1, 4, 2).reshape(height, width, 2).numpy()
