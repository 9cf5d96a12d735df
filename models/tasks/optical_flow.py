"""Optical flow: where each pixel of a frame is in the next one (Perceiver IO, section 4.2).

The published model reads every pixel, in tiles. The embedded model reads patches of an image pyramid, and each level
estimates only the rest of the motion.
"""

from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import torch
from PIL.Image import Image, fromarray
from torch import Tensor
from transformers import PerceiverForOpticalFlow

from models.data.digest import digest
from models.data.flow_motion import center_of_motion
from models.data.images import as_rgb, check_size
from models.perceiver import patch_flow as patches
from models.perceiver.checkpoints import Checkpoint
from models.perceiver.coarse_to_fine import pyramid, resize, resize_flow, warp_back
from models.perceiver.patch_flow import PerceiverForPatchFlow
from models.perceiver.pixel_flow import neighborhoods, pixel_flow
from models.perceiver.tiles import OVERLAP, Size, corners_of_tiles, mirrored, tile_of
from models.schema import (
    AttentionMap,
    FlowTrace,
    InputError,
    InputKey,
    OpticalFlowRequest,
    OpticalFlowResult,
    PixelAt,
    Probe,
    resolved,
)
from models.schema.grouping import cell_of_each, cells_along, centers_of_cells, in_cells
from models.schema.optical_flow import LONGEST_SIDE, MAX_PIXELS
from models.tasks.cost import Cost
from models.tasks.targets import check_index, target_of
from models.tasks.task import Loaded, Runtime, Task
from models.tasks.tracing import trace

OUTPUT_CELLS = 8
"""Most cells along each side of a tile that have an output in `Stages`."""
Frames = tuple[Tensor, Tensor]
"""First and second frame, float32 [3, height, width], -1 to 1."""


@dataclass(frozen=True, slots=True)
class _Flows:
    """flows: float32 [2, height, width] after each step, of its size, on the CPU."""

    flows: tuple[Tensor, ...]

    @property
    def nbytes(self) -> int:
        return sum(flow.nbytes for flow in self.flows)


def run(request: OpticalFlowRequest, runtime: Runtime) -> OpticalFlowResult:
    """Raises InputError for frames whose flow cannot be estimated."""
    first, second = _frames(request)
    frames, key = (_tensor(first), _tensor(second)), digest(np.asarray(first), np.asarray(second))
    with runtime.load(OPTICAL_FLOW.checkpoint(request.weights)) as loaded:
        sizes = _sizes(loaded, frames)
        height, width = sizes[-1]
        _check(request, len(sizes), height, width)
        found, known = runtime.get_or_compute((loaded.checkpoint, "flow", key), lambda: _find(loaded, frames))
        attention, traced = None, None
        if request.probe is not None:
            attention, traced = _trace(request.probe, request.step, loaded, runtime, frames, found.flows, key)
        tile, overlap = _tile(loaded)
        return OpticalFlowResult(
            flow=found.flows[-1].movedim(0, -1).numpy().copy(),
            tiles=tuple((*corner, *tile) for corner in corners_of_tiles(height, width, tile, overlap)),
            attention=attention,
            trace=traced,
            run=runtime.info(loaded, known),
        )


def check_frames(first: Image, second: Image) -> None:
    """Raises InputError for frames of different sizes, and for frames that are too large."""
    for frame in (first, second):
        check_size(frame)
        if frame.width * frame.height > MAX_PIXELS:
            raise InputError(
                f"The frames have too many pixels: {frame.width:,}x{frame.height:,}. The limit is "
                f"{MAX_PIXELS // 10**6} megapixels. Scale them down."
            )
        if max(frame.size) > LONGEST_SIDE:
            raise InputError(
                f"The frames are too long: {frame.width:,}x{frame.height:,} pixels. "
                f"The limit is {LONGEST_SIDE:,} along a side. Scale them down."
            )
    if first.size != second.size:
        one, other = (f"{frame.width:,}x{frame.height:,}" for frame in (first, second))
        raise InputError(f"Frames differ in size: {one} and {other}. Use two frames of the same size.")


def _frames(request: OpticalFlowRequest) -> tuple[Image, Image]:
    """RGB, upright."""
    first, second = resolved(request.first), resolved(request.second)
    check_frames(first, second)
    first, second = as_rgb(first), as_rgb(second)
    if first.size != second.size:  # one of them was rotated upright
        check_frames(first, second)
    return first, second


def _tensor(frame: Image) -> Tensor:
    return torch.tensor(np.asarray(frame)).movedim(-1, 0) / 127.5 - 1


def _image(frame: Tensor) -> Image:
    return fromarray(((frame.movedim(0, -1) + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).numpy())


def _check(request: OpticalFlowRequest, steps: int, height: int, width: int) -> None:
    target = target_of(request.probe, PixelAt)
    if target is not None:
        check_index("row", target.row, height, "the first frame")
        check_index("column", target.column, width, "the first frame")
    if request.step is not None and not 0 <= request.step < steps:
        raise InputError(f"There is no pyramid level {request.step}. These frames have levels 0 to {steps - 1}.")


def _by_patches(loaded: Loaded) -> bool:
    return isinstance(loaded.model, PerceiverForPatchFlow)


def _tile(loaded: Loaded) -> tuple[Size, int]:
    """(height, width) that the model reads at once, and the overlap of tiles."""
    height, width = loaded.model.config.train_size
    return (height, width), patches.OVERLAP if _by_patches(loaded) else OVERLAP


def _sizes(loaded: Loaded, frames: Frames) -> list[Size]:
    """(height, width) of the frames at each pyramid level, smallest first."""
    height, width = frames[0].shape[-2:]
    return pyramid(height, width) if _by_patches(loaded) else [(height, width)]


def _find(loaded: Loaded, frames: Frames) -> _Flows:
    first, second = (frame.to(loaded.model.device) for frame in frames)
    if isinstance(loaded.model, PerceiverForPatchFlow):
        return _Flows(tuple(flow.cpu() for flow in patches.patch_flow(loaded.model, first, second)))
    model = cast(PerceiverForOpticalFlow, loaded.model)
    return _Flows((pixel_flow(model, first, second).float().cpu(),))


def _trace(
    probe: Probe,
    step: int | None,
    loaded: Loaded,
    runtime: Runtime,
    frames: Frames,
    flows: tuple[Tensor, ...],
    key: str,
) -> tuple[AttentionMap, FlowTrace]:
    """Attention of the motion of one pixel at one pyramid level, in the tile with the largest weight there.

    key: digest of the frames.
    """
    whole = _size(frames[0])
    target = target_of(probe, PixelAt) or _moving_pixel(flows[-1])
    row, column = target.row, target.column
    reached = torch.stack([resize_flow(flow[None], whole)[0, :, row, column] for flow in flows])
    added = torch.diff(reached, dim=0, prepend=reached.new_zeros(1, 2))
    step = int(added.norm(dim=1).argmax()) if step is None else step
    size = _size(flows[step])
    tile, overlap = _tile(loaded)
    place = row * size[0] // whole[0], column * size[1] // whole[1]
    top, left = tile_of(*place, *size, tile, overlap)
    inputs = _inputs(loaded, _cut(_as_read(frames, flows, step, size), (top, left), tile))
    encoded, _ = runtime.encode(loaded, inputs[None].to(loaded.model.dtype), (key, step, top, left))
    grid = _grid(loaded)
    output = (place[0] - top) * grid[0] // tile[0] * grid[1] + (place[1] - left) * grid[1] // tile[1]
    cells = cells_along(grid, OUTPUT_CELLS)
    cell = int(cell_of_each(grid, cells)[output])
    outputs = centers_of_cells(grid, cells)
    outputs[cell] = output
    name = f"motion at row {row + 1}, column {column + 1}"
    attention = trace(loaded, encoded, probe, torch.tensor([output]), name, torch.from_numpy(outputs))
    if probe.method != "decoder":
        attention = replace(attention, values=attention.values.reshape(grid))
    if attention.stages is not None:
        shown = in_cells(attention.stages, cell_of_each(grid, cells_along(grid)))
        attention = replace(attention, stages=shown)
    before = reached[step - 1] if step else reached.new_zeros(2)
    return attention, FlowTrace(
        row=row,
        column=column,
        sizes=tuple((width, height) for height, width in map(_size, flows)),
        added=added.numpy().copy(),
        step=step,
        before=(before[0].item(), before[1].item()),
        second=_image(_as_read(frames, flows, step, whole)[1]),
        area=(top / size[0], left / size[1], (top + tile[0]) / size[0], (left + tile[1]) / size[1]),
        cells=cells,
        cell=cell,
    )


def _moving_pixel(flow: Tensor) -> PixelAt:
    """The center of the largest moving region. flow: float32 [2, height, width]."""
    return PixelAt(*center_of_motion(flow.movedim(0, -1).numpy()))


def _size(flow: Tensor) -> Size:
    return flow.shape[-2], flow.shape[-1]


def _grid(loaded: Loaded) -> Size:
    """Shape of the inputs of a tile."""
    (height, width), _ = _tile(loaded)
    side = loaded.model.config.patch_size if _by_patches(loaded) else 1
    return height // side, width // side


def _inputs(loaded: Loaded, tile: Tensor) -> Tensor:
    """Both frames of a tile as inputs of the model."""
    return tile if _by_patches(loaded) else neighborhoods(tile)


def _as_read(frames: Frames, flows: tuple[Tensor, ...], step: int, size: Size) -> Tensor:
    """Both frames [2, 3, *size] at a pyramid level, the second warped back by the earlier levels."""
    first, second = (resize(frame[None], size) for frame in frames)
    if step:
        second = warp_back(second, resize_flow(flows[step - 1][None], size))
    return torch.cat([first, second])


def _cut(frames: Tensor, corner: tuple[int, int], tile: Size) -> Tensor:
    """[2, 3, *tile]; mirrored if the frames are smaller."""
    (top, left), (height, width) = corner, frames.shape[-2:]
    whole = mirrored(frames, max(height, tile[0]), max(width, tile[1]))
    return whole[..., top : top + tile[0], left : left + tile[1]]


def _cost(request: OpticalFlowRequest) -> Cost:
    frame = request.first
    height, width = frame.shape[:2] if isinstance(frame, InputKey) else (frame.height, frame.width)
    tiles = len(corners_of_tiles(height, width, (368, 496)))
    return Cost(7.0 * tiles, tiles)


OPTICAL_FLOW = Task(
    name="optical_flow",
    request=OpticalFlowRequest,
    checkpoints=(
        Checkpoint("optical_flow", "embedded", PerceiverForPatchFlow),
        Checkpoint("deepmind/optical-flow-perceiver", "published", PerceiverForOpticalFlow),
    ),
    run=run,
    cost=_cost,
)
