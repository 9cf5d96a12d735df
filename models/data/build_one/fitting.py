"""Which parts do not fit together, in words, and what would fit."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, get_args

from models.data.build_one import shapes as sizes
from models.data.build_one.counting import count_parameters, forward_operations
from models.data.build_one.specs import READABLE, spec_of
from models.schema import Build, BuildRefused, DataSpec, InputError, Training
from models.schema import build_one as schema
from models.schema.build_one import Decoder, Postprocessor

PREPROCESSORS = {
    "text": "text preprocessor",
    "pixels": "image preprocessor with pixels",
    "conv1x1": "image preprocessor with a 1x1 convolution",
    "conv": "image preprocessor with a convolution",
    "patches": "image preprocessor with patches",
    "one_hot": "one-hot preprocessor",
    "audio": "audio preprocessor",
    "multimodal": "multimodal preprocessor",
}
DECODERS = {
    "projection": "projection decoder",
    "basic": "basic decoder",
    "classification": "classification decoder",
    "optical_flow": "optical flow decoder",
    "video": "video decoder",
    "multimodal": "multimodal decoder",
}
_BOUNDS = {
    "letters": schema.LETTERS,
    "bands": schema.BANDS,
    "input_channels": schema.INPUT_CHANNELS,
    "patch": schema.PATCH,
    "samples": schema.SAMPLES,
    "latents": schema.LATENTS,
    "channels": schema.CHANNELS,
    "layers": schema.LAYERS,
    "blocks": schema.BLOCKS,
    "self_heads": schema.HEADS,
    "cross_heads": schema.HEADS,
    "widening": schema.WIDENING,
    "initial_std": schema.INITIAL_STD,
}
_TRAINING_BOUNDS = {
    "steps": schema.STEPS,
    "batch_size": schema.BATCH_SIZE,
    "learning_rate": schema.LEARNING_RATE,
    "seed": (0, 2**31 - 1),
}
_CHOICES = {
    "data": get_args(schema.Data),
    "preprocessor": get_args(schema.Preprocessor),
    "positions": get_args(schema.Positions),
    "combine": get_args(schema.Combine),
    "decoder": get_args(schema.Decoder),
    "query_positions": ("learned", "fourier"),
    "postprocessor": get_args(schema.Postprocessor),
}


def check(build: Build, training: Training | None = None) -> None:
    """Raises BuildRefused."""
    if found := problems(build, training):
        raise BuildRefused(*found)


def problems(build: Build, training: Training | None = None) -> tuple[str, ...]:
    """One sentence or two for each, with what would fit. Empty if the build can be trained."""
    found = [*_out_of_bounds(build, _BOUNDS), *_unknown(build)]
    found += _out_of_bounds(training, _TRAINING_BOUNDS) if training else ()
    if found:
        return tuple(found)
    try:
        spec = spec_of(build)
    except InputError as error:
        return (str(error),)
    found = [*_misread(build, spec), *_mispositioned(build, spec), *_misdecoded(build, spec)]
    found = found or [*_uneven_heads(build), *_too_large(build, training or Training())]
    return tuple(found)


def _out_of_bounds(settings: Any, bounds: dict[str, tuple[float, float]]) -> Iterator[str]:
    for name, (least, most) in bounds.items():
        value = getattr(settings, name)
        if not least <= value <= most:
            yield f"{_words(name)} must be {least:g} to {most:g}, not {value:g}."


def _unknown(build: Build) -> Iterator[str]:
    for name, choices in _CHOICES.items():
        if getattr(build, name) not in choices:
            yield f"{_words(name)} must be {_either(choices)}, not {getattr(build, name)!r}."


def _misread(build: Build, spec: DataSpec) -> Iterator[str]:
    """Data that the preprocessor cannot read."""
    readable = READABLE[build.data]
    if build.preprocessor not in readable:
        names = _either([PREPROCESSORS[name] for name in readable])
        yield f"The {PREPROCESSORS[build.preprocessor]} cannot read {_data(spec)}. Use the {names}."
        return
    if build.preprocessor == "pixels" and build.patch > 1:
        yield (
            "With pixels and a patch larger than 1, transformers drops examples and color channels instead of pixels. "
            "Use a patch of 1, or patches."
        )
    image = spec.inputs.get("image")
    if image and build.preprocessor in ("patches", "multimodal") and image[1] % build.patch:
        fits = _either([side for side in range(1, schema.PATCH[1] + 1) if image[1] % side == 0])
        yield f"Patches of {build.patch} pixels do not divide images of {image[1]}x{image[2]} pixels. Use {fits}."
    signal = _signal(build, spec)
    if signal and signal % build.samples:
        fits = _either([size for size in range(1, schema.SAMPLES[1] + 1) if signal % size == 0])
        yield f"{build.samples} samples per input do not divide a signal of {signal}. Use {fits}."
    if build.data == "points" and build.preprocessor == "audio" and build.samples > 1 and build.positions == "none":
        yield (
            "Layer normalization leaves nothing of an input that is only two numbers. Use 1 sample per input, or give "
            "the inputs positions."
        )


def _signal(build: Build, spec: DataSpec) -> int:
    """Samples of the signal that is cut into inputs; 0 if there is none."""
    if build.preprocessor == "audio":
        return math.prod(next(iter(spec.inputs.values())))
    return spec.inputs["audio"][0] if build.preprocessor == "multimodal" and "audio" in spec.inputs else 0


def _mispositioned(build: Build, spec: DataSpec) -> Iterator[str]:
    """Positions that transformers cannot give to the inputs."""
    if build.preprocessor not in READABLE[build.data]:
        return
    if build.preprocessor == "one_hot":
        if build.positions != "none":
            yield "The one-hot preprocessor makes a single input, which has no position. Use no position encoding."
        return
    if build.preprocessor == "text":
        if build.positions == "fourier":
            yield "The text preprocessor has no Fourier positions. Use learned positions or none."
        elif build.positions == "learned" and build.combine == "concat":
            yield "The text preprocessor adds its positions to the embeddings. Combine positions by adding them."
        return
    if build.positions == "none" and build.preprocessor == "audio" and build.samples == 1:
        yield (
            "Layer normalization leaves nothing of an input that is a single number. Use more samples per input, or "
            "give the inputs positions."
        )
    if build.positions == "none" and build.preprocessor == "pixels" and spec.inputs["image"][0] == 1:
        yield (
            "Layer normalization leaves nothing of an input that is a single gray value. Use patches or a convolution, "
            "or give the inputs positions."
        )
    if build.positions == "none" and build.data == "picture":
        yield "The inputs of the picture are blank: only positions tell them apart. Use learned or Fourier positions."
    if build.positions == "fourier" and build.combine == "add" and build.preprocessor in ("conv", "conv1x1"):
        channels = sizes.fourier_channels(build.bands, 2)
        if build.input_channels != channels:
            yield (
                f"With a convolution, transformers adds Fourier positions only to inputs with as many channels: "
                f"{build.bands} bands have {channels}, the inputs {build.input_channels}. Use {channels} input "
                "channels, or concatenate the positions."
            )


def _misdecoded(build: Build, spec: DataSpec) -> Iterator[str]:
    """Outputs that the decoder cannot give, and postprocessors that cannot read its output."""
    fitting = fitting_decoders(spec)
    if build.decoder not in fitting:
        names = _either([DECODERS[name] for name in fitting])
        yield f"The {DECODERS[build.decoder]} cannot predict {_predicted(spec)}. Use the {names}."
        return
    if build.decoder == "optical_flow" and build.preprocessor in READABLE[build.data]:
        grid = next(iter(sizes.input_grids(build, spec).values()))
        image = next(iter(spec.outputs.values()))[:2]
        if grid != image:
            yield (
                f"The optical flow decoder takes the inputs as queries, and they are {grid[0]}x{grid[1]}, not one for "
                f"each of {image[0]}x{image[1]} pixels. Use pixels, a patch of 1, or the basic decoder."
            )
    if build.query_positions == "fourier" and build.decoder in ("basic", "classification", "video"):
        yield (
            f"The {DECODERS[build.decoder]} of transformers builds Fourier queries from the shape of the inputs, so "
            "their number is wrong. Use learned query positions, or the multimodal decoder."
        )
    allowed = fitting_postprocessors(build.decoder, spec)
    if build.postprocessor not in allowed:
        fits = _either([f"the {name} postprocessor" if name != "none" else "none" for name in allowed])
        decoder, predicted = DECODERS[build.decoder], _predicted(spec)
        if build.postprocessor == "none":
            yield f"The {decoder} needs a postprocessor. Use {fits}."
        else:
            yield f"The {build.postprocessor} postprocessor cannot follow the {decoder} for {predicted}. Use {fits}."


def fitting_decoders(spec: DataSpec) -> tuple[Decoder, ...]:
    """Decoders that can predict the outputs of a data set."""
    if len(spec.outputs) > 1:
        return ("multimodal",)
    if "label" in spec.outputs:
        return ("classification", "basic", "projection")
    return ("basic",) if "letters" in spec.outputs else ("optical_flow", "basic", "video")


def fitting_postprocessors(decoder: Decoder, spec: DataSpec) -> tuple[Postprocessor, ...]:
    """Postprocessors that can read the output of a decoder."""
    if decoder == "multimodal":
        return ("multimodal",)
    if decoder != "basic":
        return ("none",)
    return ("none", "classification") if "label" in spec.outputs else ("none", "projection")


def _uneven_heads(build: Build) -> Iterator[str]:
    """Channels that heads do not divide."""
    for name, heads in (("self_heads", build.self_heads), ("cross_heads", build.cross_heads)):
        if build.channels % heads:
            fits = _divisors(build.channels)
            yield f"{heads} {_words(name).lower()} do not divide {build.channels} channels. Use {fits}."
    width = sizes.shapes(build).input_channels
    if width % build.cross_heads:
        yield (
            f"The encoder reads inputs with {width} channels, which {build.cross_heads} cross-attention heads do not "
            f"divide. Use {_divisors(width)}."
        )


def _too_large(build: Build, training: Training) -> Iterator[str]:
    parameters = count_parameters(build)
    if parameters > schema.MAX_PARAMETERS:
        yield (
            f"The model has {parameters:,} parameters. The limit is {schema.MAX_PARAMETERS:,}. Use fewer channels or "
            "layers, or less widening."
        )
    rows = min(training.batch_size, spec_of(build).rows[0])
    operations = rows * forward_operations(build)
    if operations > schema.MAX_STEP_OPERATIONS:
        yield (
            f"A batch takes {operations / 1e9:.1f} billion operations. The limit is "
            f"{schema.MAX_STEP_OPERATIONS / 1e9:.0f} billion. Use a smaller batch, fewer latents or fewer channels."
        )


def _divisors(width: int) -> str:
    return _either([heads for heads in range(1, schema.HEADS[1] + 1) if width % heads == 0])


def _either(values: Sequence[object]) -> str:
    *others, last = map(str, values)
    return f"{', '.join(others)} or {last}" if others else last


def _words(name: str) -> str:
    names = {
        "self_heads": "Self-attention heads",
        "cross_heads": "Cross-attention heads",
        "initial_std": "Initial scale",
    }
    return names.get(name, name.replace("_", " ").capitalize())


def _data(spec: DataSpec) -> str:
    return f'the data "{spec.title}"'


def _predicted(spec: DataSpec) -> str:
    names = {"label": "a class", "letters": "a sequence of letters", "flow": "optical flow", "image": "an image"}
    return names[next(iter(spec.outputs))] if len(spec.outputs) == 1 else "several modalities"
