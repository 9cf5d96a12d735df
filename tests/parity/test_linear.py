"""Linear layers by either library: the same product."""

import pytest
import torch
from torch import nn

from models.perceiver.linear import linear


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 7, 5), (1, 33, 64), (3, 130, 257)])
@pytest.mark.parametrize("bias", [True, False])
def test_equals_the_product_in_float64(shape: tuple[int, int, int], bias: bool) -> None:
    layer, x = nn.Linear(shape[-1], 19, bias=bias), torch.randn(shape)
    exact = x.double() @ layer.weight.double().T + (layer.bias.double() if bias else 0)
    with torch.inference_mode():
        found = linear(layer, x)
    assert found.shape == (*shape[:2], 19)
    torch.testing.assert_close(found.double(), exact, atol=1e-5, rtol=0)


def test_takes_views_that_are_not_contiguous() -> None:
    layer, x = nn.Linear(8, 4), torch.randn(8, 6, 2).transpose(0, 2)
    with torch.no_grad():
        torch.testing.assert_close(linear(layer, x), layer(x), atol=1e-6, rtol=0)


@pytest.mark.parametrize("shape", [(4, 5), (2, 4, 5), (2, 3, 2, 5)])
@pytest.mark.parametrize("bias", [True, False])
def test_has_gradients_where_they_are_wanted(shape: tuple[int, ...], bias: bool) -> None:
    layer, x = nn.Linear(5, 3, bias=bias), torch.randn(shape, requires_grad=True)
    learnt = [x, *layer.parameters()]
    found = torch.autograd.grad(linear(layer, x).square().sum(), learnt)
    torch.testing.assert_close(found, torch.autograd.grad(layer(x).square().sum(), learnt))


def test_gradients_of_views_that_are_not_contiguous() -> None:
    layer, x = nn.Linear(8, 4), torch.randn(8, 6, 2, requires_grad=True)
    found = torch.autograd.grad(linear(layer, x.permute(2, 1, 0)).mT.square()[..., ::2].sum(), [x, layer.weight])
    expected = torch.autograd.grad(layer(x.permute(2, 1, 0)).mT.square()[..., ::2].sum(), [x, layer.weight])
    torch.testing.assert_close(found, expected)


def test_what_is_frozen_has_no_gradient() -> None:
    layer, x = nn.Linear(5, 3).requires_grad_(False), torch.randn(2, 5, requires_grad=True)
    linear(layer, x).sum().backward()
    torch.testing.assert_close(x.grad, layer.weight.sum(dim=0).expand(2, -1))
    assert layer.weight.grad is None


def test_autocast_is_left_to_torch() -> None:
    layer, x = nn.Linear(6, 3), torch.randn(1, 4, 6)
    with torch.autocast("cpu", torch.bfloat16):
        assert linear(layer, x).dtype == torch.bfloat16
        assert torch.equal(linear(layer, x), layer(x))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_other_dtypes_stay_what_they_are(dtype: torch.dtype) -> None:
    layer, x = nn.Linear(6, 3).to(dtype), torch.randn(1, 4, 6, dtype=dtype)
    with torch.inference_mode():
        assert torch.equal(linear(layer, x), layer(x))
