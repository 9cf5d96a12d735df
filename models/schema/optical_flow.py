"""Optical flow between two frames."""

from dataclasses import dataclass

import numpy as np
from PIL.Image import Image

from models.schema.common import AttentionMap, InputKey, Probe, Request, RunInfo, Weights

MAX_PIXELS = 10_000_000
"""Pixels of a frame: 4K video has 8.3 million, which takes the demo model half a minute on two cores."""
LONGEST_SIDE = 16_384
"""Pixels. Frames shorter than a tile are mirrored up to it, so their pixel count does not bound the cost."""


@dataclass(frozen=True, slots=True)
class OpticalFlowRequest(Request["OpticalFlowResult"]):
    """Estimate where each pixel of the first frame is in the second.

    first, second: of the same size, from 1x1 pixels to `MAX_PIXELS`, in any mode.
    probe.target: PixelAt; None for the center of the largest moving region.
    step: pyramid level at which the pixel is traced, 0 is the smallest; None for the level that added most to its
        motion. Models that read a single size have level 0 only.
    """

    first: Image | InputKey
    second: Image | InputKey
    probe: Probe | None = None
    weights: Weights = "embedded"
    step: int | None = None


@dataclass(frozen=True, slots=True)
class FlowTrace:
    """How the pyramid levels contributed to the motion of the pixel at `row` and `column` of the first frame.

    sizes: (width, height) of the frames at each level, smallest first.
    added: float32 [sizes, 2], motion that each level added, in pixels of the frames; the sum is the flow at the pixel.
    step: the level whose attention is shown.
    before: (right, down), how far the second frame was warped back at the pixel before this level.
    second: the second frame as it was read at this level, at its size.
    area: top, left, bottom and right of the inputs as shares of the height and width of the frames; beyond 1 if a frame
        is smaller than a tile.
    cells: (rows, columns) of this area. `Stages` has one output of each cell, and the inputs in cells (`cells_along`).
    cell: the one that holds the pixel, counted row by row.
    """

    row: int
    column: int
    sizes: tuple[tuple[int, int], ...]
    added: np.ndarray
    step: int
    before: tuple[float, float]
    second: Image
    area: tuple[float, float, float, float]
    cells: tuple[int, ...] = (1, 1)
    cell: int = 0


@dataclass(frozen=True, slots=True)
class OpticalFlowResult:
    """flow: float32 [height, width, 2] in pixels, x right, y down: pixel p moves to p + flow(p) in the second frame.

    tiles: (top, left, height, width) of each tile at full size. A tile extends beyond smaller frames, which are
        mirrored.
    attention.values: float32 [rows, columns] of the inputs in the tile of the pixel; each input holds both frames at
        its position.
    trace: the pyramid levels; None without a probe.
    """

    flow: np.ndarray
    tiles: tuple[tuple[int, int, int, int], ...]
    attention: AttentionMap | None
    trace: FlowTrace | None
    run: RunInfo


@dataclass(frozen=True, slots=True)
class FlowCheck:
    """How well a flow explains the frames and matches the ground truth; see `models.data.flow_check`.

    warped: the second frame warped back by the flow, RGB.
    known: bool [height, width], where `warped` shows pixels of the second frame.
    before, after: mean photometric error in gray levels, 0 to 255, of the second frame as it is and warped back.
    hidden: bool [height, width], pixels that are occluded in the second frame; None without the backward flow.
    errors: float32 [height, width], end-point error in pixels, NaN where the ground truth is unknown; None without it.
    epe: mean end-point error; None without ground truth.
    fl_all: share of outliers, 0 to 1; None without ground truth.
    """

    warped: Image
    known: np.ndarray
    before: float
    after: float
    hidden: np.ndarray | None = None
    errors: np.ndarray | None = None
    epe: float | None = None
    fl_all: float | None = None
