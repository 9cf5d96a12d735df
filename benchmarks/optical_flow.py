"""Optical flow at the published size, random weights: transformers' own forward, tile by tile, against `pixel_flow`.

    python -m benchmarks.optical_flow

Prints a table and, as its last line, the same as JSON. Two frames of 1024 x 436 are six tiles of 368 x 496. All tiles
cost the same, so that transformers is timed on one of them, times six, and so is ours; `pixel_flow` over both
frames, blended, is timed as it is. Before that, the run checks that the tile's flow is the same.
"""

import json
import os
import platform
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from transformers import PerceiverForOpticalFlow

from benchmarks.memory import peak_mib
from models.perceiver.checkpoints import PUBLISHED
from models.perceiver.pixel_flow import PIXELS, neighborhoods, pixel_flow, tile_size
from models.perceiver.tiles import corners_of_tiles

HEIGHT, WIDTH = 436, 1024
TOLERANCE = 1e-4
"""Pixels."""
THEIRS, OURS, WHOLE = "transformers, one tile", "ours, one tile", "ours, both frames"


@torch.no_grad()
def build() -> PerceiverForOpticalFlow:
    """Random weights at std fan_in^-0.5: at transformers' 0.02 all pixels move alike, and equality says little."""
    torch.manual_seed(0)
    model = PerceiverForOpticalFlow(PUBLISHED["deepmind/optical-flow-perceiver"]).eval()
    for parameter in model.parameters():
        if parameter.ndim == 2:
            parameter.normal_(std=parameter.shape[1] ** -0.5)
    return model


def frames() -> tuple[Tensor, Tensor]:
    first, second = torch.rand(2, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(1)) * 2 - 1
    return first, second


@torch.inference_mode()
def reference(model: PerceiverForOpticalFlow, first: Tensor, second: Tensor) -> Tensor:
    """transformers' call for one tile: [2, height, width] in pixels."""
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
    """Seconds, and MiB at the peak beyond the model, of the same call, the second one."""
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
    print(
        f"{platform.machine()}, {torch.get_num_threads()} threads of {os.cpu_count()} cores, torch {torch.__version__}"
    )
    print(f"largest difference of a tile's flow: {found['apart']:.1e} pixels (its own spread: {found['spread']:.1e})")
    print("\n| what | seconds | times faster | MiB at the peak | of theirs |\n| --- | ---: | ---: | ---: | ---: |")
    theirs = tiles * costs[THEIRS]["seconds"], costs[THEIRS]["mib"]
    for name, count in ((THEIRS, tiles), (OURS, tiles), (WHOLE, 1)):
        seconds, mib = count * costs[name]["seconds"], costs[name]["mib"]
        said = f"{name}, times {count}" if count > 1 else f"{name}, {tiles} tiles blended"
        print(f"| {said} | {seconds:.1f} | {theirs[0] / seconds:.2f} | {mib:.0f} | {100 * mib / theirs[1]:.0f}% |")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
