"""How all benchmarks start: the machine, and models with random weights."""

import os
import platform
from typing import Any, TypeVar

import torch
from torch import nn

M = TypeVar("M", bound=nn.Module)


def print_machine() -> None:
    threads = torch.get_num_threads()
    print(f"{platform.machine()}, {threads} threads of {os.cpu_count()} cores, torch {torch.__version__}")


@torch.no_grad()
def random_model(kind: type[M], config: Any) -> M:
    """Random weights, std fan_in^-0.5: with the 0.02 of transformers all outputs are alike, whatever the code does."""
    torch.manual_seed(0)
    model = kind(config).eval()
    for parameter in model.parameters():
        if parameter.ndim == 2:
            parameter.normal_(std=parameter.shape[1] ** -0.5)
    return model
