"""The shapes of the published models: the table of their checkpoints, and parameters counted without allocating any."""

import pytest
import torch
import transformers

from models.perceiver.checkpoints import PUBLISHED, Checkpoint, config_of, count_parameters

# Hub id: class, latents x dim, d_model, blocks x layers, self/cross heads, parameters in millions (reference: recipes).
TABLE = {
    "deepmind/language-perceiver": ("MaskedLM", (256, 1280), 768, (1, 26), (8, 8), 201.1),
    "addy88/perceiver_imdb": ("SequenceClassification", (256, 1280), 768, (1, 26), (8, 8), 206.1),
    "deepmind/vision-perceiver-learned": ("ImageClassificationLearned", (512, 1024), 512, (8, 6), (8, 1), 62.3),
    "deepmind/vision-perceiver-fourier": ("ImageClassificationFourier", (512, 1024), 261, (8, 6), (8, 1), 48.4),
    "deepmind/vision-perceiver-conv": ("ImageClassificationConvProcessing", (512, 1024), 322, (8, 6), (8, 1), 48.6),
    "deepmind/optical-flow-perceiver": ("OpticalFlow", (2048, 512), 322, (1, 24), (16, 1), 41.1),
    "deepmind/multimodal-perceiver": ("MultimodalAutoencoding", (784, 512), 704, (1, 8), (8, 1), 19.9),
}
INPUTS = {
    "deepmind/language-perceiver": {"vocab_size": 262, "max_position_embeddings": 2048, "qk_channels": 256},
    "addy88/perceiver_imdb": {"vocab_size": 262, "max_position_embeddings": 2048, "num_labels": 2},
    "deepmind/vision-perceiver-learned": {"image_size": 224, "num_labels": 1000},
    "deepmind/vision-perceiver-fourier": {"image_size": 224, "num_labels": 1000},
    "deepmind/vision-perceiver-conv": {"image_size": 224, "num_labels": 1000},
    "deepmind/optical-flow-perceiver": {"train_size": (368, 496)},
    "deepmind/multimodal-perceiver": {
        "num_labels": 700,
        "audio_samples_per_frame": 1920,
        "samples_per_patch": 16,
        "image_size": 56,
    },
}


def checkpoint(name: str) -> Checkpoint:
    return Checkpoint(name, "published", getattr(transformers, f"PerceiverFor{TABLE[name][0]}"))


def test_all_of_the_table_is_there():
    assert set(PUBLISHED) == set(TABLE)


@pytest.mark.parametrize("name", TABLE)
def test_parameters(name):
    assert count_parameters(checkpoint(name)) / 1e6 == pytest.approx(TABLE[name][5], abs=0.05)


@pytest.mark.parametrize("name", TABLE)
def test_shape(name):
    _, latents, d_model, depth, heads, _ = TABLE[name]
    config = config_of(checkpoint(name))
    assert (config.num_latents, config.d_latents) == latents
    assert (config.num_blocks, config.num_self_attends_per_block) == depth
    assert (config.num_self_attention_heads, config.num_cross_attention_heads) == heads
    assert config.d_model == d_model
    for field, value in INPUTS[name].items():
        assert getattr(config, field) == value


@pytest.mark.parametrize("name", TABLE)
def test_d_model_is_the_width_that_the_encoder_reads(name):
    with torch.device("meta"):
        model = checkpoint(name).model(config_of(checkpoint(name)))
    assert model.perceiver.input_preprocessor.num_channels == TABLE[name][2]
