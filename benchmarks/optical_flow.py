"""Optical flow at the published size, random weights: the forward of transformers, tile by tile, against `pixel_flow`.

python -m benchmarks.optical_flow

Prints a table and, as its last line, the same as JSON. Two frames of 1024x436 pixels are six tiles of 368x496. All
tiles cost the same, so transformers is timed on one of them, times six, and so is ours; `pixel_flow` on both frames,
with blending, is timed as it is. Before the timing, the run checks that the flow of the tile agrees.
"""

import json
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from transformers import PerceiverForOpticalFlow

from benchmarks.memory import peak_mib
from benchmarks.start import print_machine, random_model
from models.perceiver.checkpoints import PUBLISHED
from models.perceiver.pixel_flow import PIXELS, neighborhoods, pixel_flow, tile_size
from models.perceiver.tiles import corners_of_tiles

HEIGHT, WIDTH = 436, 1024
TOLERANCE = 1e-4
"""Pixels."""
THEIRS, OURS, WHOLE = "transformers, one tile", "ours, one tile", "ours, both frames"


def build() -> PerceiverForOpticalFlow:
    return random_model(PerceiverForOpticalFlow, PUBLISHED["deepmind/optical-flow-perceiver"])


def frames() -> tuple[Tensor, Tensor]:
    first, second = torch.rand(2, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(1)) * 2 - 1
    return first, second


@torch.inference_mode()
def reference(model: PerceiverForOpticalFlow, first: Tensor, second: Tensor) -> Tensor:
    """The call of transformers for one tile: [2, height, width] in pixels."""
    inputs = neighborhoods(torch.stack([first, second])[None])
    return model(inputs=inputs).logits[0].movedim(-1, 0) * PIXELS


@torch.inference_mode()
def ours(model: PerceiverForOpticalFlow, first: Tensor, second: Tensor) -> Tensor:
    return pixel_flow(model, first, second)


def main() -> None:
    model, (first, second) = build(), frames()
    rows, columns = tile_size(model)
    tile = first[:, :rows, :columns], second[:, :rows, :columns]
    expected = reference(model, *tile)
    apart = (expected - ours(model, *tile)).abs().max().item()
    if apart > TOLERANCE:
        raise SystemExit(f"the flows differ by {apart:.1e} pixels")
    calls: dict[str, Callable[[], Tensor]] = {
        THEIRS: lambda: reference(model, *tile),
        OURS: lambda: ours(model, *tile),
        WHOLE: lambda: ours(model, first, second),
    }
    costs = {name: measured(call) for name, call in calls.items()}
    tiles = len(corners_of_tiles(HEIGHT, WIDTH, (rows, columns)))
    report({"costs": costs, "tiles": tiles, "apart": apart, "spread": expected.std().item()})


def measured(call: Callable[[], Tensor]) -> dict[str, float]:
    """Seconds and peak MiB beyond the model, of the same, second call."""
    seconds = []

    def timed() -> Tensor:
        began = time.perf_counter()
        flow = call()
        seconds.append(time.perf_counter() - began)
        return flow

    peak = peak_mib(timed)
    return {"seconds": seconds[-1], "mib": peak}


def report(found: dict[str, Any]) -> None:
    costs, tiles = found["costs"], found["tiles"]
    print_machine()
    print(
        f"largest difference of a tile's flow: {found['apart']:.1e} pixels (standard deviation: {found['spread']:.1e})"
    )
    print("\n| call | seconds | speedup | peak MiB | share |\n| --- | ---: | ---: | ---: | ---: |")
    theirs = tiles * costs[THEIRS]["seconds"], costs[THEIRS]["mib"]
    for name, count in ((THEIRS, tiles), (OURS, tiles), (WHOLE, 1)):
        seconds, mib = count * costs[name]["seconds"], costs[name]["mib"]
        label = f"{name}, times {count}" if count > 1 else f"{name}, {tiles} tiles blended"
        print(f"| {label} | {seconds:.1f} | {theirs[0] / seconds:.2f} | {mib:.0f} | {100 * mib / theirs[1]:.0f}% |")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
