"""Linear layers on CPUs: the same product, by the quicker of the two libraries that torch carries.

torch computes float32 products on CPUs with MKL, which is slow on processors of other makers: three times slower than
oneDNN where this was measured, an AMD EPYC. oneDNN, which torch uses for convolutions and bfloat16, is at home on all.
Results differ by rounding only. oneDNN's product has no gradient of its own: it is given one here, of two products
more. The gradient of a weight goes nowhere but into an optimiser's step, which is far coarser than bfloat16: whoever
says `coarse_weight_gradients` has that one product made of bfloat16 numbers, twice as quickly. What flows on to the
layers before stays float32: there, roundings would add up.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

# What torch's own compiler calls; without it (another build of torch) everything goes the usual way.
_ONEDNN: Any = getattr(torch.ops.mkldnn, "_linear_pointwise", None) if torch.backends.mkldnn.is_available() else None


# Processors without such instructions would convert back and forth, and be slower.
_QUICK_IN_BFLOAT16 = any(torch.cpu.get_capabilities().get(name) for name in ("avx512_bf16", "amx_bf16"))
# oneDNN takes some 20 µs to be called, MKL 3: with fewer multiplications than these, as of a single row, that decides.
_FEW = 2**19
_COARSE: ContextVar[bool] = ContextVar("coarse", default=False)


@contextmanager
def coarse_weight_gradients() -> Iterator[None]:
    """Of products made within, gradients of weights are multiplied from bfloat16 numbers, where that is quicker.

    They are float32 all the same, right to three digits. Other threads notice nothing.
    """
    token = _COARSE.set(_QUICK_IN_BFLOAT16)
    try:
        yield
    finally:
        _COARSE.reset(token)


def linear(layer: nn.Linear, x: Tensor) -> Tensor:
    """`layer(x)`, with gradients where they are wanted."""
    return product(x, layer.weight, layer.bias)


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x weightᵀ + bias, as `linear` makes it: [..., C], [D, C], [D] -> [..., D]."""
    if _ONEDNN is None or x.device.type != "cpu" or {x.dtype, weight.dtype} != {torch.float32}:
        return F.linear(x, weight, bias)
    if torch.is_autocast_enabled("cpu"):
        return F.linear(x, weight, bias)  # which is then made in another precision
    if torch.is_grad_enabled():
        return _Product.apply(x, weight, bias)
    if x.numel() * len(weight) < _FEW:
        return F.linear(x, weight, bias)
    return _onednn(x, weight, bias)


def _onednn(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    return _ONEDNN(x, weight, bias, "none", [], "")


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.coarse = _COARSE.get()
        return _onednn(x, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        """Of x: g weight; of the weight: gᵀ x; of the bias: the sum of g. Each is a product like the one forward."""
        (gradient,), (x, weight) = gradients, ctx.saved_tensors
        of_x, of_weight, of_bias = ctx.needs_input_grad
        flat = gradient.reshape(-1, gradient.shape[-1])
        return (
            _onednn(gradient, weight.T) if of_x else None,
            _of_weight(flat, x.reshape(-1, x.shape[-1]), ctx.coarse) if of_weight else None,
            flat.sum(dim=0) if of_bias else None,
        )


def _of_weight(gradient: Tensor, x: Tensor, coarse: bool) -> Tensor:
    """[R, D], [R, C] -> [D, C]."""
    if coarse:
        return (gradient.bfloat16().T @ x.bfloat16()).float()
    return _onednn(gradient.T, x.T)
