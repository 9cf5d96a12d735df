"""Attribution: which parts of an input an output depends on, by several methods, and how faithful each of them is."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from PIL.Image import Image

from models.schema.common import RunInfo, StreamRequest, Weights
from models.schema.image_classification import ImageClassificationRequest
from models.schema.masked_bytes import MaskedBytesRequest
from models.schema.sentiment import SentimentRequest

AttributionMethod = Literal[
    "encoder",
    "decoder",
    "rollout",
    "attention_x_gradient",
    "gradient_x_input",
    "leave_one_out",
    "window_occlusion",
    "latent_knock_out",
    "integrated_gradients",
    "latent_integrated_gradients",
]
METHODS: tuple[AttributionMethod, ...] = get_args(AttributionMethod)
"""Those that take the least time come first."""
UNSIGNED: tuple[AttributionMethod, ...] = ("encoder", "decoder", "rollout", "attention_x_gradient")
"""Methods whose values are never negative: they cannot tell support from opposition."""
Baseline = Literal["mask", "mean", "blur"]
TOP_SHARES = 0.1, 0.2, 0.5
"""Shares of the parts at which comprehensiveness and sufficiency are measured."""
_BAND = 5, 95


@dataclass(frozen=True, slots=True)
class AttributionRequest(StreamRequest["AttributionResult", "AttributionResult"]):
    """Attributes the traced output of `request` to the parts of its input: words of a text, cells of an image.

    Streams the result with the first methods, with more, and then with their curves.

    request: its probe selects the output.
    baseline: what replaces a part that is left out: "mask" tokens for texts, the "mean" color of an image, or its
        "blur". None: "mask" or "mean".
    faithfulness: also measure deletion and insertion curves of each method.
    randomize: also compute the maps of models with random weights.
    orders: number of random orders; even, since each is used in both directions.
    """

    request: SentimentRequest | MaskedBytesRequest | ImageClassificationRequest
    methods: tuple[AttributionMethod, ...] = METHODS
    baseline: Baseline | None = None
    faithfulness: bool = False
    randomize: bool = False
    orders: int = 8
    seed: int = 0

    @property
    def weights(self) -> Weights:
        return self.request.weights


SCORES = ("deletion_area", "insertion_area", "comprehensiveness", "sufficiency")
"""Properties of `Curves`."""


@dataclass(frozen=True, slots=True)
class Curves:
    """Probabilities of the output, float32 [..., s], with a growing share of the parts removed or inserted.

    shares: float64 [s], from 0 to 1.
    deletion: without the first parts of an order. insertion: with only the first parts; the rest is the baseline.
    """

    shares: np.ndarray
    deletion: np.ndarray
    insertion: np.ndarray

    @property
    def deletion_area(self) -> np.ndarray:
        """Area under the curve, 0 to 1, [...]. The lower, the more faithful."""
        return np.trapezoid(self.deletion, self.shares)

    @property
    def insertion_area(self) -> np.ndarray:
        """Area under the curve, 0 to 1, [...]. The higher, the more faithful."""
        return np.trapezoid(self.insertion, self.shares)

    @property
    def comprehensiveness(self) -> np.ndarray:
        """Drop of the probability without the first parts, mean over TOP_SHARES (DeYoung et al. 2020). High is good."""
        return self.deletion[..., 0] - _at_top_shares(self.shares, self.deletion)

    @property
    def sufficiency(self) -> np.ndarray:
        """Drop of the probability with only the first parts, mean over TOP_SHARES. Low is good."""
        return self.insertion[..., -1] - _at_top_shares(self.shares, self.insertion)


@dataclass(frozen=True, slots=True)
class Attribution:
    """One method: U parts of the input, R models with random weights.

    values: float32 [U]. Attention: share of the attention, 0 to 1. Others: contribution to the log-odds of the output,
        positive if the part supports it.
    latents: float32 [N], the same for the latents, where the method computes it for them; encoder attention carries it
        to the inputs.
    curves: in the order of the values, if faithfulness was requested.
    randomized: float32 [R, U], the values of the models with random weights; [0, U] if not requested.
    rank_correlations: float32 [R], of the values with those of each random model (Spearman), -1 to 1; NaN if one of
        them is constant.
    """

    method: AttributionMethod
    values: np.ndarray
    latents: np.ndarray | None
    curves: Curves | None
    randomized: np.ndarray
    rank_correlations: np.ndarray

    @property
    def order(self) -> np.ndarray:
        """The parts, those that support the output most first: int64 [U]."""
        return np.argsort(-self.values, kind="stable")


@dataclass(frozen=True)
class AttributionResult:
    """The methods so far, in the order of the request.

    output: name of the output that is explained. probability: of it. without_any: the same for the baseline.
    baseline: what replaces a part that is left out.
    parts: what each part is: a word with the space after it; () for an image.
    spans: int64 [U, 2], bytes of the text that the model read at once, half-open; [0, 2] for an image.
    grid: (height, width) of the cells of an image; None for a text. image: as the model read it.
    random: curves of random orders, [orders, s]; None if faithfulness was not requested.
    random_models: names of the parts of the model whose weights are random; each also has those before it.
    """

    attributions: tuple[Attribution, ...]
    output: str
    probability: float
    without_any: float
    baseline: Baseline
    parts: tuple[str, ...]
    spans: np.ndarray
    grid: tuple[int, int] | None
    image: Image | None
    random: Curves | None
    random_models: tuple[str, ...]
    run: RunInfo

    @cached_property
    def band(self) -> Curves | None:
        """The 5th and the 95th percentile of the random orders, float32 [2, s]."""
        if self.random is None:
            return None
        deletion, insertion = (
            np.percentile(each, _BAND, axis=0) for each in (self.random.deletion, self.random.insertion)
        )
        return Curves(self.random.shares, deletion, insertion)

    def better_than_random(self, attribution: Attribution) -> float:
        """Share of the random orders whose deletion area is larger, 0 to 1. Raises ValueError without curves."""
        if self.random is None or attribution.curves is None:
            raise ValueError("faithfulness was not requested")
        return float((self.random.deletion_area > attribution.curves.deletion_area).mean())


def _at_top_shares(shares: np.ndarray, curves: np.ndarray) -> np.ndarray:
    """Mean over TOP_SHARES, interpolated linearly: [..., s] -> [...]."""
    return np.apply_along_axis(lambda curve: np.interp(TOP_SHARES, shares, curve).mean(), -1, curves)
