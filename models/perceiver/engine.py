"""Encode once, then decode any queries, with the Perceivers of transformers.

transformers runs the whole model for every query. Here `encode` reads the inputs into latents, and `decode` answers any
queries from them. Both are differentiable; for inference, callers wrap them in `torch.inference_mode()`.

Shapes: B batch, M inputs, N latents, Q queries.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import PerceiverForMaskedLM, PerceiverModel, PerceiverPreTrainedModel
from transformers.models.perceiver.modeling_perceiver import (
    PerceiverBasicDecoder,
    PerceiverClassificationDecoder,
    PerceiverLayer,
    PerceiverMultimodalDecoder,
    PerceiverMultimodalPreprocessor,
    PerceiverOpticalFlowDecoder,
)

from models.perceiver.attention import run_layer, run_layer_and_map
from models.perceiver.multimodal_reading import read_modalities

# Largest intermediate result of the decoder in memory at once.
CHUNK_BYTES = 32 * 2**20

Wanted = Tensor | Mapping[str, Tensor | None] | None


@dataclass(frozen=True, slots=True)
class Encoded:
    """The encoder output for one batch.

    inputs: [B, M, C], the encoder inputs, including positions.
    inputs_mask: bool [B, M] or None.
    latents: [B, N, D], after the last self-attention layer.
    mixing: float32 [B, N, N], how much of each initial latent (column) is in each final latent (row), residuals
        included; rows sum to 1. None if `encode` was not asked to compute it.
    """

    inputs: Tensor
    inputs_mask: Tensor | None
    latents: Tensor
    mixing: Tensor | None = None
    modality_sizes: Mapping[str, int] | None = None
    inputs_without_pos: Any = None

    @property
    def nbytes(self) -> int:
        apart = self.inputs_without_pos
        apart = apart.values() if isinstance(apart, Mapping) else (apart,)
        held = (self.inputs, self.inputs_mask, self.latents, self.mixing, *apart)
        return sum(tensor.nbytes for tensor in held if tensor is not None)


def perceiver_of(model: PerceiverPreTrainedModel) -> PerceiverModel:
    """The `PerceiverModel` inside a `PerceiverFor…` class of transformers."""
    return model if isinstance(model, PerceiverModel) else model.perceiver


def basic_decoder(model: PerceiverPreTrainedModel) -> PerceiverBasicDecoder:
    """The decoder with the cross-attention, inside any task-specific wrapper."""
    decoder = perceiver_of(model).decoder
    return decoder if isinstance(decoder, PerceiverBasicDecoder) else decoder.decoder


def encode(
    model: PerceiverPreTrainedModel,
    inputs: Any,
    inputs_mask: Tensor | None = None,
    *,
    keep_mixing: bool = False,
    interpolate_positions: bool = False,
) -> Encoded:
    """Reads inputs into latents (Perceiver IO, section 3.1).

    inputs: as for the forward of the model (ids, pixels, patches, a dict of modalities).
    keep_mixing: also compute `mixing`, which rollout needs: one N x N product per layer.
    """
    perceiver = perceiver_of(model)
    preprocessor = perceiver.input_preprocessor
    if isinstance(preprocessor, PerceiverMultimodalPreprocessor):
        read, sizes, without_pos = read_modalities(preprocessor, inputs)
    else:
        read, sizes, without_pos = preprocessor(inputs, interpolate_pos_encoding=interpolate_positions)
    latents = read_into_latents(model, read, inputs_mask)
    latents, mixing = process(model, latents, _unmixed(latents) if keep_mixing else None)
    return Encoded(read, inputs_mask, latents, mixing, sizes, without_pos)


def read_into_latents(model: PerceiverPreTrainedModel, inputs: Tensor, inputs_mask: Tensor | None) -> Tensor:
    """The encoder cross-attention: inputs [B, M, C] -> latents [B, N, D], before the self-attention layers."""
    perceiver = perceiver_of(model)
    array = perceiver.embeddings(batch_size=inputs.shape[0])
    return run_layer(perceiver.encoder.cross_attention, array, inputs, inputs_mask)


def process(
    model: PerceiverPreTrainedModel, latents: Tensor, mixing: Tensor | None = None
) -> tuple[Tensor, Tensor | None]:
    """The self-attention layers: latents [B, N, D] -> [B, N, D], and `mixing` if it was given."""
    for layer in self_attention_layers(model):
        if mixing is None:
            latents = run_layer(layer, latents)
        else:
            latents, attended = run_layer_and_map(layer, latents)
            mixing = (mixing + attended @ mixing) / 2
    return latents, mixing


def self_attention_layers(model: PerceiverPreTrainedModel) -> list[PerceiverLayer]:
    """The layers in the order in which they run. Those of a block are run once for each block."""
    perceiver = perceiver_of(model)
    return [*perceiver.encoder.self_attends] * perceiver.config.num_blocks


def _unmixed(latents: Tensor) -> Tensor:
    """Identity: each latent consists only of itself, float32 [B, N, N]."""
    batch, count = latents.shape[:2]
    return torch.eye(count, device=latents.device).expand(batch, -1, -1)


def decoder_queries(model: PerceiverPreTrainedModel, encoded: Encoded, wanted: Wanted = None) -> Tensor:
    """The queries [B, Q, C] of the wanted outputs.

    wanted: None for all outputs; flat output indices, [Q] for the whole batch or [B, Q]; or, for the multimodal model,
        indices per modality as in `subsampled_output_points` of transformers (None: all of that modality).
    """
    wanted = _spelled_out(model, wanted)
    points = wanted if isinstance(wanted, Mapping) else None
    queries = perceiver_of(model).decoder.decoder_query(
        encoded.inputs, encoded.modality_sizes, encoded.inputs_without_pos, subsampled_points=points
    )
    if not isinstance(wanted, Tensor):
        return queries
    if wanted.ndim == 1:
        return queries[:, wanted]
    return queries.gather(1, wanted[..., None].expand(-1, -1, queries.shape[-1]))


def decode(model: PerceiverPreTrainedModel, encoded: Encoded, wanted: Wanted = None) -> Any:
    """Decodes the wanted outputs from the latents (Perceiver IO, section 3.2), in chunks that fit into memory.

    Returns the logits of the forward of the model, only for the wanted outputs: [B, Q, vocabulary] for masked bytes,
    [B, labels] for classification, [B, Q, 2] for optical flow (flat, in the unit of the model), a dict of modalities
    for the multimodal model.
    """
    wanted = _spelled_out(model, wanted)
    queries = decoder_queries(model, encoded, wanted)
    chunks = queries.split(queries_at_once(model, queries.shape[0]), dim=1)
    answers = [answer(model, encoded.latents, chunk) for chunk in chunks]
    return task_outputs(model, encoded, wanted, answers[0] if len(answers) == 1 else torch.cat(answers, dim=1))


def answer(model: PerceiverPreTrainedModel, latents: Tensor, queries: Tensor) -> Tensor:
    """The decoder output for queries [B, Q, C] and latents [B, N, D]: [B, Q, channels], before any postprocessor."""
    decoder = basic_decoder(model)
    return decoder.final_layer(run_layer(decoder.decoding_cross_attention, queries, latents))


def queries_at_once(model: PerceiverPreTrainedModel, batch: int = 1) -> int:
    """Number of queries per example that fit into CHUNK_BYTES, at least one."""
    asking = basic_decoder(model).decoding_cross_attention.attention.self
    return max(1, CHUNK_BYTES // (4 * batch * max(asking.query.in_features, asking.qk_channels)))


def _spelled_out(model: PerceiverPreTrainedModel, wanted: Wanted) -> Wanted:
    """Lists all indices of a modality given as None, for which transformers would count the channels of the inputs."""
    decoder = perceiver_of(model).decoder
    if not isinstance(decoder, PerceiverMultimodalDecoder) or isinstance(wanted, Tensor):
        return wanted
    points = dict(wanted) if wanted is not None else dict.fromkeys(decoder.modalities)
    for name, modality in decoder.modalities.items():
        if points[name] is None and not isinstance(modality, PerceiverClassificationDecoder):
            points[name] = torch.arange(math.prod(getattr(modality, "decoder", modality).output_index_dims))
    return points


def task_outputs(model: PerceiverPreTrainedModel, encoded: Encoded, wanted: Wanted, answers: Tensor) -> Any:
    """The result of `decode` from the decoder outputs of all wanted queries, [B, Q, channels]."""
    perceiver = perceiver_of(model)
    match perceiver.decoder:
        case PerceiverClassificationDecoder():
            answers = answers[:, 0]
        case PerceiverOpticalFlowDecoder(rescale_factor=factor):
            answers = answers / factor
    if isinstance(model, PerceiverForMaskedLM):
        return model.embedding_decoder(answers, embedding_layer=perceiver.input_preprocessor.embeddings)
    if perceiver.output_postprocessor is None:
        return answers
    return perceiver.output_postprocessor(answers, modality_sizes=_output_sizes(perceiver, encoded, wanted))


def _output_sizes(perceiver: PerceiverModel, encoded: Encoded, wanted: Wanted) -> Mapping[str, int] | None:
    if not isinstance(perceiver.decoder, PerceiverMultimodalDecoder) or not isinstance(wanted, Mapping):
        return encoded.modality_sizes
    return {name: 1 if points is None else len(points) for name, points in wanted.items()}


def to_numpy(values: Tensor) -> np.ndarray:
    """A float32 copy, which keeps no tensor in memory."""
    return values.float().cpu().numpy().copy()
