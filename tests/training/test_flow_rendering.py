"""Two frames of layers that move: what is seen, what is hidden, and where everything goes."""

import math
from dataclasses import fields, replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from tests.colored_noise import colored_noise
from training.flow_rendering import Layers, Pairs, render
from training.flow_scenes import draw_layers
from training.flow_textures import TEXTURE


def layers(*moves: tuple[float, float], size: int, center: float | None = None) -> Layers:
    """One scene: a background and boxes of 8 x 8 pixels in its middle, layer after layer with its shift.

    A pixel is one of the texture. The field has a point in the middle of each pixel, and a box ends at half of it.
    """
    depths = len(moves)
    line = torch.linspace(-1, 1, 33).abs()
    eye = torch.eye(2).expand(1, depths, 2, 2)
    return Layers(
        shown=torch.ones(1, depths, dtype=torch.bool),
        center=torch.full((1, depths, 2), (size - 1) / 2 if center is None else center),
        shift=torch.tensor([moves]).float(),
        motion=eye,
        shape=(0.5 - torch.maximum(line, line[:, None])).expand(1, depths, 33, 33),
        shape_place=eye / 8,
        texture=torch.arange(depths)[None],
        texture_place=eye * 2 / TEXTURE,
        texture_offset=torch.zeros(1, depths, 2),
        gain=torch.ones(1, depths, 3),
        offset=torch.zeros(1, depths, 3),
    )


def plain_colors(scenes: Layers) -> Layers:
    """Each layer in a gray of its own: 0 for the background, then 0.2 more each."""
    grays = torch.arange(scenes.shown.shape[1]) * 0.2
    return replace(
        scenes, gain=torch.zeros_like(scenes.gain), offset=grays[None, :, None].expand_as(scenes.offset).clone()
    )


def box(size: int, left: int, top: int, side: int = 8) -> Tensor:
    inside = torch.zeros(size, size, dtype=torch.bool)
    inside[top : top + side, left : left + side] = True
    return inside


RAMPS = torch.stack(
    [2 * ramp for ramp in torch.meshgrid(*2 * [torch.arange(TEXTURE)], indexing="ij")] + [torch.zeros(TEXTURE, TEXTURE)]
)[None]
"""One texture, 0 to 254, red from top to bottom and green from left to right: interpolated without any error."""


def as_ramps(scenes: Layers) -> Layers:
    """Around the centers of the textures, so that no layer is larger than its own, and in their own colors."""
    plain = {"texture_offset": torch.zeros_like(scenes.texture_offset), "texture": torch.zeros_like(scenes.texture)}
    return replace(scenes, **plain, gain=torch.ones_like(scenes.gain), offset=torch.zeros_like(scenes.offset))


def sampled(frames: Tensor, flow: Tensor, how: str = "bilinear") -> Tensor:
    """[B, 3, S, S] and [B, 2, S, S] -> [B, 3, S, S]: what the frames show where the flow leads."""
    grid = (2 * ends_of(flow) / (flow.shape[-1] - 1) - 1).movedim(1, -1)
    return F.grid_sample(frames, grid, mode=how, padding_mode="border", align_corners=True)


def near_edges(frames: Tensor) -> Tensor:
    """Frames [B, 3, S, S] in plain colors -> the same shape, 1 where there are several within two pixels, else 0."""
    darkest, brightest = -F.max_pool2d(-frames, 5, 1, 2), F.max_pool2d(frames, 5, 1, 2)
    return (brightest - darkest > 1e-3).float()


def ends_of(flow: Tensor) -> Tensor:
    """[B, 2, S, S]: where in the second frame the pixels of the first are."""
    line = torch.arange(flow.shape[-1])
    return flow + torch.stack(torch.meshgrid(line, line, indexing="xy"))


def outermost(flow: Tensor) -> Tensor:
    """bool [B, S, S]: what ends beyond the middles of the outermost pixels."""
    return ((ends_of(flow) < 0) | (ends_of(flow) > flow.shape[-1] - 1)).any(dim=1)


# By hand


def test_whole_pixels():
    """Two to the left and three down: the same values, but for what comes in and what goes out."""
    pairs = render(layers((-2, 3), size=20), colored_noise(1), 20)
    assert pairs.first.shape == pairs.second.shape == (1, 3, 20, 20)
    assert pairs.first.std() > 0.1
    torch.testing.assert_close(pairs.second[..., 3:, :-2], pairs.first[..., :-3, 2:], atol=1e-5, rtol=0)
    assert torch.equal(pairs.flow, torch.tensor([-2.0, 3.0])[None, :, None, None].expand(1, 2, 20, 20))
    out = torch.ones(20, 20, dtype=torch.bool)
    out[:-3, 2:] = False
    assert torch.equal(pairs.occluded[0], out)


def test_pixels_are_those_of_the_texture():
    """The center of a frame of an odd size is a pixel; that of a texture is between four."""
    scene = layers((0, 0), size=9)
    scene = replace(scene, texture_offset=torch.full((1, 1, 2), 1 / TEXTURE))
    photographs = colored_noise(1)
    pairs = render(scene, photographs, 9)
    torch.testing.assert_close(pairs.first, photographs[..., 60:69, 60:69] / 255, atol=1e-4, rtol=0)


def test_a_box_before_a_wall():
    """An edge that lies between pixels stays sharp; what the box comes to stand before is hidden."""
    pairs = render(plain_colors(layers((0, 0), (4, 0), size=32)), colored_noise(2), 32)
    before, after = box(32, 12, 12), box(32, 16, 12)
    torch.testing.assert_close(pairs.first[0, 0], 0.2 * before.float(), atol=1e-4, rtol=0)
    torch.testing.assert_close(pairs.second[0, 0], 0.2 * after.float(), atol=1e-4, rtol=0)
    assert torch.equal(pairs.flow[0, 0], 4.0 * before)
    assert not pairs.flow[0, 1].any()
    assert torch.equal(pairs.occluded[0], after & ~before)


def test_half_a_pixel_makes_half_an_edge():
    pairs = render(plain_colors(layers((0, 0), (0.5, 0), size=32)), colored_noise(2), 32)
    row = pairs.second[0, 0, 16]
    torch.testing.assert_close(
        row[[11, 12, 13, 19, 20, 21]], torch.tensor([0, 0.1, 0.2, 0.2, 0.1, 0]), atol=1e-4, rtol=0
    )


def test_what_is_in_front_is_not_hidden():
    """A box goes six to the right behind another one, which comes five down to where its lower part is."""
    scene = layers((0, 0), (6, 0), (0, 5), size=32)
    scene.center[0, 2] += torch.tensor([8.0, -4.0])
    pairs = render(plain_colors(scene), colored_noise(3), 32)
    behind, front = box(32, 12, 12), box(32, 20, 8)
    behind_after, front_after = box(32, 18, 12), box(32, 20, 13)
    first = torch.where(front, 0.4, 0.2 * behind)
    torch.testing.assert_close(pairs.first[0, 0], first, atol=1e-4, rtol=0)
    second = torch.where(front_after, 0.4, 0.2 * behind_after)
    torch.testing.assert_close(pairs.second[0, 0], second, atol=1e-4, rtol=0)
    wall = ~behind & ~front
    hidden_wall = wall & (behind_after | front_after)
    hidden_box = behind & front_after.roll(-6, dims=1)
    assert hidden_wall.sum() > 0
    assert hidden_box.sum() == 6 * 7
    assert torch.equal(pairs.occluded[0], hidden_wall | hidden_box)


def test_a_quarter_turn():
    scene = layers((0, 0), size=16)
    turn = torch.tensor([[0.0, -1.0], [1.0, 0.0]])  # what points right points down afterwards
    pairs = render(replace(scene, motion=turn[None, None]), colored_noise(1), 16)
    torch.testing.assert_close(pairs.second, pairs.first.rot90(-1, (2, 3)), atol=1e-5, rtol=0)
    # The upper left pixel goes to the upper right one.
    torch.testing.assert_close(pairs.flow[0, :, 0, 0], torch.tensor([15.0, 0.0]))
    torch.testing.assert_close(pairs.flow[0, :, 0, 15], torch.tensor([0.0, 15.0]))
    assert not pairs.occluded.any()


def test_a_zoom_about_a_point():
    """Twice as large about (3, 3), and one to the right of that."""
    scene = replace(layers((1, 0), size=16, center=3.0), motion=2 * torch.eye(2)[None, None])
    pairs = render(scene, colored_noise(1), 16)
    assert pairs.flow[0, :, 3, 3].tolist() == [1, 0]
    assert pairs.flow[0, :, 6, 5].tolist() == [3, 3]
    torch.testing.assert_close(pairs.second[0, :, 9, 8], pairs.first[0, :, 6, 5], atol=1e-5, rtol=0)
    # 3 + 1 + 2 (x - 3) is 16 at x = 9, and 3 + 2 (y - 3) is 15 at y = 9.
    assert pairs.occluded[0, 3].nonzero()[:, 0].tolist() == [0, *range(9, 16)]
    assert pairs.occluded[0, :, 3].nonzero()[:, 0].tolist() == [0, 1, *range(10, 16)]


def test_a_layer_that_is_not_shown_is_nowhere():
    scene = layers((0, 0), (4, 0), size=32)
    alone = render(layers((0, 0), size=32), colored_noise(2), 32)
    pairs = render(replace(scene, shown=torch.tensor([[True, False]])), colored_noise(2), 32)
    assert all(torch.equal(getattr(pairs, field.name), getattr(alone, field.name)) for field in fields(Pairs))


def test_colors_stay_within_their_bounds():
    scene = layers((0, 0), size=8)
    bright, dark = (
        render(replace(scene, offset=torch.full((1, 1, 3), by)), colored_noise(1), 8).first for by in (0.9, -0.9)
    )
    assert bright.max() == 1
    assert dark.min() == 0
    half = render(replace(scene, gain=torch.full((1, 1, 3), 0.5)), colored_noise(1), 8).first
    torch.testing.assert_close(half, render(scene, colored_noise(1), 8).first / 2)


# Drawn scenes


SETTINGS = st.tuples(st.integers(0, 2**31), st.sampled_from([(24, 2.0), (40, 6.0), (48, 12.0)]))


@settings(max_examples=10, deadline=None, derandomize=True)
@given(SETTINGS)
def test_the_flow_leads_to_what_looks_the_same(setting):
    """To a twentieth of a pixel, everywhere but next to edges, where a pixel of either frame is a mixture."""
    seed, (size, reach) = setting
    scenes = draw_layers(torch.Generator().manual_seed(seed), 12, 8, size, reach)
    grays = render(plain_colors(scenes), colored_noise(12), size)
    pairs = render(as_ramps(scenes), RAMPS, size)
    at_edge = near_edges(grays.first) + sampled(near_edges(grays.second), pairs.flow) > 0
    apart = ~(pairs.occluded | outermost(pairs.flow) | at_edge[:, 0])
    assert apart.float().mean() > 0.1
    found, missed = (sampled(pairs.second, pairs.flow + off) - pairs.first for off in (0, 0.1))
    assert found.abs().amax(dim=1)[apart].max() < 2e-4
    assert missed.abs().amax(dim=1)[apart].quantile(0.05) > 2e-4


@settings(max_examples=10, deadline=None, derandomize=True)
@given(SETTINGS)
def test_blobs_leave_alone_what_is_far_from_them(setting):
    seed, (size, reach) = setting
    scenes = draw_layers(torch.Generator().manual_seed(seed), 4, 24, size, reach)
    radius = torch.linalg.det(scenes.shape_place).rsqrt()
    line = torch.arange(size)
    pixels = torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1)
    away = (pixels - scenes.center[:, 1:, None, None]).norm(dim=-1) > math.sqrt(2) * radius[:, 1:, None, None] + 1
    far = (away | ~scenes.shown[:, 1:, None, None]).all(dim=1)
    assert far.any()
    assert not render(plain_colors(scenes), colored_noise(4), size).first[:, 0][far].any()


@pytest.mark.parametrize("reach", [2.0, 8.0])
def test_what_is_hidden_shows_another_layer(reach):
    """Colors tell the layers apart: the one that a pixel shows is at the end of its flow, unless it is hidden."""
    scenes = draw_layers(torch.Generator().manual_seed(5), 4, 24, 64, reach)
    pairs = render(plain_colors(scenes), colored_noise(4), 64)
    same = (sampled(pairs.second, pairs.flow, "nearest") - pairs.first)[:, 0].abs() < 0.05
    inside = ~outermost(pairs.flow)
    pure = (pairs.first[:, 0] / 0.2 - (pairs.first[:, 0] / 0.2).round()).abs() < 1e-3
    hidden = pairs.occluded & inside & pure
    assert hidden.sum() > 300
    assert same[hidden].float().mean() < 0.12  # by less than half a pixel, next to an edge
    assert same[~pairs.occluded & inside & pure].float().mean() > 0.97
    beyond = ((ends_of(pairs.flow) < -0.5) | (ends_of(pairs.flow) > 63.5)).any(dim=1)
    assert pairs.occluded[beyond].all()
