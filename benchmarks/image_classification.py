"""Image classification at the published size, random weights: the forward of transformers against the engine.

python -m benchmarks.image_classification

Prints tables and, as its last line, the same as JSON. First the forward of each variant; then the cost of attention:
`output_attentions=True` of transformers returns all maps of all layers, which would still have to be multiplied; ours
computes only the requested row. Last, the embedded models: one image, all three models.
"""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from transformers import PerceiverPreTrainedModel

from benchmarks.memory import peak_mib
from benchmarks.start import print_machine, random_model
from benchmarks.timing import medians
from models.backend.local import LocalBackend
from models.perceiver.checkpoints import PUBLISHED
from models.perceiver.engine import decode, encode
from models.perceiver.provenance import rollout
from models.schema import ImageClassificationRequest, Probe
from models.tasks.image_classification import IMAGE_CLASSIFICATION

TOLERANCE = 1e-4
CHECKPOINTS = tuple(each for each in IMAGE_CLASSIFICATION.checkpoints if each.weights == "published")
VARIANTS = tuple(each.variant for each in CHECKPOINTS)
TRACED = "fourier"
ALL_MAPS = "transformers, output_attentions=True"


def picture() -> Tensor:
    return torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(1))


@torch.inference_mode()
def reference(model: PerceiverPreTrainedModel, pixels: Tensor, attentions: bool = False) -> Any:
    return model(inputs=pixels, output_attentions=attentions)


@torch.inference_mode()
def ours(model: PerceiverPreTrainedModel, pixels: Tensor) -> Tensor:
    return decode(model, encode(model, pixels))


@torch.inference_mode()
def ours_traced(model: PerceiverPreTrainedModel, pixels: Tensor) -> Any:
    """The logits, and the rollout through all layers."""
    encoded = encode(model, pixels, keep_mixing=True)
    return decode(model, encoded), rollout(model, encoded, torch.tensor([0])), encoded


def composed(maps: Any) -> Tensor:
    """Shares of the inputs by rollout, [inputs], from all maps of transformers: the expected result."""
    decoder, *layers, encoder = (
        whole[0].mean(dim=0) for whole in (maps.cross_attentions[-1], *maps.attentions, maps.cross_attentions[0])
    )
    weights = decoder / 2  # each layer has a residual, which keeps one half
    for layer in reversed(layers):
        weights = (weights + weights @ layer) / 2
    return (weights / 2 @ encoder)[0]


def main() -> None:
    pixels, found = picture(), {}
    for checkpoint in CHECKPOINTS:
        model = random_model(checkpoint.model, PUBLISHED[checkpoint.name])
        apart = check(model, pixels)
        seconds = medians({"transformers": lambda: reference(model, pixels), "ours": lambda: ours(model, pixels)}, 3)  # noqa: B023
        found[checkpoint.variant] = seconds | {"largest_difference": apart}
        if checkpoint.variant == TRACED:
            found["attention"] = attention(model, pixels)
    found["embedded"] = embedded()
    report(found)


def check(model: PerceiverPreTrainedModel, pixels: Tensor) -> float:
    """Largest difference of the logits. Stops the run if they do not agree."""
    apart = (reference(model, pixels).logits - ours(model, pixels)).abs().max().item()
    if apart > TOLERANCE:
        raise SystemExit(f"the logits differ by {apart:.1e}")
    return apart


def attention(model: PerceiverPreTrainedModel, pixels: Tensor) -> dict[str, dict[str, float]]:
    """Seconds and peak MiB beyond the model, of the logits and of the attention."""
    _, traced, known = ours_traced(model, pixels)
    expected = composed(reference(model, pixels, attentions=True))
    apart = ((traced.inputs[0] - expected).abs().max() / expected.max()).item()
    if apart > TOLERANCE:
        raise SystemExit(f"the rollouts differ by {apart:.1e} of the largest share")

    def followed() -> Any:
        with torch.inference_mode():
            return rollout(model, known, torch.tensor([0]))

    calls: dict[str, Callable[[], Any]] = {
        "transformers, logits": lambda: reference(model, pixels),
        ALL_MAPS: lambda: reference(model, pixels, attentions=True),
        "ours, logits": lambda: ours(model, pixels),
        "ours, logits and rollout": lambda: ours_traced(model, pixels),
        "ours, rollout with cached latents": followed,
    }
    seconds = medians(calls, 3)
    return {name: {"seconds": seconds[name], "mib": peak_mib(call)} for name, call in calls.items()}


def embedded() -> dict[str, float]:
    """Seconds for one image with all three embedded models, without and with rollout."""
    service = LocalBackend()
    fresh = (Image.fromarray(noise) for noise in np.random.default_rng(0).integers(0, 256, (99, 64, 64, 3), np.uint8))

    def answers(probe: Probe | None) -> None:
        image = next(fresh)  # a new image, so that nothing is in the cache
        for variant in VARIANTS:
            service.run(ImageClassificationRequest(image, variant, probe=probe))

    return medians({"answers": lambda: answers(None), "answers and rollouts": lambda: answers(Probe())})


def report(found: dict[str, Any]) -> None:
    print_machine()
    print("\n| variant | transformers, s | ours, s | speedup | largest difference |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for checkpoint in CHECKPOINTS:
        row = found[checkpoint.variant]
        times = row["transformers"] / row["ours"]
        print(
            f"| {checkpoint.variant} | {row['transformers']:.3f} | {row['ours']:.3f} | {times:.2f} "
            f"| {row['largest_difference']:.1e} |"
        )
    rows = found["attention"]
    all_maps = rows[ALL_MAPS]["seconds"]
    print(f"\n| {TRACED} | seconds | speedup over all maps | peak MiB |\n| --- | ---: | ---: | ---: |")
    for name, row in rows.items():
        print(f"| {name} | {row['seconds']:.3f} | {all_maps / row['seconds']:.1f} | {row['mib']:.0f} |")
    theirs = rows[ALL_MAPS]["mib"] - rows["transformers, logits"]["mib"]
    extra = rows["ours, logits and rollout"]["mib"] - rows["ours, logits"]["mib"]
    print(f"\nMiB that the attention adds: {theirs:.0f} with all maps, {extra:.0f} with ours.")
    for name, spent in found["embedded"].items():
        print(f"All three embedded models, {name}: {spent:.3f} s")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
