"""Estimate, warp, estimate the rest: on shifts that are known."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from models.perceiver.coarse_to_fine import SMALLEST, coarse_to_fine, pyramid, resize_flow, warp_back
from tests.tiny_models import assert_equal


def texture(height: int, width: int, seed: int = 0) -> Tensor:
    """[1, 3, height, width], smooth enough to be seen at half the size."""
    noise = torch.randn(1, 3, height // 8 + 2, width // 8 + 2, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(noise, (height, width), mode="bicubic")


def best_small_shift(first: Tensor, second: Tensor) -> Tensor:
    """The one shift of at most a pixel that fits best: an estimate as short-sighted as can be."""
    flows = [torch.tensor([x, y], dtype=first.dtype) for x in (-1, 0, 1) for y in (-1, 0, 1)]
    shape = (1, 2, *first.shape[-2:])
    whole = [flow[None, :, None, None].expand(shape) for flow in flows]
    errors = [(warp_back(second, flow) - first)[..., 4:-4, 4:-4].abs().mean().item() for flow in whole]
    return whole[errors.index(min(errors))]


@pytest.mark.parametrize("shift", [(0, 0), (1, 0), (-3, 2), (6, -5)])
def test_many_short_steps_make_a_long_one(shift):
    """Over three sizes, halved twice: up to 4 + 2 + 1 pixels."""
    x, y = shift
    scene = texture(180, 200)
    first, second = scene[..., 20:-20, 20:-20], scene[..., 20 - y : -20 - y, 20 - x : -20 - x]
    assert len(pyramid(*first.shape[-2:])) == 3
    flow = coarse_to_fine(best_small_shift, first, second)[-1]
    torch.testing.assert_close(flow.mean(dim=(-1, -2)), torch.tensor([[float(x), float(y)]]), atol=0.3, rtol=0)


def test_warping_by_whole_pixels_moves_pixels():
    second = torch.arange(12.0).reshape(1, 1, 3, 4)
    right = torch.tensor([1.0, 0.0])[None, :, None, None].expand(1, 2, 3, 4)
    assert_equal(warp_back(second, right)[0, 0], torch.tensor([[1.0, 2, 3, 3], [5, 6, 7, 7], [9, 10, 11, 11]]))
    up = torch.tensor([0.0, -1.0])[None, :, None, None].expand(1, 2, 3, 4)
    assert_equal(warp_back(second, up)[0, 0], torch.tensor([[0.0, 1, 2, 3], [0, 1, 2, 3], [4, 5, 6, 7]]))
    half = torch.full((1, 2, 3, 4), 0.5)
    assert warp_back(second, half)[0, 0, 0, 0].item() == pytest.approx((0 + 1 + 4 + 5) / 4)


def test_vectors_grow_with_the_image():
    flow = torch.tensor([1.0, 2.0])[None, :, None, None].expand(1, 2, 4, 6)
    grown = resize_flow(flow, (12, 12))
    assert grown.shape == (1, 2, 12, 12)
    torch.testing.assert_close(grown, torch.tensor([2.0, 6.0])[None, :, None, None].expand(1, 2, 12, 12))


@settings(max_examples=50)
@given(height=st.integers(1, 3000), width=st.integers(1, 3000))
def test_pyramid_of_any_size(height, width):
    sizes = pyramid(height, width)
    assert sizes[-1] == (height, width)
    assert len(sizes) == 1 or min(sizes[0]) >= SMALLEST
    assert min(sizes[0]) < 2 * SMALLEST
    for smaller, larger in itertools.pairwise(sizes):
        assert all(abs(2 * a - b) <= 1 for a, b in zip(smaller, larger, strict=True))


@pytest.mark.parametrize("size", [(1, 1), (1, 70), (65, 3), (33, 47)])
def test_no_size_is_too_small_or_too_odd(size):
    flow = coarse_to_fine(
        lambda first, _: torch.zeros(1, 2, *first.shape[-2:]), torch.rand(1, 3, *size), torch.rand(1, 3, *size)
    )[-1]
    assert flow.shape == (1, 2, *size)
    assert (flow == 0).all()
