"""The models of builds against the parts and the forward of transformers."""

import random
from dataclasses import replace
from typing import Any, get_args

import pytest
import torch
from torch.testing import assert_close
from transformers import PerceiverConfig, PerceiverModel
from transformers.models.perceiver import modeling_perceiver as perceiver

from models.data.build_one import (
    READABLE,
    count_parameters,
    draw,
    fitting_decoders,
    fitting_postprocessors,
    parts,
    preset,
    problems,
    shapes,
    spec_of,
)
from models.perceiver import build_one_plain as plain
from models.perceiver.build_one import build_model, model_inputs, queries, run_model, tensors
from models.schema import Build
from models.schema import build_one as schema

DATA = get_args(schema.Data)
VARIANTS = (
    Build(),
    Build(preprocessor="conv1x1", positions="learned", combine="add", decoder="basic", postprocessor="classification"),
    Build(preprocessor="conv", decoder="projection"),
    Build(preprocessor="patches", patch=2, positions="none"),
    Build(preprocessor="one_hot", positions="none", decoder="basic"),
    Build(preprocessor="text", positions="learned", combine="add"),
    Build(preprocessor="audio", samples=8, combine="add"),
    replace(preset("reverse")[0], postprocessor="projection", query_residual=False),
    preset("motion")[0],
    replace(preset("motion")[0], decoder="video", blocks=2),
    preset("digit_tone")[0],
    preset("digit_tone_autoencoding")[0],
    replace(preset("digit_tone_autoencoding")[0], query_positions="fourier", bands=3),
)
CLASSES = {
    "PerceiverTextPreprocessor",
    "PerceiverImagePreprocessor",
    "PerceiverOneHotPreprocessor",
    "PerceiverAudioPreprocessor",
    "PerceiverMultimodalPreprocessor",
    "PerceiverProjectionDecoder",
    "PerceiverBasicDecoder",
    "PerceiverClassificationDecoder",
    "PerceiverOpticalFlowDecoder",
    "PerceiverBasicVideoAutoencodingDecoder",
    "PerceiverMultimodalDecoder",
    "PerceiverAudioPostprocessor",
    "PerceiverClassificationPostprocessor",
    "PerceiverProjectionPostprocessor",
    "PerceiverMultimodalPostprocessor",
}


def started(build: Build) -> PerceiverModel:
    model = build_model(build)
    plain.start_weights(model, build.initial_std, 0, no_positions=parts(build).fixed_positions)
    return model


def random_build(draws: random.Random) -> Build:
    """Any build whose parts can follow each other; some settings may still not fit."""
    build, _ = preset(draws.choice(DATA))
    spec = spec_of(build)
    decoder = draws.choice(fitting_decoders(spec))
    return replace(
        build,
        letters=draws.choice([2, 5]),
        preprocessor=draws.choice(READABLE[build.data]),
        positions=draws.choice(get_args(schema.Positions)),
        combine=draws.choice(get_args(schema.Combine)),
        bands=draws.choice([1, 3, 8]),
        input_channels=draws.choice([4, 14, 34]),
        patch=draws.choice([1, 2, 3, 4]),
        samples=draws.choice([1, 2, 8, 16]),
        latents=draws.choice([1, 2, 8]),
        channels=draws.choice([8, 24]),
        layers=draws.choice([0, 1, 2]),
        blocks=draws.choice([1, 2]),
        self_heads=draws.choice([1, 2, 4]),
        cross_heads=draws.choice([1, 1, 2]),
        widening=draws.choice([1, 2]),
        decoder=decoder,
        query_positions=draws.choice(["learned", "learned", "fourier"]),
        query_residual=draws.choice([True, False]),
        postprocessor=draws.choice(fitting_postprocessors(decoder, spec)),
    )


def test_every_class_is_in_some_build():
    modules = {type(module) for build in VARIANTS for module in started(build).modules()}
    names = {base.__name__ for found in modules for base in found.__mro__}
    assert names >= CLASSES


def test_whatever_has_no_problems_runs_and_has_the_sizes_that_were_calculated():
    draws, tested = random.Random(0), 0
    while tested < 60:
        build = random_build(draws)
        if problems(build):
            continue
        tested += 1
        model, (examples, _), found = started(build), draw(build), shapes(build)
        examples = examples.rows(slice(0, 2))
        loss = plain.loss_of(run_model(model, build, examples.inputs), tensors(examples.targets))
        loss.backward()
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        assert loss.isfinite(), build
        assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in trained), build
        assert sum(map(torch.numel, trained)) == count_parameters(build), build
        read = model.input_preprocessor(model_inputs(build, examples.inputs))[0]
        assert read.shape[1:] == (found.inputs, found.input_channels), build


@pytest.mark.parametrize("build", VARIANTS, ids=lambda build: f"{build.preprocessor}-{build.decoder}")
def test_a_model_is_the_composition_of_the_parts(build):
    """The adapters, which `PerceiverModel` needs for some classes, change nothing."""
    model, rows = started(build), draw(build)[0].rows(slice(0, 3))
    read, sizes, without = model.input_preprocessor(model_inputs(build, rows.inputs))
    latents = model.encoder(model.embeddings(3), inputs=read).last_hidden_state
    decoder: Any = model.decoder
    points = queries(build).get("subsampled_output_points")
    if isinstance(decoder, perceiver.PerceiverProjectionDecoder):
        expected = perceiver.PerceiverProjectionDecoder.forward(decoder, latents, latents)
    else:
        query = decoder.decoder_query(read, sizes, without, subsampled_points=points)
        if isinstance(decoder, perceiver.PerceiverBasicVideoAutoencodingDecoder):
            decoder.output_shape[0] = 3  # transformers wants the batch size there
            expected = perceiver.PerceiverBasicVideoAutoencodingDecoder.forward(decoder, query, latents).logits
        else:
            expected = decoder(query, latents).logits
    if model.output_postprocessor:
        sizes = {name: len(values) for name, values in (points or {}).items()} | {"label": 1} if points else sizes
        expected = model.output_postprocessor(expected, modality_sizes=sizes)
    expected = plain.by_output(expected, spec_of(build).outputs)
    assert_close(run_model(model, build, rows.inputs), expected)


def test_a_model_of_digits_is_the_one_that_is_written_by_hand():
    config: Any = PerceiverConfig(
        num_latents=16,
        d_latents=64,
        num_self_attends_per_block=2,
        num_blocks=1,
        num_self_attention_heads=4,
        num_cross_attention_heads=1,
        attention_probs_dropout_prob=0,
    )
    config.num_labels = 10
    by_hand = PerceiverModel(
        config,
        input_preprocessor=perceiver.PerceiverImagePreprocessor(
            config,
            prep_type="pixels",
            spatial_downsample=1,
            in_channels=1,
            fourier_position_encoding_kwargs={"num_bands": 8, "max_resolution": (8, 8)},
        ),
        decoder=perceiver.PerceiverClassificationDecoder(
            config,
            num_channels=64,
            trainable_position_encoding_kwargs={"index_dims": 1, "num_channels": 64},
            use_query_residual=True,
        ),
    ).eval()
    model, rows = started(Build()), draw(Build())[0].rows(slice(0, 3))
    by_hand.load_state_dict(model.state_dict())
    expected = by_hand(torch.from_numpy(rows.inputs["image"])).logits
    assert_close(run_model(model, Build(), rows.inputs)["label"], expected)


def test_no_positions_means_that_the_order_of_letters_does_not_matter():
    build = replace(preset("sort")[0], positions="none")
    model, rows = started(build), draw(build)[0].rows(slice(0, 3))
    mixed = {"letters": rows.inputs["letters"][:, ::-1]}
    assert_close(run_model(model, build, rows.inputs), run_model(model, build, mixed))
    with_positions = replace(build, positions="learned")
    model = started(with_positions)
    first, second = (run_model(model, with_positions, inputs)["letters"] for inputs in (rows.inputs, mixed))
    assert not torch.allclose(first, second)
