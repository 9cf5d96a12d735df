"""The state of the page "Build one": a design, how it is trained, and what it is compared with."""

from dataclasses import asdict, fields
from typing import Any, Literal, Self

from models.data.build_one.experiments import experiments
from models.schema import Build, Training
from models.schema.build_one import (
    BANDS,
    BATCH_SIZE,
    BLOCKS,
    CHANNELS,
    HEADS,
    INITIAL_STD,
    INPUT_CHANNELS,
    LATENTS,
    LAYERS,
    LEARNING_RATE,
    LETTERS,
    PATCH,
    SAMPLES,
    STEPS,
    WIDENING,
    Combine,
    Data,
    Decoder,
    Positions,
    Postprocessor,
    Preprocessor,
)
from pages.state import MAX_SEED, State, control

EXPERIMENTS = {each.name: each for each in experiments()}
CHANNEL_SIZES = (8, 16, 32, 48, 64, 96, 128)
HEAD_COUNTS = (1, 2, 4, 8)
BATCH_SIZES = (8, 16, 32, 64, 128)
LEARNING_RATES = (1e-4, 3e-4, 5e-4, 1e-3, 2e-3, 3e-3, 5e-3, 1e-2)
DEVIATIONS = (0.02, 0.1, 0.25, 0.5, 1.0)
FEWEST_STEPS = 10
NEAREST = {
    "channels": CHANNEL_SIZES,
    "self_heads": HEAD_COUNTS,
    "cross_heads": HEAD_COUNTS,
    "batch_size": BATCH_SIZES,
    "learning_rate": LEARNING_RATES,
    "initial_std": DEVIATIONS,
}
"""What the page offers; programs may choose any value within the bounds."""
SWEEPS = {
    "latents": ("Latents", (1, 2, 4, 8, 16)),
    "channels": ("Channels", (8, 16, 32, 64)),
    "layers": ("Layers", (0, 1, 2, 4)),
    "blocks": ("Blocks", (1, 2, 4)),
    "bands": ("Fourier bands", (1, 2, 4, 8, 16)),
    "positions": ("Positions", ("none", "learned", "fourier")),
}
"""Settings that one button compares: title and values."""
NAMES = tuple(field.name for each in (Build, Training) for field in fields(each))
"""All settings of a design."""
OWN_DATA = ("points", "table")
"""Settings that hold data of the visitor."""
Sweep = Literal["latents", "channels", "layers", "blocks", "bands", "positions"]


def _bounded(default: float, title: str, description: str, bounds: tuple[float, float]) -> Any:
    """A number. bounds: the lowest and the highest."""
    return control(default, title, description, ge=bounds[0], le=bounds[1])


class BuildOneState(State):
    """The fields of `Build` and `Training`, and of comparisons. The defaults classify digits."""

    data: Data = control(
        "digits",
        "Data and task",
        "What the model learns.",
        labels={
            "digits": "Digits",
            "reverse": "Reverse letters",
            "sort": "Sort letters",
            "copy": "Copy letters",
            "motion": "Optical flow",
            "tones": "Tones",
            "digit_tone": "Digit with tone",
            "digit_tone_autoencoding": "Digit with tone, autoencoding",
            "points": "Points in the plane",
            "picture": "Image from coordinates",
            "table": "Your table",
        },
    )
    letters: int = _bounded(12, "Letters", "Length of the sequences.", LETTERS)
    points: tuple[tuple[float, float, int], ...] = control(
        (), "Points", "[x, y, class] each; x and y from -1 to 1, classes from 0. Empty: two spirals."
    )
    table: str = control(
        "", "Table (CSV)", "Rows with a header; the last column is the class. Empty: measurements of irises."
    )
    preprocessor: Preprocessor = control(
        "pixels",
        "Preprocessor",
        "Turns the data into inputs, an array of vectors.",
        labels={
            "text": "Text: embeddings",
            "pixels": "Image: pixels",
            "conv1x1": "Image: 1x1 convolution",
            "conv": "Image: convolution",
            "patches": "Image: patches",
            "one_hot": "One-hot",
            "audio": "Audio: groups of samples",
            "multimodal": "Multimodal",
        },
    )
    positions: Positions = control(
        "fourier",
        "Positions",
        "How inputs know their position.",
        labels={"none": "none", "learned": "learned", "fourier": "Fourier"},
    )
    bands: int = _bounded(8, "Fourier bands", "Frequencies per dimension.", BANDS)
    combine: Combine = control(
        "concat",
        "Join positions",
        "Whether positions are concatenated with the inputs or added to them.",
        labels={"concat": "concatenate", "add": "add"},
    )
    input_channels: int = _bounded(
        32, "Input channels", "Channels of embeddings, convolutions and learned positions.", INPUT_CHANNELS
    )
    patch: int = _bounded(1, "Patch size", "Pixels along each side of a patch, or the stride of conv1x1.", PATCH)
    samples: int = _bounded(16, "Samples per input", "Consecutive samples of audio that form one input.", SAMPLES)
    latents: int = _bounded(16, "Latents", "Vectors between inputs and outputs.", LATENTS)
    channels: int = _bounded(64, "Channels", "Size of each latent.", CHANNELS)
    layers: int = _bounded(2, "Layers per block", "Self-attention layers of a block.", LAYERS)
    blocks: int = _bounded(1, "Blocks", "How often the block is applied, with the same weights.", BLOCKS)
    self_heads: int = _bounded(4, "Self-attention heads", "They share the channels.", HEADS)
    cross_heads: int = _bounded(1, "Cross-attention heads", "Heads of the encoder and the decoder.", HEADS)
    widening: int = _bounded(
        1, "MLP hidden size (times channels)", "Hidden channels of each MLP, as a multiple of its channels.", WIDENING
    )
    initial_std: float = _bounded(
        0.02,
        "Scale of initial weights",
        "Standard deviation of the initial values of latents and learned positions.",
        INITIAL_STD,
    )
    decoder: Decoder = control(
        "classification",
        "Decoder",
        "Turns latents into outputs.",
        labels={
            "projection": "Projection: mean of latents",
            "basic": "Basic: a query per output",
            "classification": "Classification: one query",
            "optical_flow": "Optical flow: inputs as queries",
            "video": "Video autoencoding",
            "multimodal": "Multimodal",
        },
    )
    query_positions: Literal["learned", "fourier"] = control(
        "learned",
        "Queries",
        "Positions that the queries of the outputs are made of.",
        labels={"learned": "learned", "fourier": "Fourier"},
    )
    query_residual: bool = control(
        True,
        "Add queries to decoder output",
        "The residual connection of the decoder: queries are added to the result of cross-attention.",
    )
    postprocessor: Postprocessor = control("none", "Postprocessor", "Turns outputs into the form of the data.")
    steps: int = _bounded(400, "Steps", "Updates of the weights.", STEPS)
    batch_size: int = _bounded(64, "Batch size", "Examples per step.", BATCH_SIZE)
    learning_rate: float = _bounded(2e-3, "Learning rate", "Peak learning rate of AdamW.", LEARNING_RATE)
    seed: int = control(0, "Seed", "Determines initial weights and the order of examples.", ge=0, le=MAX_SEED)
    sweep: Sweep = control(
        "latents",
        "Setting",
        "Setting that a sweep varies.",
        role="other",
        labels={name: f"{title}: {', '.join(map(str, values))}" for name, (title, values) in SWEEPS.items()},
    )

    experiment: str = control(
        next(iter(EXPERIMENTS), ""),
        "Experiment",
        "Name of a prepared experiment.",
        role="other",
        labels={name: each.title for name, each in EXPERIMENTS.items()},
    )
    prediction: int | None = control(None, "Your prediction", "Index of a choice.", role="other", ge=0)

    @property
    def build(self) -> Build:
        return Build(**{field.name: getattr(self, field.name) for field in fields(Build)})

    @property
    def training(self) -> Training:
        return Training(**{field.name: getattr(self, field.name) for field in fields(Training)})

    def design_in_words(self) -> dict[str, str]:
        """Title and value of each setting of the design, without the visitor's data."""
        return {self.title(name): self._described(name, getattr(self, name)) for name in NAMES if name not in OWN_DATA}

    @classmethod
    def title(cls, name: str) -> str:
        return cls.model_fields[name].title or name

    def with_design(self, build: Build, training: Training) -> Self:
        """A copy with another design."""
        return self.changed(**asdict(build), **asdict(training))
