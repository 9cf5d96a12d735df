"""Where everything moves between two frames."""

from dataclasses import dataclass

import numpy as np
from PIL.Image import Image

from models.schema.common import AttentionMap, InputKey, Probe, Request, RunInfo, Weights

MAX_PIXELS = 10_000_000
"""Of one frame: 4K video has 8.3 million. The demo model takes half a minute for that on two cores."""
LONGEST_SIDE = 16_384
"""Pixels. Frames less high than a tile are mirrored up to it: their cost is not bounded by their pixels only."""


@dataclass(frozen=True, slots=True)
class OpticalFlowRequest(Request["OpticalFlowResult"]):
    """Estimate where each pixel of the first frame is in the second.

    first, second: of the same size, from 1x1 to `MAX_PIXELS`, in any mode.
    probe.target: PixelAt; None: the pixel that moves most.
    step: the image size at which the pixel is traced, 0 is the smallest; None: the one that added most to its motion.
    Models that read one size have step 0 only.
    """

    first: Image | InputKey
    second: Image | InputKey
    probe: Probe | None = None
    weights: Weights = "embedded"
    step: int | None = None


@dataclass(frozen=True, slots=True)
class FlowTrace:
    """How the motion of one pixel, at `row` and `column` of the first frame, came about.

    sizes: (width, height) at which the frames were read, smallest first. added: float32 [sizes, 2], what each of them
    added to the motion, in pixels of the frames; together they are the flow at the pixel. step: the one that the
    attention is of. before: (right, down), by how much the second frame had been moved back there until then.
    second: it, as it was read at that step, in its own size. area: where the inputs lie in the frames: top, left,
    bottom, right, as shares of height and width; beyond 1 where a frame is smaller than what is read at once.
    """

    row: int
    column: int
    sizes: tuple[tuple[int, int], ...]
    added: np.ndarray
    step: int
    before: tuple[float, float]
    second: Image
    area: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class OpticalFlowResult:
    """flow: float32 [height, width, 2] in pixels, x right, y down: the pixel p is found at p + flow(p) in the second.

    tiles: (top, left, height, width) of each tile that the frames were read in at full size; one reaches beyond a frame
    that is smaller, which is mirrored there.
    attention.values: float32 [rows, columns] of the inputs, each of which holds both frames at its place, over the
    tile in which the pixel lies. trace: there with a probe.
    """

    flow: np.ndarray
    tiles: tuple[tuple[int, int, int, int], ...]
    attention: AttentionMap | None
    trace: FlowTrace | None
    run: RunInfo


@dataclass(frozen=True, slots=True)
class FlowCheck:
    """How right one flow is: `models.data.flow_check`.

    warped: the second frame moved back by it, RGB. known: bool [height, width], where that shows something of the
    second frame. before, after: mean photometric error, in gray levels of 0 to 255, as the frames are and with the
    second moved back. hidden: bool [height, width], what the second frame seems not to show, or None without the motion
    back. errors: float32 [height, width], end-point error in pixels, NaN where the truth is not known; epe: their mean;
    fl_all: the share of outliers, 0 to 1; None without a truth.
    """

    warped: Image
    known: np.ndarray
    before: float
    after: float
    hidden: np.ndarray | None = None
    errors: np.ndarray | None = None
    epe: float | None = None
    fl_all: float | None = None
