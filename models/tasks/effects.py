"""From the interventions of a probe to their effects on what a model predicts."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from models.perceiver.engine import Encoded, Wanted, basic_decoder, perceiver_of, self_attention_layers, to_numpy
from models.perceiver.interventions import Predictions
from models.perceiver.provenance import decoder_rows, read_through_encoder
from models.perceiver.stages import has_fast_layers
from models.schema import EachHead, EachLatent, Effects, InputError, InputsAt, Intervention, Stages
from models.tasks.occlusion import log_odds, rank_correlation
from models.tasks.targets import check_index
from models.tasks.task import Loaded


def effects_of(
    without: Sequence[Intervention],
    loaded: Loaded,
    encoded: Encoded,
    outputs: Wanted,
    predicted: Sequence[int],
    stages: Stages,
) -> Mapping[Intervention, Effects]:
    """outputs, predicted: as for `Predictions`. stages: their attention.

    Raises InputError for inputs or layers that there are not, and for a model that is too large.
    """
    for each in without:
        _check(each, loaded, encoded, stages)
    predictions = Predictions(loaded.model, encoded, outputs, torch.tensor(predicted))
    return {each: _effects(each, predictions, stages) for each in without}


def _effects(intervention: Intervention, predictions: Predictions, stages: Stages) -> Effects:
    attention = maps = None
    match intervention:
        case EachLatent():
            left = predictions.without_latents(torch.from_numpy(stages.latents).to(predictions.encoded.latents.device))
            attention = stages.decoder
        case EachHead(layer):
            left, maps = predictions.without_heads(layer), _maps(layer, predictions, stages)
        case InputsAt(indices):
            left = predictions.without_inputs(torch.tensor(indices))[None]
            attention = stages.inputs[:, list(indices)].sum(axis=1, keepdims=True)
    probability, without = to_numpy(predictions.unchanged()), to_numpy(left)
    sizes = np.abs(log_odds(without) - log_odds(probability))
    compared = [None] * len(probability) if attention is None else attention
    correlation = [rank_correlation(*pair) for pair in zip(compared, sizes.T, strict=True)]
    return Effects(probability, without, attention, np.array(correlation, np.float32), maps)


def _maps(layer: int, predictions: Predictions, stages: Stages) -> np.ndarray | None:
    """What each head of the encoder or of the decoder attends to, see `Effects`."""
    model, encoded, outputs = predictions.model, predictions.encoded, predictions.outputs
    if layer == 0:
        heads = perceiver_of(model).encoder.cross_attention.attention.self.num_heads
        weights = decoder_rows(model, encoded, outputs)
        return np.stack([to_numpy(read_through_encoder(model, encoded, weights, head)) for head in range(heads)])
    if layer <= len(self_attention_layers(model)):
        return None
    heads = basic_decoder(model).decoding_cross_attention.attention.self.num_heads
    rows = [to_numpy(decoder_rows(model, encoded, outputs, head)) for head in range(heads)]
    return np.stack(rows)[..., stages.latents]


def _check(intervention: Intervention, loaded: Loaded, encoded: Encoded, stages: Stages) -> None:
    inputs = stages.inputs.shape[1]
    match intervention:
        case EachHead(layer):
            check_index("layer", layer, len(self_attention_layers(loaded.model)) + 2, "this model")
            if not has_fast_layers(loaded.model, encoded):
                raise InputError("This model is too large to switch off each head on a CPU. Choose the demo model.")
        case InputsAt(indices):
            for index in indices:
                check_index("input", index, inputs, "the model as it read this")
            if not 0 < len(set(indices)) < inputs:
                raise InputError("Leave out at least one input, and not all of them.")
