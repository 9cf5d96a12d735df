"""The calls of transformers that build a model, as data: the engine makes them, and the script prints them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from models.data.build_one import shapes as sizes
from models.data.build_one.specs import LETTERS, spec_of
from models.schema import Build, BuildShapes, DataSpec
from models.schema.build_one import Modality


@dataclass(frozen=True, slots=True)
class Part:
    """A call of a class of transformers, or of one that adapts it to `PerceiverModel`.

    options: keyword arguments; some are parts, or parts by modality.
    config: the first argument: "model", the config of the model; other options of a config of its own; None: no config.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    config: Literal["model"] | Mapping[str, int] | None = "model"

    @property
    def transformers_name(self) -> str:
        """Name of the class of transformers."""
        if self.name == "VideoAutoencodingDecoder":
            return "PerceiverBasicVideoAutoencodingDecoder"
        return self.name if self.name.startswith("Perceiver") else f"Perceiver{self.name}"


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that `PerceiverModel` is built from.

    config: of `PerceiverConfig`. queried: number of output positions by modality, which Fourier queries need.
    fixed_positions: whether learned positions are set to zero and left there, since there should be none.
    """

    config: Mapping[str, Any]
    preprocessor: Part
    decoder: Part
    postprocessor: Part | None
    queried: Mapping[Modality, int] | None
    fixed_positions: bool


def parts(build: Build) -> Parts:
    """The parts of a build, which fits: see `problems`."""
    spec, shapes = spec_of(build), sizes.shapes(build)
    queried = None
    if build.decoder == "multimodal" and build.query_positions == "fourier":
        queried = {name: math.prod(grid) for name, grid in shapes.grids.items() if name != "label"}
    return Parts(
        _config(build, spec, shapes),
        _preprocessor(build, spec, shapes),
        _decoder(build, spec, shapes),
        _postprocessor(build, spec),
        queried,
        build.positions == "none" and build.preprocessor != "one_hot",
    )


def _config(build: Build, spec: DataSpec, shapes: BuildShapes) -> Mapping[str, Any]:
    text: dict[str, Any] = {}
    if build.preprocessor == "text":
        text = {"vocab_size": vocabulary(spec), "max_position_embeddings": shapes.inputs}
    return {
        "num_latents": build.latents,
        "d_latents": build.channels,
        "d_model": build.input_channels,
        "num_blocks": build.blocks,
        "num_self_attends_per_block": build.layers,
        "num_self_attention_heads": build.self_heads,
        "num_cross_attention_heads": build.cross_heads,
        "self_attention_widening_factor": build.widening,
        "cross_attention_widening_factor": build.widening,
        "attention_probs_dropout_prob": 0.0,
        **text,
        **({"num_labels": len(spec.labels)} if spec.labels else {}),
        **({"samples_per_patch": build.samples} if "audio" in spec.outputs else {}),
    }


def vocabulary(spec: DataSpec) -> int:
    """Number of different letters that the text preprocessor reads."""
    if "letters" in spec.inputs:
        return len(LETTERS)
    return sizes.LEVELS * (spec.inputs["values"][0] if "values" in spec.inputs else 1)


def _preprocessor(build: Build, spec: DataSpec, shapes: BuildShapes) -> Part:
    if build.preprocessor == "multimodal":
        modalities = {name: _modality(build, spec, name, grid) for name, grid in shapes.grids.items()}
        return Part("PerceiverMultimodalPreprocessor", {"modalities": modalities}, None)
    (name,) = shapes.grids
    return _modality(build, spec, name, shapes.grids[name])


def _modality(build: Build, spec: DataSpec, modality: Modality, grid: tuple[int, ...]) -> Part:
    features = sizes.feature_channels(build, spec, modality)
    if build.preprocessor == "text":
        return Part("PerceiverTextPreprocessor")
    if not sizes.has_positions(build, modality):
        name = "OneHotPreprocessor" if build.preprocessor == "one_hot" else "PerceiverOneHotPreprocessor"
        return Part(name, config={"num_labels": features})
    positions = _input_positions(build, features, grid)
    if modality == "audio" or build.preprocessor == "audio":
        return Part("PerceiverAudioPreprocessor", {"samples_per_patch": build.samples, **positions})
    preparation = sizes.image_preparation(build)
    options: dict[str, Any] = {
        "prep_type": preparation,
        "spatial_downsample": 4 if preparation == "conv" else build.patch,
        "in_channels": spec.inputs[modality][0],
    }
    if preparation in ("conv", "conv1x1"):
        options["out_channels"] = build.input_channels
    if preparation == "conv":
        options["conv2d_use_batchnorm"] = False
    return Part("PerceiverImagePreprocessor", options | positions)


def _input_positions(build: Build, features: int, grid: tuple[int, ...]) -> dict[str, Any]:
    if build.positions == "fourier":
        options: dict[str, Any] = {"position_encoding_type": "fourier", "concat_or_add_pos": build.combine}
        if build.combine == "add":  # a linear map gives positions the channels of the inputs
            options |= {"out_channels": sizes.fourier_channels(build.bands, len(grid)), "project_pos_dim": features}
        return options | {"fourier_position_encoding_kwargs": {"num_bands": build.bands, "max_resolution": grid}}
    concat = build.positions == "learned" and build.combine == "concat"
    return {
        "position_encoding_type": "trainable",
        "concat_or_add_pos": "concat" if concat else "add",
        "trainable_position_encoding_kwargs": {
            "index_dims": math.prod(grid),
            "num_channels": build.input_channels if concat else features,
        },
    }


def _decoder(build: Build, spec: DataSpec, shapes: BuildShapes) -> Part:
    if build.decoder == "projection":
        return Part("ProjectionDecoder")
    attention = {
        "num_heads": build.cross_heads,
        "widening_factor": build.widening,
        "use_query_residual": build.query_residual,
    }
    if build.decoder == "multimodal":
        modalities = {name: _query(build, spec, name, grid) for name, grid in shapes.grids.items()}
        options = {"num_outputs": shapes.outputs, "output_num_channels": shapes.output_channels}
        return Part("PerceiverMultimodalDecoder", {"modalities": modalities, **options, **attention})
    options = {"num_channels": shapes.query_channels, **attention}
    image = next(iter(spec.outputs.values()))[:-1]
    if build.decoder == "optical_flow":
        flow = {"output_image_shape": image, "output_num_channels": shapes.output_channels, "rescale_factor": 1.0}
        return Part("PerceiverOpticalFlowDecoder", {**flow, "position_encoding_type": "none", **options})
    options |= _learned_queries(build, shapes.outputs)
    if build.decoder == "classification":
        return Part("PerceiverClassificationDecoder", options)
    output = {"output_num_channels": shapes.output_channels}
    if build.decoder == "video":
        video = {"output_shape": [-1, 1, *image], "position_encoding_type": "trainable"}
        return Part("VideoAutoencodingDecoder", {**video, **output, **options})
    final = {} if build.postprocessor == "none" else {"final_project": False}
    return Part("PerceiverBasicDecoder", {**output, "output_index_dims": shapes.outputs, **options, **final})


def _learned_queries(build: Build, outputs: int) -> dict[str, Any]:
    return {"trainable_position_encoding_kwargs": {"index_dims": outputs, "num_channels": build.channels}}


def _query(build: Build, spec: DataSpec, modality: Modality, grid: tuple[int, ...]) -> Part:
    """A decoder of which `PerceiverMultimodalDecoder` uses only the queries: one for each input of the modality."""
    if modality == "label":
        return Part("PerceiverClassificationDecoder", {"position_encoding_only": True, **_learned_queries(build, 1)})
    dimensions = (1, *grid) if modality == "image" else grid
    if build.query_positions == "fourier":
        kwargs = {"num_bands": build.bands, "max_resolution": dimensions}
        positions = {"position_encoding_type": "fourier", "fourier_position_encoding_kwargs": kwargs}
    else:
        positions = {"position_encoding_type": "trainable", **_learned_queries(build, math.prod(grid))}
    options = {"output_num_channels": build.channels, "position_encoding_only": True, **positions}
    if modality == "image":
        return Part("PerceiverBasicVideoAutoencodingDecoder", {"output_shape": [-1, *dimensions], **options})
    return Part("PerceiverBasicDecoder", {"output_index_dims": dimensions, **options})


def _postprocessor(build: Build, spec: DataSpec) -> Part | None:
    channels = {"in_channels": build.channels}
    if build.postprocessor == "classification":
        return Part("PerceiverClassificationPostprocessor", channels)
    if build.postprocessor == "projection":
        width = next(iter(spec.outputs.values()))[-1]
        return Part("PerceiverProjectionPostprocessor", {**channels, "out_channels": width}, None)
    if build.postprocessor == "none":
        return None
    modalities = {
        "audio": Part("PerceiverAudioPostprocessor", channels),
        "image": Part("PerceiverProjectionPostprocessor", {**channels, "out_channels": build.patch**2}, None),
        "label": Part("PerceiverClassificationPostprocessor", channels),
    }
    return Part("PerceiverMultimodalPostprocessor", {"modalities": modalities}, None)
