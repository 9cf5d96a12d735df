"""Operations and memory of a Transformer, a Perceiver IO and a Perceiver AR, calculated from their sizes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from models.data.attention_cost import layer_operations

HEADS = 8
NUMBER_BYTES = 4


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the cost depends on. outputs: queries of the decoder. channels: of latents. widening: of all MLPs."""

    inputs: int
    latents: int
    layers: int
    outputs: int
    channels: int
    input_channels: int
    widening: int = 1


@dataclass(frozen=True, slots=True)
class Cost:
    """One forward pass. operations: a multiplication and an addition are two; norms, softmax and the like are left out.

    maps: numbers in the attention maps of all heads. activations: numbers in the results of all linear maps and of
    attention. A training step keeps both until the backward pass.
    """

    operations: int
    maps: int
    activations: int

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.operations + other.operations, self.maps + other.maps, self.activations + other.activations)

    def __mul__(self, layers: int) -> "Cost":
        return Cost(layers * self.operations, layers * self.maps, layers * self.activations)

    @property
    def map_bytes(self) -> int:
        return NUMBER_BYTES * self.maps

    @property
    def memory(self) -> int:
        """Bytes of maps and activations."""
        return NUMBER_BYTES * (self.maps + self.activations)


def transformer(sizes: Sizes) -> Cost:
    """L layers in which each input attends to all."""
    m, d = sizes.inputs, sizes.channels
    return _layer(m, m, d, d, d, sizes.widening) * sizes.layers


def perceiver_io(sizes: Sizes) -> Cost:
    """N latents attend to M inputs, L layers of self-attention, O queries attend to the latents. Queries have the
    channels of inputs, and keys those of the array that is read, as in the models of transformers by default."""
    m, n, o, d, c, w = (
        sizes.inputs, sizes.latents, sizes.outputs, sizes.channels, sizes.input_channels, sizes.widening,
    )  # fmt: skip
    return _layer(n, m, d, c, c, w) + _layer(n, n, d, d, d, w) * sizes.layers + _layer(o, n, c, d, d, w)


def perceiver_ar(sizes: Sizes) -> Cost:
    """The last N inputs attend to all M, and go through L layers. Inputs have as many channels as latents."""
    m, n, d, w = sizes.inputs, min(sizes.latents, sizes.inputs), sizes.channels, sizes.widening
    return _layer(n, m, d, d, d, w) + _layer(n, n, d, d, d, w) * sizes.layers


def _layer(queries: int, read: int, channels: int, read_channels: int, keys: int, widening: int) -> Cost:
    operations = layer_operations(queries, read, read, channels, widening, read_channels, keys)
    activations = 2 * queries * keys + 2 * read * keys + (2 + widening) * queries * channels
    return Cost(operations, HEADS * queries * read, activations)


MODELS: Mapping[str, Callable[[Sizes], Cost]] = {
    "Transformer": transformer,
    "Perceiver IO": perceiver_io,
    "Perceiver AR": perceiver_ar,
}


def costs(sizes: Sizes) -> dict[str, Cost]:
    """By the name of the model."""
    return {name: cost(sizes) for name, cost in MODELS.items()}


def growth(sizes: Sizes, factor: int) -> dict[str, float]:
    """How many times more operations each model takes when there are `factor` times more inputs."""
    now, then = costs(sizes), costs(replace(sizes, inputs=factor * sizes.inputs))
    return {name: then[name].operations / now[name].operations for name in MODELS}
