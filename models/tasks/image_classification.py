"""Image classification with three models that differ in their position encoding.

Learned positions, Fourier features, or a convolution followed by Fourier features (Perceiver IO, section 4.5).
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from transformers import (
    PerceiverForImageClassificationConvProcessing,
    PerceiverForImageClassificationFourier,
    PerceiverForImageClassificationLearned,
    PerceiverImageProcessorPil,
)

from models.data.digest import digest
from models.data.images import as_rgb, check_size
from models.perceiver.checkpoints import Checkpoint, image_size_of, labels_of
from models.perceiver.engine import Encoded, decode, perceiver_of, to_numpy
from models.perceiver.provenance import attending_latents, decoder_rows, encoder_rows
from models.schema import (
    AttentionMap,
    ImageClassificationRequest,
    ImageClassificationResult,
    InputError,
    LabelAt,
    LabelScore,
    LatentMaps,
    Probe,
    Weights,
    resolved,
)
from models.tasks.cost import Cost, interventions
from models.tasks.targets import check_index, target_of
from models.tasks.task import Loaded, Runtime, Task
from models.tasks.tracing import trace

_PROCESSOR = PerceiverImageProcessorPil()
CROPS: dict[Weights, tuple[int, int]] = {"embedded": (1, 1), "published": (224, 256)}
"""Side of the center crop as a fraction of the shorter side; the published models were evaluated on a smaller crop."""
_CLASS_QUERY = torch.tensor([0])


def run(request: ImageClassificationRequest, runtime: Runtime) -> ImageClassificationResult:
    """Raises InputError for a request that cannot be answered."""
    with runtime.load(IMAGE_CLASSIFICATION.checkpoint(request.weights, request.variant)) as loaded:
        labels = labels_of(loaded.model.config)
        _check(request, loaded, labels)
        seen = _seen(request, request.size or image_size_of(loaded.model.config))
        pixels = normalized(seen).to(loaded.model.dtype)
        encoded, known = runtime.encode(loaded, pixels, digest(np.asarray(seen)), interpolate_positions=True)
        grid = _grid(encoded)
        if request.place is not None and not 0 <= request.place < math.prod(grid):
            raise InputError(
                f"There is no input {request.place}. The model reads {grid[0]} x {grid[1]} inputs, counted from 0."
            )
        probabilities = decode(loaded.model, encoded)[0].float().softmax(dim=-1).cpu().numpy()
        best = np.argsort(-probabilities, kind="stable")[: request.top_k].tolist()
        target = target_of(request.probe, LabelAt)
        named = best[0] if target is None else target.index
        return ImageClassificationResult(
            labels=tuple(LabelScore(labels[index], float(probabilities[index]), index) for index in best),
            input_image=seen,
            grid=grid,
            extent=_extent(loaded, seen.width, grid[0]),
            attention=_trace(request.probe, loaded, encoded, labels, named, grid) if request.probe else None,
            latent_maps=_latent_maps(request.latent_maps, loaded, encoded, grid) if request.latent_maps else None,
            attending_latents=None
            if request.place is None
            else to_numpy(attending_latents(loaded.model, encoded, request.place)),
            positions=_positions(loaded, encoded, grid) if request.positions else None,
            run=runtime.info(loaded, known),
        )


def crop(image: Image.Image, size: int, part: tuple[int, int]) -> Image.Image:
    """The center square, `part` of the shorter side, at size x size pixels.

    Equals the crop and resize of the processor of transformers without its arrays of the whole image, which may be
    large.
    """
    taken, of = part
    side = max(1, int(taken / of * min(image.size)))
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = image.crop((left, top, left + side, top + side))
    return square.resize((size, size), Image.Resampling.BICUBIC)


def _seen(request: ImageClassificationRequest, size: int) -> Image.Image:
    image = resolved(request.image)
    check_size(image)
    if not request.cropped:
        return crop(as_rgb(image), size, CROPS[request.weights])
    if image.size != (size, size):
        raise InputError(f"A crop for this model has {size}x{size} pixels, not {image.width}x{image.height}.")
    return as_rgb(image)


def normalized(seen: Image.Image) -> Tensor:
    """[1, 3, height, width], by the mean and deviation of ImageNet."""
    return _PROCESSOR(seen, do_center_crop=False, do_resize=False, return_tensors="pt")["pixel_values"]


def _check(request: ImageClassificationRequest, loaded: Loaded, labels: tuple[str, ...]) -> None:
    if not 1 <= request.top_k <= len(labels):
        raise InputError(f"top_k must be 1 to {len(labels)}, not {request.top_k}.")
    usual = image_size_of(loaded.model.config)
    if request.size is not None and not usual // 4 <= request.size <= 2 * usual:
        raise InputError(f"The size must be {usual // 4} to {2 * usual} pixels, not {request.size}.")
    target = target_of(request.probe, LabelAt)
    if target is not None:
        check_index("label", target.index, len(labels), "this model")
    latents = loaded.model.config.num_latents
    if not 0 <= request.latent_maps <= latents:
        raise InputError(f"latent_maps must be 0 to {latents}, not {request.latent_maps}.")


def _grid(encoded: Encoded) -> tuple[int, int]:
    """Shape of the inputs in the image, from their number: a convolution leaves less than a quarter per side."""
    side = math.isqrt(encoded.inputs.shape[1])
    return side, side


def _extent(loaded: Loaded, size: int, cells: int) -> tuple[float, float]:
    """Where the inputs begin and end in the image: pixels cover all of it, outputs of a convolution do not.

    size: pixels along each side.
    cells: inputs along each side.
    """
    preprocessor = perceiver_of(loaded.model).input_preprocessor
    if preprocessor.prep_type != "conv":
        return 0.0, 1.0
    convolution, pool = preprocessor.convnet.conv, preprocessor.convnet.max_pool
    before = convolution.zero_pad_2d.padding[0]
    pitch = convolution.stride[0] * pool.stride
    # In pixels from the edge: the center of the first receptive field.
    first = (convolution.kernel_size[0] / 2 - before) + convolution.stride[0] * (pool.kernel_size - 1) / 2
    start = first - pitch / 2
    return start / size, (start + pitch * cells) / size


def _trace(
    probe: Probe, loaded: Loaded, encoded: Encoded, labels: Sequence[str], named: int, grid: tuple[int, int]
) -> AttentionMap:
    """One query predicts all classes: the traced class only changes the title of the map, and the effects."""
    attention = trace(loaded, encoded, probe, _CLASS_QUERY, labels[named], predicted=[named])
    return attention if probe.method == "decoder" else replace(attention, values=attention.values.reshape(grid))


def _latent_maps(count: int, loaded: Loaded, encoded: Encoded, grid: tuple[int, int]) -> LatentMaps:
    weights, latents = decoder_rows(loaded.model, encoded, _CLASS_QUERY.to(encoded.latents.device))[0].topk(count)
    maps = encoder_rows(loaded.model, encoded, latents)
    return LatentMaps(latents.cpu().numpy().copy(), to_numpy(weights), to_numpy(maps).reshape(count, *grid))


def _positions(loaded: Loaded, encoded: Encoded, grid: tuple[int, int]) -> np.ndarray:
    """Position encoding of the inputs: their last channels, after those of the content."""
    preprocessor = perceiver_of(loaded.model).input_preprocessor
    trained = preprocessor.position_encoding_type == "trainable"
    channels = preprocessor.project_pos_dim if trained else preprocessor.position_embeddings.output_size()
    return to_numpy(encoded.inputs[0, :, -channels:]).reshape(*grid, channels)


_MODELS = {
    "learned": PerceiverForImageClassificationLearned,
    "fourier": PerceiverForImageClassificationFourier,
    "conv": PerceiverForImageClassificationConvProcessing,
}


def _cost(request: ImageClassificationRequest) -> Cost:
    runs = 1 + interventions(request.probe)
    return Cost(2.6 * runs, runs)


IMAGE_CLASSIFICATION = Task(
    name="image_classification",
    request=ImageClassificationRequest,
    checkpoints=(
        *(Checkpoint(f"image_{variant}", "embedded", model, variant) for variant, model in _MODELS.items()),
        *(
            Checkpoint(f"deepmind/vision-perceiver-{variant}", "published", model, variant)
            for variant, model in _MODELS.items()
        ),
    ),
    run=run,
    cost=_cost,
)
