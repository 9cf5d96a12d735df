"""Scenes drawn at random: how far things move, what seeds repeat, noise and light, what is held out."""

import math
from dataclasses import fields

import pytest
import torch

from tests.colored_noise import colored_noise
from training import flow_textures
from training.flow_rendering import Pairs, render
from training.flow_scenes import Scenes, draw_layers, held_out
from training.flow_textures import HELD_OUT

pytestmark = pytest.mark.usefixtures("little_noise")


@pytest.fixture(scope="module")
def little_noise():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flow_textures, "NOISES", 6)
        yield


# Motion


def test_still_scenes_do_not_change():
    pairs = Scenes(colored_noise(4)).draw(0, count=120, size=24, plain=True)
    still = (pairs.flow == 0).all(dim=1).flatten(1).all(dim=1)
    assert 1 <= still.sum() <= 15
    assert torch.equal(pairs.first[still], pairs.second[still])
    assert not pairs.occluded[still].any()
    assert ((pairs.first - pairs.second).abs().flatten(1).amax(dim=1) > 0.01)[~still].float().mean() > 0.95


def test_in_some_scenes_only_the_background_moves():
    scenes = draw_layers(torch.Generator().manual_seed(0), 4, 400, 64, 8.0)
    moves = (scenes.shift != 0).any(dim=-1)
    assert 0.01 < (~moves).all(dim=1).float().mean() < 0.08
    assert 0.04 < (moves[:, 0] & ~moves[:, 1:].any(dim=1)).float().mean() < 0.13
    assert scenes.shown[:, :2].all()
    assert sorted(set(scenes.shown.sum(dim=1).tolist())) == [2, 3, 4, 5]


@pytest.mark.parametrize(("size", "reach"), [(64, 2.0), (64, 8.0), (128, 20.0)])
def test_nothing_moves_farther_than_it_may(size, reach):
    """Neither is the whole range left out."""
    scenes = draw_layers(torch.Generator().manual_seed(1), 4, 150, size, reach)
    length = render(scenes, colored_noise(4), size).flow.norm(dim=1)
    assert length.max() <= reach * (1 + 1e-4)
    assert length.max() > 0.9 * reach
    assert 0.1 < (length < reach / 16).float().mean() < 0.35
    assert 0.15 < (length > reach / 2).float().mean() < 0.5
    assert 0.2 < length.mean() / reach < 0.45


def test_layers_turn_and_zoom_as_little_as_is_said():
    motion = draw_layers(torch.Generator().manual_seed(2), 4, 300, 128, 50.0).motion
    turn = torch.atan2(motion[..., 1, 0] - motion[..., 0, 1], motion[..., 0, 0] + motion[..., 1, 1])
    assert 13 < turn.abs().max() * 180 / math.pi < 17  # the shear turns a little, too
    zoom = torch.linalg.det(motion).sqrt()
    assert 0.84 < zoom.min() < 0.88
    assert 1.14 < zoom.max() < 1.19
    assert 0.4 < (motion == torch.eye(2)).all(dim=-1).all(dim=-1).float().mean() < 0.6


def test_blobs_end_within_their_fields():
    """What is along the border is everywhere beyond it: it must not cover anything, not even a tenth."""
    shape = draw_layers(torch.Generator().manual_seed(3), 4, 100, 64, 8.0).shape
    border = torch.ones(shape.shape[-2:], dtype=torch.bool)
    border[1:-1, 1:-1] = False
    assert (shape[..., border] <= -1).all()
    covered = (shape > 0).float().mean(dim=(2, 3))
    assert (covered > 0.03).float().mean() > 0.99
    assert covered.max() < 0.9


# Seeds, noise and light


def test_a_seed_gives_the_same_pairs():
    scenes = Scenes(colored_noise(4))
    state = torch.get_rng_state()
    one, other, again = (scenes.draw(seed, count=3, size=16) for seed in (1, 2, 1))
    fresh = Scenes(colored_noise(4)).draw(1, count=3, size=16)
    for field in fields(Pairs):
        assert torch.equal(getattr(one, field.name), getattr(again, field.name))
        assert torch.equal(getattr(one, field.name), getattr(fresh, field.name))
        assert not torch.equal(getattr(one, field.name), getattr(other, field.name))
    assert torch.equal(state, torch.get_rng_state())


def test_shapes_types_and_bounds():
    pairs = Scenes(colored_noise(4)).draw(0, count=40, size=20)
    assert pairs.first.shape == pairs.second.shape == (40, 3, 20, 20)
    assert pairs.flow.shape == (40, 2, 20, 20)
    assert pairs.occluded.shape == (40, 20, 20)
    assert {pairs.first.dtype, pairs.second.dtype, pairs.flow.dtype} == {torch.float32}
    assert pairs.occluded.dtype == torch.bool
    for frame in (pairs.first, pairs.second):
        assert frame.min() >= 0
        assert frame.max() <= 1


def test_noise_blur_and_light_do_not_move_anything():
    scenes = Scenes(colored_noise(4))
    plain, pairs = (scenes.draw(4, count=100, size=24, plain=plain) for plain in (True, False))
    assert torch.equal(plain.flow, pairs.flow)
    assert torch.equal(plain.occluded, pairs.occluded)
    first, second = ((a - b).flatten(1) for a, b in ((plain.first, pairs.first), (plain.second, pairs.second)))
    untouched = (first.abs().amax(dim=1) == 0).float().mean()
    assert 0.1 < untouched < 0.5
    assert first.mean(dim=1).abs().max() < 0.01  # noise and blur; the light is another one in the second frame only
    assert second.mean(dim=1).abs().max() > 0.05


def test_held_out_pairs_are_always_the_same_and_of_their_own_photographs():
    photographs = colored_noise(1).repeat(HELD_OUT + 2, 1, 1, 1)
    pairs = held_out(photographs, 0, 4, 16, 4.0)
    photographs[:2] = 0
    again = held_out(photographs, 0, 4, 16, 4.0)
    assert all(torch.equal(getattr(pairs, field.name), getattr(again, field.name)) for field in fields(Pairs))
    photographs[2:] = 0
    assert not torch.equal(held_out(photographs, 0, 4, 16, 4.0).first, pairs.first)
    assert not torch.equal(held_out(photographs, 1, 4, 16, 4.0).flow, pairs.flow)
