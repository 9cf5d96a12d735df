"""Array sizes of a build: the inputs of the encoder and the queries of the decoder."""

import math
from collections.abc import Mapping

from models.data.build_one.specs import IMAGES, LETTERS, spec_of
from models.schema import Build, BuildShapes, DataSpec
from models.schema.build_one import Modality

LEVELS = 17
"""Gray levels of a digit, and bins of a number, that the text preprocessor reads as letters."""
CONV_KERNEL, POOL_KERNEL = 7, 3
PADDING = 2
"""Least channels that multimodal parts of transformers add to the widest modality, to tell modalities apart."""


def shapes(build: Build) -> BuildShapes:
    """Sizes of a build, which fits: see `problems`."""
    spec = spec_of(build)
    grids = input_grids(build, spec)
    channels = {name: modality_channels(build, spec, name, grid) for name, grid in grids.items()}
    width = max(channels.values()) + PADDING if build.preprocessor == "multimodal" else next(iter(channels.values()))
    outputs, output_channels = _outputs(build, spec, grids)
    query_channels = {
        "projection": 0,
        "optical_flow": width,
        "multimodal": max(query_channels_of(build, name) for name in grids) + PADDING,
    }.get(build.decoder, build.channels)
    inputs = sum(map(math.prod, grids.values()))
    return BuildShapes(grids, inputs, width, outputs, query_channels, output_channels)


def input_grids(build: Build, spec: DataSpec) -> Mapping[Modality, tuple[int, ...]]:
    """Shape of the inputs of each modality, in the order in which transformers concatenates them."""
    return {name: _grid(build, name, shape) for name, shape in sorted(spec.inputs.items())}


def _grid(build: Build, modality: Modality, shape: tuple[int, ...]) -> tuple[int, ...]:
    if build.preprocessor == "one_hot" or modality == "label":
        return (1,)
    if build.preprocessor == "text":
        return shape if modality != "image" else shape[1:]
    if build.preprocessor == "audio" or modality == "audio":
        return (math.prod(shape) // build.samples,)
    return tuple(image_side(build, side) for side in shape[1:])


def image_side(build: Build, side: int) -> int:
    """Inputs along a side of an image."""
    match image_preparation(build):
        case "conv":  # a convolution and a maximum, both with stride 2
            return max(0, ((side + 1) // 2 - POOL_KERNEL) // 2 + 1)
        case "conv1x1":
            return math.ceil(side / build.patch)
        case "patches":
            return side // build.patch
        case _:
            return side


def image_preparation(build: Build) -> str:
    """`prep_type` of the image preprocessor."""
    return build.preprocessor if build.preprocessor in IMAGES else "patches"


def feature_channels(build: Build, spec: DataSpec, modality: Modality) -> int:
    """Channels of an input without its position."""
    shape = spec.inputs[modality]
    if modality == "letters" and build.preprocessor == "one_hot":
        return math.prod(shape) * len(LETTERS)
    if build.preprocessor == "one_hot" or modality == "label":
        return math.prod(shape)
    if build.preprocessor == "text":
        return build.input_channels
    if build.preprocessor == "audio" or modality == "audio":
        return build.samples
    return {"pixels": shape[0], "patches": shape[0] * build.patch**2}.get(
        image_preparation(build), build.input_channels
    )


def has_positions(build: Build, modality: Modality) -> bool:
    """Whether transformers can give the inputs of a modality positions: a one-hot vector has none."""
    return build.preprocessor != "one_hot" and modality != "label"


def fourier_channels(bands: int, dimensions: int) -> int:
    """Sines and cosines of each coordinate, and the coordinates."""
    return dimensions * (2 * bands + 1)


def modality_channels(build: Build, spec: DataSpec, modality: Modality, grid: tuple[int, ...]) -> int:
    """Channels of an input with its position."""
    features = feature_channels(build, spec, modality)
    if build.preprocessor == "text" or not has_positions(build, modality) or build.positions == "none":
        return features
    if build.combine == "add":
        return features
    if build.positions == "learned":
        return features + build.input_channels
    return features + fourier_channels(build.bands, len(grid))


def query_channels_of(build: Build, modality: Modality) -> int:
    """Channels of the queries of a modality before transformers pads them."""
    if build.query_positions == "learned" or modality == "label":
        return build.channels
    return fourier_channels(build.bands, 3 if modality == "image" else 1)  # frames, rows and columns


def _outputs(build: Build, spec: DataSpec, grids: Mapping[Modality, tuple[int, ...]]) -> tuple[int, int]:
    """Number of outputs, and channels of each."""
    if build.decoder == "multimodal":
        return sum(map(math.prod, grids.values())), build.channels
    shape = next(iter(spec.outputs.values()))
    outputs, channels = math.prod(shape[:-1]), shape[-1]
    return outputs, channels if build.postprocessor == "none" else build.channels
