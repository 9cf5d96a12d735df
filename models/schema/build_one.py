"""A Perceiver of the visitor's own: its parts, its training in slices, and questions to the trained model.

Shapes: M inputs, N latents, O outputs, K classes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from models.schema.common import AttentionMap, InputError, Probe, Request, RunInfo, StreamRequest, Weights

Data = Literal[
    "digits",
    "reverse",
    "sort",
    "copy",
    "motion",
    "tones",
    "digit_tone",
    "digit_tone_autoencoding",
    "points",
    "picture",
    "table",
]
Preprocessor = Literal["text", "pixels", "conv1x1", "conv", "patches", "one_hot", "audio", "multimodal"]
Positions = Literal["none", "learned", "fourier"]
Combine = Literal["concat", "add"]
Decoder = Literal["projection", "basic", "classification", "optical_flow", "video", "multimodal"]
Postprocessor = Literal["none", "classification", "projection", "multimodal"]
Modality = Literal["letters", "image", "audio", "values", "label"]
"""Inputs of each kind: int64 letters [L], float32 image [channels, height, width], audio [samples], values [F]."""
Output = Literal["label", "letters", "flow", "image", "audio"]
Metric = Literal["accuracy", "end-point error", "mean absolute error"]

LETTERS = (2, 24)
BANDS = (1, 32)
INPUT_CHANNELS = (1, 128)
PATCH = (1, 8)
SAMPLES = (1, 64)
LATENTS = (1, 64)
CHANNELS = (4, 128)
LAYERS = (0, 6)
BLOCKS = (1, 4)
HEADS = (1, 8)
WIDENING = (1, 4)
INITIAL_STD = (0.01, 1.0)
STEPS = (1, 2_000)
BATCH_SIZE = (1, 128)
LEARNING_RATE = (1e-5, 1e-1)
"""Smallest and largest value of each setting."""
MAX_PARAMETERS = 500_000
MAX_STEP_OPERATIONS = 8e9
"""Operations of the forward pass of a batch; a training step takes three times as many."""
SLICE_SECONDS = (0.1, 5.0)
MAX_POINTS = 300
MAX_TABLE_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Build:
    """The design of a model and the data that it learns from. The defaults classify digits.

    data: what it learns. letters: length of the sequences of "reverse", "sort" and "copy".
    points: (x, y, class) of "points", x and y from -1 to 1, class from 0; empty: prepared points.
    table: CSV of "table" with a header; the last column is the class. Empty: a prepared table.
    preprocessor: the four of images are "pixels", "conv1x1", "conv" and "patches".
    positions: of the inputs. bands: frequencies of Fourier positions. combine: how positions join the inputs.
    input_channels: of embeddings, convolutions and learned positions.
    patch: pixels along each side of a patch, or the stride of conv1x1. samples: per input of a signal.
    latents, channels: of the latent array. layers: self-attention layers of a block. blocks: times it is applied, with
        the same weights. cross_heads: of the encoder and the decoder. widening: of all MLPs.
    query_positions: of the outputs. query_residual: whether the decoder adds its queries to what they read.
    initial_std: standard deviation of the initial latents and learned positions.
    """

    data: Data = "digits"
    letters: int = 12
    points: tuple[tuple[float, float, int], ...] = ()
    table: str = ""
    preprocessor: Preprocessor = "pixels"
    positions: Positions = "fourier"
    bands: int = 8
    combine: Combine = "concat"
    input_channels: int = 32
    patch: int = 1
    samples: int = 16
    latents: int = 16
    channels: int = 64
    layers: int = 2
    blocks: int = 1
    self_heads: int = 4
    cross_heads: int = 1
    widening: int = 1
    decoder: Decoder = "classification"
    query_positions: Literal["learned", "fourier"] = "learned"
    query_residual: bool = True
    postprocessor: Postprocessor = "none"
    initial_std: float = 0.02


@dataclass(frozen=True, slots=True)
class Training:
    """AdamW with a warm-up and a linear decay of the learning rate over `steps`.

    seed: of the initial weights and the order of the examples. learning_rate: the peak.
    """

    steps: int = 400
    batch_size: int = 64
    learning_rate: float = 2e-3
    seed: int = 0


@dataclass(frozen=True, slots=True)
class DataSpec:
    """What a data set consists of.

    inputs: shape of an example by modality. outputs: shape of what is predicted: label [K], letters [L, vocabulary],
        flow [height, width, 2], image [height, width, channels], audio [samples].
    labels: names of the classes. letters: name of each value of a letter. rows: number of training and validation
        examples.
    metric: of `TrainBuildResult.score`.
    """

    title: str
    inputs: Mapping[Modality, tuple[int, ...]]
    outputs: Mapping[Output, tuple[int, ...]]
    labels: tuple[str, ...] = ()
    letters: str = ""
    rows: tuple[int, int] = (0, 0)
    metric: Metric = "accuracy"


@dataclass(frozen=True, slots=True)
class BuildShapes:
    """Array sizes of a build that fits.

    grids: shape of the inputs of each modality in the order in which the encoder reads them; their products sum to M.
    input_channels: of each input with its position. query_channels, output_channels: of the decoder; the projection
    decoder has no queries.
    """

    grids: Mapping[Modality, tuple[int, ...]]
    inputs: int
    input_channels: int
    outputs: int
    query_channels: int
    output_channels: int


@dataclass(frozen=True, slots=True)
class TrainingState:
    """A model in training as plain data.

    step: updates so far. weights, optimizer: safetensors; the latter has the moments of AdamW.
    fingerprint: of the build and the training that the state belongs to.
    """

    step: int
    weights: bytes
    optimizer: bytes
    fingerprint: str

    @property
    def nbytes(self) -> int:
        return len(self.weights) + len(self.optimizer)


@dataclass(frozen=True, slots=True)
class Prediction:
    """An example and what the model predicts.

    outputs: float32 label [K] (probabilities) and all others of the shape of their target; letters are int64 [L].
    targets: int64 label [], int64 letters [L], float32 others; NaN where nothing is known. Empty without ground truth.
    """

    inputs: Mapping[Modality, np.ndarray]
    outputs: Mapping[Output, np.ndarray]
    targets: Mapping[Output, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LatentAttention:
    """Attention of the first latents to the inputs of the first example: float32 [n, M], means over heads.

    grids: as in `BuildShapes`.
    """

    values: np.ndarray
    grids: Mapping[Modality, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class TrainBuildProgress:
    """losses: of the updates since the last part. step: updates so far, with those of earlier slices."""

    step: int
    losses: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class TrainBuildResult:
    """The model after a slice.

    losses: of all updates of this slice, each before the update.
    loss, score: of the validation examples; score is the metric of the data.
    finished: whether all steps of the training are done.
    regions: of "points": float32 [rows, columns, K], class probabilities over the plane from -1 to 1; the first row has
        y = 1.
    """

    state: TrainingState
    losses: tuple[float, ...]
    loss: float
    score: float
    examples: tuple[Prediction, ...]
    attention: LatentAttention
    finished: bool
    run: RunInfo
    regions: np.ndarray | None = None


class BuildRequest(Request[Any]):
    """A request of the page "Build one". It runs on the CPU."""

    __slots__ = ()

    @property
    def weights(self) -> Weights:
        return "embedded"


@dataclass(frozen=True, slots=True)
class TrainBuildRequest(BuildRequest, StreamRequest[TrainBuildProgress, TrainBuildResult]):
    """Trains `steps` more updates, and at most `seconds`; 0 steps evaluate only.

    resume: the state of the result before, or None for a new model.
    """

    build: Build
    training: Training = Training()
    steps: int = 50
    seconds: float = 1.5
    resume: TrainingState | None = None


@dataclass(frozen=True, slots=True)
class AskBuildRequest(BuildRequest, Request["AskBuildResult"]):
    """Asks a trained model about an input of the visitor.

    inputs: arrays of the shapes of `DataSpec.inputs`; modalities that are left out are zeros.
    output: whose attention is traced, an index of the outputs in the order of the decoder.
    probe: its method, head and latent, or None for no attention.
    """

    build: Build
    state: TrainingState
    inputs: Mapping[Modality, np.ndarray]
    output: int = 0
    probe: Probe | None = None


@dataclass(frozen=True, slots=True)
class AskBuildResult:
    """attention: [M], or [N] for method "decoder"; None without a probe. grids: as in `BuildShapes`."""

    prediction: Prediction
    grids: Mapping[Modality, tuple[int, ...]]
    attention: AttentionMap | None
    run: RunInfo


class BuildRefused(InputError):  # noqa: N818  (public name)
    """The parts of a build do not fit together. problems: one sentence each, with what would fit."""

    def __init__(self, *problems: str):
        super().__init__(" ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class ScoreClaim:
    """The score of a run, minus that of the run `than` if there is one, is `least` to `most`."""

    run: str
    least: float
    most: float
    than: str = ""


@dataclass(frozen=True, slots=True)
class Experiment:
    """A prepared comparison: predict first, then train each build.

    choices: of the prediction. answer: index of the right choice.
    runs: build and training by name. claims: what their final scores show.
    """

    name: str
    title: str
    question: str
    choices: tuple[str, ...]
    answer: int
    explanation: str
    runs: Mapping[str, tuple[Build, Training]]
    claims: tuple[ScoreClaim, ...]
