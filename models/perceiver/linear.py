"""Linear layers on CPUs: the same product, by the quicker of the two libraries that torch carries.

torch computes float32 products on CPUs with MKL, which is slow on processors of other makers: three times slower than
oneDNN where this was measured, an AMD EPYC. oneDNN, which torch uses for convolutions and bfloat16, is at home on all.
Results differ by rounding only.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# What torch's own compiler calls; without it (another build of torch) everything goes the usual way.
_ONEDNN = getattr(torch.ops.mkldnn, "_linear_pointwise", None) if torch.backends.mkldnn.is_available() else None


def linear(layer: nn.Linear, x: Tensor) -> Tensor:
    """`layer(x)`. oneDNN's product has no gradient, so that training goes the usual way."""
    return product(x, layer.weight, layer.bias)


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x weightᵀ + bias, as `linear` makes it: [..., C], [D, C], [D] -> [..., D]."""
    if _ONEDNN is None or torch.is_grad_enabled() or x.device.type != "cpu" or x.dtype != torch.float32:
        return F.linear(x, weight, bias)
    return _ONEDNN(x, weight, bias, "none", [], "")
