"""Attributions on one scale, and their faithfulness in words."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.colors import Normalize

from components.analysis.occlusion import EFFECT_COLORS
from components.words.numbers import percent
from components.words.quotes import quoted
from models.schema import Attribution, AttributionMethod, AttributionResult, Baseline

METHOD_NAMES: dict[AttributionMethod, str] = {
    "leave_one_out": "Leave-one-out",
    "encoder": "Encoder attention, mean of all latents",
    "decoder": "Encoder attention, latents weighted by decoder attention",
    "rollout": "Attention rollout",
    "attention_x_gradient": "Attention x gradient",
    "gradient_x_input": "Gradient x input",
    "window_occlusion": "Window occlusion",
    "integrated_gradients": "Integrated gradients",
    "latent_integrated_gradients": "Integrated gradients of the latents",
    "latent_knock_out": "Latent knock-out",
}
BASELINES: dict[Baseline, str] = {"mask": "the [MASK] token", "mean": "the mean color", "blur": "a blurred copy"}
CAVEAT = (
    "The curves say how the model reacts when parts are missing, and such inputs may be unlike all that it was trained "
    "on: another baseline can give another order of methods."
)


def shares_of(values: np.ndarray) -> np.ndarray:
    """Each value as a share of the sum of all absolute values: float64, -1 to 1, the shape of the values."""
    total = np.abs(values, dtype=np.float64).sum(axis=-1, keepdims=True)
    return np.divide(values, total, out=np.zeros(np.shape(values)), where=total > 0)


def reach_of(attributions: Sequence[Attribution]) -> float:
    """The share at which colors are full: the largest of all methods."""
    return max((float(np.abs(shares_of(each.values)).max(initial=0)) for each in attributions), default=0.0) or 1.0


def fills_of(shares: np.ndarray, reach: float) -> np.ndarray:
    """RGBA [..., 4]: purple against the output, white for 0, orange for it."""
    return matplotlib.colormaps[EFFECT_COLORS](Normalize(-reach, reach)(shares))


def summary_in_words(result: AttributionResult) -> str:
    """What was explained, with what baseline."""
    parts = "cells of the image" if result.grid else "parts of the text"
    without = f"{percent(result.probability)} with all {parts}, {percent(result.without_any)} with none"
    output = f"Model {result.run.model}. Probability of {quoted(result.output)}"
    return f"{output}: {without}. A part that is left out becomes {BASELINES[result.baseline]}."


def verdict_in_words(result: AttributionResult) -> str:
    """Which methods rank the parts better than chance; "" until one has curves."""
    judged = [each for each in result.attributions if each.curves]
    if result.random is None or not judged:
        return ""
    better = [each for each in judged if result.better_than_random(each) == 1]
    names = ", ".join(METHOD_NAMES[each.method] for each in better) or "none"
    orders = len(result.random.deletion)
    return f"Deletion area smaller than in all {orders} random orders: {names}."
