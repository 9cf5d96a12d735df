"""Sizes of a model from its config, without its weights."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transformers import PerceiverConfig
from transformers.models.perceiver.modeling_perceiver import (
    PerceiverClassificationDecoder,
    PerceiverMultimodalDecoder,
    PerceiverTextPreprocessor,
)

from models.perceiver.ar_config import PerceiverArConfig
from models.perceiver.checkpoints import (
    Checkpoint,
    config_of,
    count_parameters,
    image_size_of,
    labels_of,
    name_of,
    outline,
)
from models.perceiver.clip_models import clip_shape
from models.perceiver.engine import basic_decoder, perceiver_of
from models.schema import ModelShape


def model_shape(checkpoint: Checkpoint, folders: Mapping[str, Path]) -> ModelShape:
    """The weights need not be available. folders: as in `checkpoints.source_of`."""
    config = config_of(checkpoint, folders)
    name, parameters = name_of(checkpoint, folders), count_parameters(checkpoint, folders)
    if isinstance(config, PerceiverArConfig):
        return _shape_of_ar(config, name, parameters)
    return _shape(config, outline(checkpoint, folders), name, parameters)


def _shape(config: PerceiverConfig, model: Any, name: str, parameters: int) -> ModelShape:
    perceiver = perceiver_of(model)
    reads_text = isinstance(perceiver.input_preprocessor, PerceiverTextPreprocessor)
    classifies = isinstance(perceiver.decoder, PerceiverClassificationDecoder)
    clips = clip_shape(config) if isinstance(perceiver.decoder, PerceiverMultimodalDecoder) else None
    return ModelShape(
        name=name,
        parameters=parameters,
        longest_text=config.max_position_embeddings - 2 if reads_text else 0,
        image_size=clips.side if clips else image_size_of(config) if classifies and not reads_text else 0,
        labels=labels_of(config) if classifies or clips else (),
        fps=clips.fps if clips else 0.0,
        sample_rate=clips.sample_rate if clips else 0,
        input_channels=config.d_model,
        latents=config.num_latents,
        latent_channels=config.d_latents,
        blocks=config.num_blocks,
        layers=config.num_self_attends_per_block,
        self_heads=config.num_self_attention_heads,
        cross_heads=config.num_cross_attention_heads,
        decoder_heads=basic_decoder(model).decoding_cross_attention.attention.self.num_heads,
    )


def _shape_of_ar(config: PerceiverArConfig, name: str, parameters: int) -> ModelShape:
    return ModelShape(
        name=name,
        parameters=parameters,
        longest_text=config.max_seq_len,
        image_size=0,
        labels=(),
        fps=0.0,
        sample_rate=0,
        input_channels=config.num_channels,
        latents=config.max_latents,
        latent_channels=config.num_channels,
        blocks=1,
        layers=config.num_self_attention_layers,
        self_heads=config.num_heads,
        cross_heads=config.num_heads + len(config.matching_orders),
        matching_orders=config.matching_orders,
        vocabulary=config.vocab_size,
    )
