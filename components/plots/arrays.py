"""The arrays saved with a plot: all that is needed to draw it again and to interpret it.

`numpy.load` reads them without pickle. Counts start at 0, and -1 stands for none.

All plots
    title               what the plot shows
    model, weights      the checkpoint
    device, dtype       what it ran on
    seed                of the random draws
    settings            the controls of the page, as JSON

Attention
    values              float32, the share of each input; for the method "decoder", of each latent
    latent_share        share that stayed in residuals of the learned latent array
    query_share         share that stayed in the residual of the output query; all shares sum to 1
    uniform             share of each input if attention were even
    method, head, latent
                        as in `Probe`; head -1: mean over heads; latent -1: not a single latent
    target_kind, target
                        the output: a class of `models.schema.Target` and its fields, such as "ByteAt" and [52]
    scale               unit of the colored levels: "share", "relative" or "log"
    color_map           name of the matplotlib color map
    color_limits        levels of the lowest and the highest color
    opacity             of maps over images, 0 to 1

Text
    text                uint8, UTF-8 bytes: as filled, as classified, or the prompt and the generated tokens
    units               what each cell shows
    shares, sizes       share of each unit, and how many inputs it has; without them, each unit is one of `values`
    hidden              cells of bytes that the model saw as [MASK]

Classes
    labels, probabilities
                        all labels of the result, best first

Masked bytes: positions, candidates, probabilities and order, as in `MaskedBytesResult`.
Leave-one-out: words, spans, drops, log_odds_drops, both rank correlations and attention, as in `Occlusion`; shown:
    indices of the words in the plot; effect_unit: of the bars.
Text generation: token_sizes: bytes of each token in `text`; prompt: how many of them are the prompt; dropped, prefix,
    latents: how the tokens were divided; probabilities: of each generated token, NaN if unknown; alternatives and
    alternative_probabilities: the most likely tokens in place of the target.
Images: those of a model begin with its variant ("fourier_values"); also input_image, extent and caption.
Optical flow: first, second: the frames; <method>_flow: float32 [height, width, 2], right and down; truth_flow: the
    ground truth, if there is one; full_color: pixels of motion with the full color; vector: flow at the target;
    second_read, before, area: the second frame as it was read, by how much it had been warped back, and where the
    inputs lie, as in `FlowTrace`.
Clips: frames, original_frames, audio, original_audio, fps, sample_rate, psnr_db, ssim, snr_db, masked: as in
    `AvAutoencodingResult`; shown: frames in the plot; trace_*: fields of `AvTrace`.
Costs: inputs; <model>_operations and <model>_memory (bytes) for each number of inputs.
Fine-tuning: confusion: rows by true label and prediction; loss, accuracy, their steps, smoothed and held-out values;
    chance: accuracy of always predicting the most common label. The texts of the visitor are not saved.
"""

from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

import numpy as np

from components.scale.attention import AttentionScale
from models.schema import AttentionMap, LabelScore, RunInfo, Target

Arrays = dict[str, Any]
"""Arrays, and numbers and strings that become arrays, by name."""
NONE = -1


def run_arrays(run: RunInfo) -> Arrays:
    seed = NONE if run.seed is None else run.seed
    return {"model": run.model, "weights": run.weights, "device": run.device, "dtype": run.dtype, "seed": seed}


def attention_arrays(attention: AttentionMap) -> Arrays:
    return {
        "values": attention.values,
        "latent_share": attention.latent_share,
        "query_share": attention.query_share,
        "uniform": attention.uniform,
        "method": attention.method,
        "head": NONE if attention.head is None else attention.head,
        "latent": NONE if attention.latent is None else attention.latent,
    }


def color_arrays(colors: AttentionScale) -> Arrays:
    return {"scale": colors.scale, "color_map": colors.color_map.name, "color_limits": np.array(colors.limits)}


def target_arrays(target: Target) -> Arrays:
    return {"target_kind": type(target).__name__, "target": np.array(astuple(target), dtype=np.int64)}


def label_arrays(labels: Sequence[LabelScore]) -> Arrays:
    return {
        "labels": np.array([label.name for label in labels], dtype=str),
        "probabilities": np.array([label.probability for label in labels], dtype=np.float64),
    }


def text_array(content: bytes) -> np.ndarray:
    """uint8: unlike a string, also for bytes that are not UTF-8 and for zeros at the end."""
    return np.frombuffer(content, dtype=np.uint8)
