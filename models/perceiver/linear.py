"""Linear layers on CPUs, computed by the faster of the two libraries in torch.

torch computes float32 products on CPUs with MKL, which is slow on processors of other vendors: three times slower than
oneDNN on an AMD EPYC. oneDNN, which torch uses for convolutions and bfloat16, is fast on all of them. The results
differ only by rounding. The oneDNN product has no gradient, so this module defines one with two more products. The
gradient of a weight is only used by the optimizer, whose steps are much coarser than bfloat16: within
`coarse_weight_gradients` its product uses bfloat16, which is twice as fast. Gradients of activations stay float32,
since their errors would add up.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from models.turns import pause

# The operator used by the compiler of torch; builds of torch without it fall back to F.linear.
_ONEDNN: Any = getattr(torch.ops.mkldnn, "_linear_pointwise", None) if torch.backends.mkldnn.is_available() else None


# Processors without these instructions would convert back and forth and be slower.
_QUICK_IN_BFLOAT16 = any(torch.cpu.get_capabilities().get(name) for name in ("avx512_bf16", "amx_bf16"))
# A call of oneDNN takes 20 µs, of MKL 3 µs, which dominates below this number of multiplications.
_FEW = 2**19
_COARSE: ContextVar[bool] = ContextVar("coarse", default=False)


@contextmanager
def coarse_weight_gradients() -> Iterator[None]:
    """Computes gradients of weights from bfloat16 numbers where that is faster, in this thread only.

    The gradients are still float32, accurate to three digits.
    """
    token = _COARSE.set(_QUICK_IN_BFLOAT16)
    try:
        yield
    finally:
        _COARSE.reset(token)


def linear(layer: nn.Linear, x: Tensor) -> Tensor:
    """`layer(x)`, with gradients if needed."""
    return product(x, layer.weight, layer.bias)


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x weightᵀ + bias, as `linear` computes it: [..., C], [D, C], [D] -> [..., D].

    Every model calls it many times a second, so that it is also where requests let others compute.
    """
    pause()
    if _ONEDNN is None or x.device.type != "cpu" or {x.dtype, weight.dtype} != {torch.float32}:
        return F.linear(x, weight, bias)
    if torch.is_autocast_enabled("cpu"):
        return F.linear(x, weight, bias)  # under autocast, in another precision
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
        """Gradients: g weight for x, gᵀ x for the weight, the sum of g for the bias; products as in the forward."""
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
