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


def test_has_a_gradient_where_one_is_wanted() -> None:
    layer, x = nn.Linear(5, 3), torch.randn(2, 4, 5)
    linear(layer, x).square().sum().backward()
    found = layer.weight.grad.clone()
    layer.weight.grad = None
    layer(x).square().sum().backward()
    torch.testing.assert_close(found, layer.weight.grad)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_other_dtypes_stay_what_they_are(dtype: torch.dtype) -> None:
    layer, x = nn.Linear(6, 3).to(dtype), torch.randn(1, 4, 6, dtype=dtype)
    with torch.inference_mode():
        assert torch.equal(linear(layer, x), layer(x))
