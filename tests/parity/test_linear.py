"""Linear layers by either library: the same product."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor, nn

from models.perceiver.linear import coarse_weight_gradients, linear


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 7, 5), (1, 33, 64), (3, 130, 257)])
@pytest.mark.parametrize("bias", [True, False])
def test_equals_the_product_in_float64(shape: tuple[int, int, int], bias: bool) -> None:
    layer, x = nn.Linear(shape[-1], 19, bias=bias), torch.randn(shape)
    exact = x.double() @ layer.weight.double().T + (layer.bias.double() if bias else 0)
    with torch.inference_mode():
        found = linear(layer, x)
    assert found.shape == (*shape[:2], 19)
    torch.testing.assert_close(found.double(), exact, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("channels", "rows"), [(8, 6), (512, 40)])
def test_takes_views_that_are_not_contiguous(channels: int, rows: int) -> None:
    layer, x = nn.Linear(channels, 32), torch.randn(channels, rows, 2).transpose(0, 2)
    with torch.no_grad():
        torch.testing.assert_close(linear(layer, x), layer(x), atol=1e-5, rtol=0)


@pytest.mark.parametrize("shape", [(4, 5), (2, 4, 5), (2, 3, 2, 5)])
@pytest.mark.parametrize("bias", [True, False])
def test_has_gradients_where_they_are_wanted(shape: tuple[int, ...], bias: bool) -> None:
    layer, x = nn.Linear(5, 3, bias=bias), torch.randn(shape, requires_grad=True)
    learned = [x, *layer.parameters()]
    found = torch.autograd.grad(linear(layer, x).square().sum(), learned)
    torch.testing.assert_close(found, torch.autograd.grad(layer(x).square().sum(), learned))


def test_gradients_of_views_that_are_not_contiguous() -> None:
    layer, x = nn.Linear(8, 4), torch.randn(8, 6, 2, requires_grad=True)
    found = torch.autograd.grad(linear(layer, x.permute(2, 1, 0)).mT.square()[..., ::2].sum(), [x, layer.weight])
    expected = torch.autograd.grad(layer(x.permute(2, 1, 0)).mT.square()[..., ::2].sum(), [x, layer.weight])
    torch.testing.assert_close(found, expected)


def _gradients(layer: nn.Linear, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of x, weight and bias."""
    of_x, of_weight, of_bias = torch.autograd.grad(linear(layer, x).square().sum(), [x, layer.weight, layer.bias])
    return of_x, of_weight, of_bias


def test_coarse_gradients_of_weights_are_right_to_three_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.perceiver.linear._QUICK_IN_BFLOAT16", True)
    layer, x = nn.Linear(70, 30), torch.randn(3, 40, 70, requires_grad=True)
    exact = _gradients(layer, x)
    with coarse_weight_gradients():
        coarse = _gradients(layer, x)
    assert torch.equal(coarse[0], exact[0])
    assert torch.equal(coarse[2], exact[2])
    assert coarse[1].dtype == torch.float32
    off = (coarse[1] - exact[1]).norm() / exact[1].norm()
    assert 0 < off < 4e-3
    assert torch.equal(_gradients(layer, x)[1], exact[1])


def test_coarse_gradients_are_for_those_who_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.perceiver.linear._QUICK_IN_BFLOAT16", True)
    layer, x = nn.Linear(7, 3), torch.randn(4, 7, requires_grad=True)
    exact = _gradients(layer, x)[1]
    with coarse_weight_gradients(), ThreadPoolExecutor(1) as beside:
        assert torch.equal(beside.submit(_gradients, layer, x).result()[1], exact)
        assert not torch.equal(_gradients(layer, x)[1], exact)


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
