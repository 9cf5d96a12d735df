"""Image classification at the published size, random weights: transformers' own forward against the engine.

    python -m benchmarks.image_classification

Prints tables and, as its last line, the same as JSON. First each variant's forward; then what the attention behind the
answer costs: transformers' `output_attentions=True` hands out every map of every layer, from which one row would be
composed; ours follows the one row that was asked about.
"""

import json
import os
import platform
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from transformers import PerceiverPreTrainedModel

from benchmarks.memory import peak_mib
from benchmarks.timing import medians
from models.checkpoints import PUBLISHED, Checkpoint
from models.perceiver.engine import decode, encode
from models.perceiver.provenance import rollout
from models.tasks.image_classification import IMAGE_CLASSIFICATION

TOLERANCE = 1e-4
CHECKPOINTS = tuple(each for each in IMAGE_CLASSIFICATION.checkpoints if each.weights == "published")
TRACED = "fourier"


@torch.no_grad()
def build(checkpoint: Checkpoint) -> PerceiverPreTrainedModel:
    """Random weights at std fan_in^-0.5: at transformers' 0.02 all logits are alike, and equality would mean little."""
    torch.manual_seed(0)
    model = checkpoint.model(PUBLISHED[checkpoint.name]).eval()
    for parameter in model.parameters():
        if parameter.ndim == 2:
            parameter.normal_(std=parameter.shape[1] ** -0.5)
    return model


def picture() -> Tensor:
    return torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(1))


@torch.inference_mode()
def reference(model: PerceiverPreTrainedModel, pixels: Tensor, attentions: bool = False) -> Any:
    return model(inputs=pixels, output_attentions=attentions)


@torch.inference_mode()
def ours(model: PerceiverPreTrainedModel, pixels: Tensor) -> Tensor:
    return decode(model, encode(model, pixels, keep_layers=False))


@torch.inference_mode()
def ours_traced(model: PerceiverPreTrainedModel, pixels: Tensor) -> Any:
    """The answer and what it was read from, through all layers."""
    encoded = encode(model, pixels)
    return decode(model, encoded), rollout(model, encoded, torch.tensor([0])), encoded


def main() -> None:
    pixels, found = picture(), {}
    for checkpoint in CHECKPOINTS:
        model = build(checkpoint)
        apart = check(model, pixels)
        seconds = medians({"transformers": lambda: reference(model, pixels), "ours": lambda: ours(model, pixels)}, 3)  # noqa: B023
        found[checkpoint.variant] = seconds | {"largest_difference": apart}
        if checkpoint.variant == TRACED:
            found["attention"] = attention(model, pixels)
    report(found)


def check(model: PerceiverPreTrainedModel, pixels: Tensor) -> float:
    """What is compared for speed answers alike."""
    apart = (reference(model, pixels).logits - ours(model, pixels)).abs().max().item()
    if apart > TOLERANCE:
        raise SystemExit(f"the logits differ by {apart:.1e}")
    return apart


def attention(model: PerceiverPreTrainedModel, pixels: Tensor) -> dict[str, dict[str, float]]:
    """Seconds, and MiB at the peak beyond the model, with the answer alone and with the attention behind it."""
    with torch.inference_mode():
        known = encode(model, pixels)

    def followed() -> Any:
        with torch.inference_mode():
            return rollout(model, known, torch.tensor([0]))

    calls: dict[str, Callable[[], Any]] = {
        "transformers, answer": lambda: reference(model, pixels),
        "transformers, output_attentions=True": lambda: reference(model, pixels, attentions=True),
        "ours, answer": lambda: ours(model, pixels),
        "ours, answer and roll-out": lambda: ours_traced(model, pixels),
        "ours, roll-out of an answer that is known": followed,
    }
    seconds = medians(calls, 3)
    return {name: {"seconds": seconds[name], "mib": peak_mib(call)} for name, call in calls.items()}


def report(found: dict[str, Any]) -> None:
    print(
        f"{platform.machine()}, {torch.get_num_threads()} threads of {os.cpu_count()} cores, torch {torch.__version__}"
    )
    print("\n| variant | transformers, s | ours, s | times faster | largest difference |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for checkpoint in CHECKPOINTS:
        row = found[checkpoint.variant]
        times = row["transformers"] / row["ours"]
        print(
            f"| {checkpoint.variant} | {row['transformers']:.3f} | {row['ours']:.3f} | {times:.2f} "
            f"| {row['largest_difference']:.1e} |"
        )
    print(f"\n| {TRACED} | seconds | MiB at the peak |\n| --- | ---: | ---: |")
    for name, row in found["attention"].items():
        print(f"| {name} | {row['seconds']:.3f} | {row['mib']:.0f} |")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
