"""Parameters, operations and memory of each part of a build, calculated from its sizes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from models.data.attention_cost import layer_operations
from models.data.build_one import shapes as sizes
from models.data.build_one.parts import Part, parts
from models.data.build_one.specs import spec_of
from models.schema import Build

NUMBER_BYTES = 4


@dataclass(frozen=True, slots=True)
class PartSize:
    """A part of a model in the forward pass of one example.

    classes: their names in transformers. shape: of its output. parameters: those that are trained.
    operations: a multiplication and an addition are two; norms, softmax and the like are left out.
    memory: bytes of its attention maps and of the results of its linear maps, which training keeps.
    """

    name: str
    classes: tuple[str, ...]
    shape: tuple[int, ...]
    parameters: int
    operations: int
    memory: int


def part_sizes(build: Build) -> tuple[PartSize, ...]:
    """Sizes of a build that fits, in the order in which an example passes through."""
    found, made, spec = sizes.shapes(build), parts(build), spec_of(build)
    n, d, c, w = build.latents, build.channels, found.input_channels, build.widening
    layers = build.layers * build.blocks
    once = _layer("", n, n, d, d, d, w, build.self_heads)
    sequence = [
        _preprocessing(build, made.preprocessor, found.inputs, c),
        PartSize("Learned latents", ("PerceiverEmbeddings",), (n, d), n * d, 0, 0),
        _layer("Encoder cross-attention", n, found.inputs, d, c, c, w, build.cross_heads, cross=True),
        PartSize(
            _self_attention(build),
            once.classes,
            (n, d),
            build.layers * once.parameters,
            layers * once.operations,
            layers * once.memory,
        ),
    ]
    if build.decoder == "projection":
        classes = len(spec.labels)
        sequence.append(_linear("Decoder", ("PerceiverProjectionDecoder",), 1, d, classes))
        return tuple(sequence)
    sequence.append(_decoding(build, made.decoder))
    if made.postprocessor:
        sequence.append(_postprocessing(build, made.postprocessor))
    return tuple(sequence)


def _self_attention(build: Build) -> str:
    layers = f"{build.layers} layer" if build.layers == 1 else f"{build.layers} layers"
    return f"Self-attention, {layers}" + (f", applied {build.blocks} times" if build.blocks > 1 else "")


def transformer_size(build: Build) -> PartSize:
    """A Transformer with as many layers and channels as the latents have, on the same inputs, with the same outputs."""
    found = sizes.shapes(build)
    m, d = found.inputs, build.channels
    layer = _layer("", m, m, d, d, d, build.widening, build.self_heads)
    into = _linear("", (), m, found.input_channels, d)
    out = _linear("", (), found.outputs, d, found.output_channels)
    layers = max(1, build.layers) * build.blocks
    return PartSize(
        "Transformer",
        (),
        (m, d),
        max(1, build.layers) * layer.parameters + into.parameters + out.parameters,
        layers * layer.operations + into.operations + out.operations,
        layers * layer.memory + into.memory + out.memory,
    )


def count_parameters(build: Build) -> int:
    return sum(part.parameters for part in part_sizes(build))


def forward_operations(build: Build) -> int:
    """The operations for one example."""
    return sum(part.operations for part in part_sizes(build))


def _layer(
    name: str,
    queries: int,
    read: int,
    channels: int,
    read_channels: int,
    keys: int,
    widening: int,
    heads: int,
    cross: bool = False,
) -> PartSize:
    """A layer of attention and an MLP. cross: whether the array that is read has a layer normalization of its own."""
    projections = (channels + 2 * read_channels + channels) * keys + 3 * keys + channels
    mlp = 2 * widening * channels**2 + (widening + 1) * channels
    norms = 4 * channels + (2 * read_channels if cross else 0)
    activations = 2 * queries * keys + 2 * read * keys + (2 + widening) * queries * channels
    return PartSize(
        name,
        ("PerceiverLayer",),
        (queries, channels),
        projections + mlp + norms,
        layer_operations(queries, read, read, channels, widening, read_channels, keys),
        NUMBER_BYTES * (heads * queries * read + activations),
    )


def _linear(name: str, classes: tuple[str, ...], rows: int, channels: int, width: int, bias: bool = True) -> PartSize:
    parameters = channels * width + (width if bias else 0)
    return PartSize(name, classes, (rows, width), parameters, 2 * rows * channels * width, NUMBER_BYTES * rows * width)


def _preprocessing(build: Build, part: Part, inputs: int, channels: int) -> PartSize:
    spec = spec_of(build)
    found = PartSize(
        "Inputs (preprocessor)", (part.transformers_name,), (inputs, channels), 0, 0, NUMBER_BYTES * inputs * channels
    )
    for name, grid in sizes.input_grids(build, spec).items():
        one = part.options["modalities"][name] if "modalities" in part.options else part
        found = _plus(found, _modality(build, one, name, grid))
        if one is not part:
            padding = channels - sizes.modality_channels(build, spec, name, grid)
            found = replace(
                found, classes=(*found.classes, one.transformers_name), parameters=found.parameters + padding
            )
    return found


def _modality(build: Build, part: Part, name: Any, grid: tuple[int, ...]) -> PartSize:
    """What a preprocessor learns and computes for one modality."""
    spec, count = spec_of(build), math.prod(grid)
    features = sizes.feature_channels(build, spec, name)
    empty = PartSize("", (), (), 0, 0, 0)
    match part.name:
        case "PerceiverTextPreprocessor":
            positions = count if build.positions == "learned" else 0
            letters = parts(build).config["vocab_size"]
            return replace(empty, parameters=(letters + positions) * features)
        case "PerceiverOneHotPreprocessor" | "OneHotPreprocessor":
            return empty
    learned = part.options.get("trainable_position_encoding_kwargs")
    if learned and build.positions == "learned":
        empty = replace(empty, parameters=learned["index_dims"] * learned["num_channels"])
    if part.options.get("project_pos_dim"):
        empty = _plus(empty, _linear("", (), count, part.options["out_channels"], features))
    channels = part.options.get("in_channels", 0)
    match part.options.get("prep_type"):
        case "conv1x1":
            return _plus(empty, _linear("", (), count, channels, features))
        case "conv":
            convolved = math.prod((side + 1) // 2 for side in spec.inputs[name][1:])
            kernel = sizes.CONV_KERNEL**2
            return _plus(empty, _linear("", (), convolved, kernel * channels, features, bias=False))
    return empty


def _decoding(build: Build, part: Part) -> PartSize:
    found = sizes.shapes(build)
    o, q, d = found.outputs, found.query_channels, build.channels
    attention = _layer("Decoder", o, build.latents, q, d, d, build.widening, build.cross_heads, cross=True)
    queries, classes = _queries(part), (part.transformers_name,)
    if "modalities" in part.options:
        modalities: Mapping[Any, Part] = part.options["modalities"]
        queries = sum(_queries(each) + q - sizes.query_channels_of(build, name) for name, each in modalities.items())
        classes += tuple(each.transformers_name for each in modalities.values())
    if not part.options.get("final_project", True):
        return replace(attention, classes=classes, parameters=attention.parameters + queries)
    final = _linear("", (), o, q, found.output_channels)
    whole = replace(_plus(attention, final), classes=classes, shape=final.shape)
    return replace(whole, parameters=whole.parameters + queries)


def _queries(part: Part) -> int:
    """Parameters of learned queries."""
    learned = part.options.get("trainable_position_encoding_kwargs", {"index_dims": 0, "num_channels": 0})
    return learned["index_dims"] * learned["num_channels"]


def _postprocessing(build: Build, part: Part) -> PartSize:
    found, spec = sizes.shapes(build), spec_of(build)
    empty = PartSize("Postprocessor", (part.transformers_name,), (), 0, 0, 0)
    if "modalities" not in part.options:
        width = next(iter(spec.outputs.values()))[-1]
        return replace(_linear(empty.name, empty.classes, found.outputs, build.channels, width))
    widths = {"audio": build.samples, "image": build.patch**2, "label": len(spec.labels)}
    for name, grid in found.grids.items():
        empty = _plus(empty, _linear("", (), math.prod(grid), build.channels, widths[name]))
    classes = (part.transformers_name, *(each.transformers_name for each in part.options["modalities"].values()))
    return replace(empty, classes=classes, shape=(found.outputs, build.channels))


def _plus(part: PartSize, other: PartSize) -> PartSize:
    """The first part with what the other adds to it."""
    return replace(
        part,
        parameters=part.parameters + other.parameters,
        operations=part.operations + other.operations,
        memory=part.memory + other.memory,
    )
