"""Parts that do not fit together are refused before anything runs, and what is proposed instead fits."""

from dataclasses import replace
from itertools import product
from typing import Any, get_args

import pytest

from models.data.build_one import (
    READABLE,
    check,
    fitting_decoders,
    fitting_postprocessors,
    preset,
    problems,
    spec_of,
    sweep,
)
from models.schema import Build, BuildRefused, Training
from models.schema import build_one as schema

REFUSED: tuple[tuple[schema.Data, dict[str, Any], dict[str, Any]], ...] = (
    # The preprocessor cannot read the data.
    ("digits", {"preprocessor": "multimodal"}, {"preprocessor": "pixels"}),
    ("reverse", {"preprocessor": "pixels"}, {"preprocessor": "text"}),
    ("reverse", {"preprocessor": "conv"}, {"preprocessor": "one_hot", "positions": "none"}),
    ("sort", {"preprocessor": "audio"}, {"preprocessor": "text"}),
    ("copy", {"preprocessor": "multimodal"}, {"preprocessor": "text"}),
    ("motion", {"preprocessor": "text"}, {"preprocessor": "patches"}),
    ("motion", {"preprocessor": "audio"}, {"preprocessor": "conv1x1"}),
    ("motion", {"preprocessor": "one_hot", "positions": "none"}, {"preprocessor": "pixels", "positions": "fourier"}),
    ("tones", {"preprocessor": "pixels"}, {"preprocessor": "audio"}),
    ("tones", {"preprocessor": "text", "positions": "none"}, {"preprocessor": "audio"}),
    ("digit_tone", {"preprocessor": "patches"}, {"preprocessor": "multimodal"}),
    ("digit_tone", {"preprocessor": "audio"}, {"preprocessor": "multimodal"}),
    ("points", {"preprocessor": "one_hot"}, {"preprocessor": "audio"}),
    ("points", {"preprocessor": "conv"}, {"preprocessor": "text", "combine": "add"}),
    ("picture", {"preprocessor": "conv"}, {"preprocessor": "conv1x1"}),
    ("table", {"preprocessor": "pixels"}, {"preprocessor": "audio"}),
    # It reads them, but not with these sizes.
    ("digits", {"preprocessor": "pixels", "patch": 2}, {"preprocessor": "patches"}),
    ("digits", {"preprocessor": "patches", "patch": 3}, {"patch": 4}),
    ("digit_tone", {"patch": 3}, {"patch": 4}),
    ("tones", {"samples": 10}, {"samples": 8}),
    ("digit_tone", {"samples": 12}, {"samples": 16}),
    ("table", {"samples": 3}, {"samples": 2}),
    # Positions that transformers cannot give.
    ("reverse", {"positions": "fourier"}, {"positions": "learned"}),
    ("reverse", {"combine": "concat"}, {"combine": "add"}),
    ("digits", {"preprocessor": "one_hot", "positions": "learned"}, {"positions": "none"}),
    ("digits", {"positions": "none"}, {"preprocessor": "patches", "patch": 2}),
    ("points", {"positions": "none"}, {"positions": "learned"}),
    ("points", {"positions": "none", "samples": 2}, {"positions": "fourier"}),
    ("picture", {"positions": "none"}, {"positions": "learned"}),
    ("digits", {"preprocessor": "conv1x1", "combine": "add"}, {"input_channels": 34}),
    ("motion", {"preprocessor": "conv", "combine": "add", "decoder": "basic"}, {"combine": "concat"}),
    # Decoders that cannot give the outputs.
    ("digits", {"decoder": "optical_flow"}, {"decoder": "classification"}),
    ("digits", {"decoder": "video"}, {"decoder": "projection"}),
    ("digits", {"decoder": "multimodal"}, {"decoder": "basic"}),
    ("reverse", {"decoder": "projection"}, {"decoder": "basic"}),
    ("reverse", {"decoder": "classification"}, {"decoder": "basic"}),
    ("motion", {"decoder": "projection"}, {"decoder": "video"}),
    ("picture", {"decoder": "classification"}, {"decoder": "optical_flow"}),
    ("digit_tone_autoencoding", {"decoder": "basic"}, {"decoder": "multimodal"}),
    ("motion", {"preprocessor": "patches", "patch": 2}, {"decoder": "basic"}),
    ("motion", {"preprocessor": "conv"}, {"decoder": "video"}),
    ("digits", {"query_positions": "fourier"}, {"query_positions": "learned"}),
    ("motion", {"decoder": "video", "query_positions": "fourier"}, {"query_positions": "learned"}),
    # Postprocessors that cannot follow the decoder.
    ("digits", {"postprocessor": "classification"}, {"decoder": "basic"}),
    ("digits", {"decoder": "basic", "postprocessor": "projection"}, {"postprocessor": "classification"}),
    ("reverse", {"postprocessor": "classification"}, {"postprocessor": "projection"}),
    ("motion", {"postprocessor": "projection"}, {"postprocessor": "none"}),
    ("digit_tone_autoencoding", {"postprocessor": "none"}, {"postprocessor": "multimodal"}),
    # Heads that do not divide channels.
    ("digits", {"channels": 50}, {"self_heads": 5}),
    ("reverse", {"cross_heads": 6}, {"cross_heads": 8}),
    ("digits", {"cross_heads": 2}, {"cross_heads": 1}),
    # Sizes.
    ("digits", {"latents": 0}, {"latents": 1}),
    ("digits", {"channels": 128, "layers": 6, "widening": 4}, {"widening": 1, "layers": 3}),
    ("reverse", {"letters": 25}, {"letters": 24}),
    ("digits", {"initial_std": 0.0}, {"initial_std": 0.02}),
    ("digits", {"data": "letters"}, {"data": "digits"}),
)


@pytest.mark.parametrize(("data", "bad", "good"), REFUSED, ids=lambda value: str(value))
def test_what_does_not_fit_is_refused_and_the_proposal_fits(data, bad, good):
    build = replace(preset(data)[0], **bad)
    found = problems(build)
    assert found
    assert all(sentence.endswith(".") for sentence in found)
    with pytest.raises(BuildRefused) as refused:
        check(build)
    assert refused.value.problems == found
    assert problems(replace(build, **good)) == ()


@pytest.mark.parametrize("data", get_args(schema.Data))
def test_every_pair_of_parts_is_either_proposed_or_refused(data):
    build, training = preset(data)
    spec = spec_of(build)
    assert problems(build, training) == ()
    for name, decoder in product(get_args(schema.Preprocessor), get_args(schema.Decoder)):
        found = problems(replace(build, preprocessor=name, decoder=decoder))
        assert found or (name in READABLE[data] and decoder in fitting_decoders(spec))
    for decoder, post in product(fitting_decoders(spec), get_args(schema.Postprocessor)):
        if not problems(replace(build, decoder=decoder, postprocessor=post)):
            assert post in fitting_postprocessors(decoder, spec)


@pytest.mark.parametrize(
    "changes",
    [{"steps": 0}, {"steps": 10**6}, {"batch_size": 0}, {"learning_rate": 0.0}, {"learning_rate": 1.0}, {"seed": -1}],
    ids=str,
)
def test_training_outside_of_the_limits_is_refused(changes):
    assert problems(Build(), replace(Training(), **changes))


def test_a_batch_that_takes_too_long_is_refused():
    build = replace(preset("motion")[0], latents=64, channels=128, layers=4)
    assert problems(build, Training(batch_size=128))
    assert problems(build, Training(batch_size=16)) == ()


@pytest.mark.parametrize(
    "table",
    [
        "a,class\n" * 3,
        "class\n" + "x\ny\n" * 20,
        "a,class\n" + "1,x\n" * 30,
        "a,class\n" + "1,x\n2,y,3\n" * 30,
        "a,class\n" + "".join(f"{row},{row}\n" for row in range(50)),
        "a,class\n" + "".join(f"word {row},{row % 2}\n" for row in range(100)),
        "a,class\n" + "1,x\n2,y\n" * 30_000,
    ],
    ids=["few rows", "one column", "one class", "ragged", "many classes", "many words", "large"],
)
def test_tables_that_cannot_be_learned_are_refused(table):
    assert problems(replace(preset("table")[0], table=table))


@pytest.mark.parametrize(
    "points",
    [
        ((0, 0, 0),) * 20,
        ((0, 0, 0), (1, 1, 1)),
        ((0, 0, 0), (1, 1, 2)) * 10,
        ((0, 0, 0), (2, 0, 1)) * 10,
        ((0, 0, 0), (float("nan"), 0, 1)) * 10,
    ],
    ids=["one class", "few", "class left out", "outside", "not a number"],
)
def test_points_that_cannot_be_learned_are_refused(points):
    assert problems(replace(preset("points")[0], points=points))


def test_a_sweep_changes_one_setting():
    builds = sweep(Build(), "latents", (1, 2, 4))
    assert [build.latents for build in builds] == [1, 2, 4]
    assert {replace(build, latents=16) for build in builds} == {Build()}
