"""The small multimodal model: the engine against transformers' own forward of the same parts, and what queries are."""

import math
from dataclasses import replace

import pytest
import torch

from models.perceiver.engine import decode, decoder_queries, encode
from models.perceiver.multimodal_inputs import log_spectrum, patches_of_video
from models.perceiver.multimodal_places import PLACE, place_features, sound_places, video_places
from models.perceiver.patch_multimodal import PerceiverForPatchMultimodal, patch_multimodal_config, video_of_patches
from models.perceiver.provenance import rollout
from tests.tiny_models import FAR, assert_equal, tiny_patch_multimodal

ALL = {"image": torch.arange(16), "audio": torch.arange(16), "label": None}


@pytest.fixture(scope="module")
def model() -> PerceiverForPatchMultimodal:
    return tiny_patch_multimodal()


def clip(batch: int = 2) -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(1)
    return {
        "image": torch.rand(batch, 4, 3, 8, 8, generator=draw),
        "audio": torch.rand(batch, 1024, 1, generator=draw) - 0.5,
        "label": torch.eye(3)[:batch],
    }


@torch.no_grad()
def test_engine_equals_transformers(model):
    found, expected = decode(model, encode(model, clip())), model(clip(), ALL).logits
    shapes = {name: tuple(values.shape) for name, values in expected.items()}
    assert shapes == {"image": (2, 16, 48), "audio": (2, 1024), "label": (2, 3)}
    for name, values in expected.items():
        assert (values[0] - values[1]).abs().max() > FAR
        assert_equal(found[name], values, atol=1e-4)


@torch.no_grad()
def test_a_patch_by_its_number_or_by_its_place(model):
    encoded = encode(model, clip())
    whole = decode(model, encoded)
    by_number = decode(model, encoded, {"image": torch.tensor([9, 2]), "audio": torch.tensor([3]), "label": None})
    assert_equal(by_number["image"], whole["image"][:, [9, 2]])
    assert_equal(by_number["audio"], whole["audio"][:, 3 * 64 : 4 * 64])
    # Patch 9: time 2 of 4, row 0, column 1 of 2. Patch 3 of 16 of the sound.
    places = {"image": torch.tensor([[2.5 / 4, 0.25, 0.75]]), "audio": torch.tensor([[3.5 / 16]]), "label": None}
    by_place = decode(model, encoded, places)
    assert_equal(by_place["image"], whole["image"][:, [9]])
    assert_equal(by_place["audio"], whole["audio"][:, 3 * 64 : 4 * 64])


@torch.no_grad()
def test_an_answer_changes_little_by_little_between_two_patches(model):
    encoded = encode(model, clip())
    steps = torch.linspace(0.25, 0.75, 41)
    places = torch.stack([torch.full_like(steps, 0.4), torch.full_like(steps, 0.25), steps], dim=1)
    answers = decode(model, encoded, {"image": places, "audio": torch.tensor([0]), "label": None})["image"]
    whole = (answers[:, -1] - answers[:, 0]).abs().max()
    assert whole > FAR
    assert (answers[:, 1:] - answers[:, :-1]).abs().max() < 0.3 * whole


@torch.no_grad()
def test_queries_know_nothing_of_the_clip(model):
    encoded = encode(model, clip())
    other = replace(encoded, inputs=torch.randn_like(encoded.inputs), inputs_without_pos=None)
    queries = decoder_queries(model, encoded, ALL)
    assert_equal(decoder_queries(model, other, ALL), queries)
    assert_equal(queries[0], queries[1])


@torch.no_grad()
def test_all_shares_of_a_rollout(model):
    wanted = {"image": torch.tensor([5]), "audio": torch.tensor([7, 8]), "label": None}
    shares = rollout(model, encode(model, clip(1), keep_mixing=True), wanted)
    assert shares.inputs.shape == (4, 8 + 8 + 1)  # sound, video (two frames an input), label
    assert_equal(shares.inputs.sum(dim=1) + shares.latent_share + shares.query_share, torch.ones(4))


def test_saved_and_loaded(model, tmp_path):
    model.save_pretrained(tmp_path)
    loaded = PerceiverForPatchMultimodal.from_pretrained(tmp_path).eval()
    with torch.no_grad():
        for name, values in model(clip(), ALL).logits.items():
            assert_equal(loaded(clip(), ALL).logits[name], values)


def test_at_most_five_million_parameters():
    with torch.device("meta"):
        model = PerceiverForPatchMultimodal(patch_multimodal_config())
    assert sum(parameter.numel() for parameter in model.parameters()) <= 5_000_000


def test_patches_and_frames():
    """Each number says its frame, color, row and column."""
    parts = torch.meshgrid(torch.arange(2), torch.arange(3), torch.arange(4), torch.arange(6), indexing="ij")
    frames = sum(part * 10**power for part, power in zip(parts, (3, 2, 1, 0), strict=True))[None]
    patches = patches_of_video(frames, 2)
    assert patches.shape == (1, 2 * 2 * 3, 3 * 2 * 2)
    # Second frame, second row, third column of patches: rows 2 and 3, columns 4 and 5.
    assert patches[0, 6 + 3 + 2].tolist() == [1024, 1025, 1034, 1035, 1124, 1125, 1134, 1135, 1224, 1225, 1234, 1235]
    assert torch.equal(video_of_patches(patches, (2, 2, 3)), frames)


def test_features_of_a_place():
    sound, video = place_features(torch.tensor([[0.25]]), "audio")[0], place_features(torch.rand(5, 3), "image")
    assert sound[:3].tolist() == pytest.approx([math.sin(math.pi / 4), math.sin(math.pi / 2), 0], abs=1e-6)
    assert sound[8:11].tolist() == pytest.approx([math.cos(math.pi / 4), 0, -1], abs=1e-6)
    assert sound[16:].abs().max() == 0
    assert video.shape == (5, PLACE)
    assert video[:, :16].abs().max() == 0
    assert_equal(video.square().sum(dim=1), torch.full((5,), 13.0))


def test_grids_of_places():
    config = patch_multimodal_config(frames=4, size=8, patch=4)
    assert video_places(config, torch.tensor([0, 2.5])).tolist() == [
        [time, row, column] for time in (0.125, 0.75) for row in (0.25, 0.75) for column in (0.25, 0.75)
    ]
    # Moved by some pixels, there is room for one patch only along that axis.
    assert video_places(config, torch.tensor([1]), top=3).tolist() == [[0.375, 0.625, 0.25], [0.375, 0.625, 0.75]]
    assert video_places(config, torch.tensor([1]), left=0.5).tolist() == [[0.375, 0.25, 0.3125], [0.375, 0.75, 0.3125]]
    for top in (-0.25, 0.25):
        middles = video_places(config, torch.tensor([1]), top, -top)[:, 1:] * 8
        assert middles.tolist() == [[row + top, column - top] for row in (2, 6) for column in (2, 6)]
    sound = sound_places(config, 16)
    assert len(sound) == 4 * 512 // 256 - 1
    assert sound[0].item() == (16 + 128) / 2048


@pytest.mark.parametrize("hertz", [300, 1100, 3000])
def test_a_tone_is_in_its_band_alone(hertz):
    times = torch.arange(2048) / 8000
    spectrum = log_spectrum(0.3 * torch.sin(2 * math.pi * hertz * times)[None], 128)
    assert spectrum.shape == (1, 16, 32)
    mel = 2595 * math.log10(1 + hertz / 700)
    lowest, highest = (2595 * math.log10(1 + edge / 700) for edge in (60, 4000))
    band = (mel - lowest) / (highest - lowest) * 33 - 1
    assert (spectrum[0, 4:12].argmax(dim=-1) - band).abs().max() < 1
    assert spectrum.max() < 0.35
    assert_equal(log_spectrum(torch.zeros(1, 2048), 128), torch.full((1, 16, 32), -0.224))
