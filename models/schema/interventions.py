"""What can be left out of a run, and what that does to its outputs."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class EachLatent:
    """Each latent of `Stages` in turn is left out of all self-attention layers and of the decoder."""


@dataclass(frozen=True, slots=True)
class EachHead:
    """Each head of one layer in turn is switched off: its output is zero before the output projection.

    layer: 0 is the encoder cross-attention, 1 to L are the self-attention layers in the order in which they run, and
    L + 1 is the decoder cross-attention.
    """

    layer: int


@dataclass(frozen=True, slots=True)
class InputsAt:
    """All of these inputs are left out: no latent can attend to them. They are counted from 0."""

    indices: tuple[int, ...]


Intervention = EachLatent | EachHead | InputsAt


@dataclass(frozen=True, slots=True)
class Effects:
    """Probabilities with and without parts of a run: n latents, n heads, or one group of inputs (n = 1). R outputs.

    probability: float32 [R], of what each output predicts. without: float32 [n, R], the same without each part.
    attention: float32 [R, n], of each output to each part; for inputs through all latents; None for heads.
    rank_correlation: float32 [R], of this attention with the size of the effects in log-odds, -1 to 1 (Spearman); NaN
    for heads and for fewer than three parts.
    maps: float32 [n, R, K or M], what each head attends to: heads of the decoder to the latents of `Stages`, heads of
    the encoder to the inputs, weighted by the output's decoder attention. None for others.
    """

    probability: np.ndarray
    without: np.ndarray
    attention: np.ndarray | None
    rank_correlation: np.ndarray
    maps: np.ndarray | None = None
