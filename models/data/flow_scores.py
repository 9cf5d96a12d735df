"""Scores of a flow against the ground truth, and against the frames if there is no ground truth.

Flows are float32 [height, width, 2] in pixels, x right, y down: pixel x of the first frame moves to x + flow(x) in the
second. The ground truth is NaN where it is unknown. Frames are [height, width, channels] of any number type.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from models.schema import InputError

_LONGEST_SIDE = 32_766  # limit of remap in OpenCV


@dataclass(frozen=True, slots=True)
class Warped:
    """A frame warped back by a flow.

    image: float32 [height, width, channels], in the units of the frame.
    inside: bool [height, width], whether a pixel moves to a position within the frame. Elsewhere `image` repeats the
        edge of the frame (or the same pixel, for unknown motion), for display only: scores ignore these pixels.
    """

    image: np.ndarray
    inside: np.ndarray


def error_map(flow: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """float32 [height, width]: end-point error in pixels; NaN where the ground truth is unknown.

    Raises InputError, like all functions here, for different sizes.
    """
    _same_size("The flow", flow, "the ground truth", truth)
    return np.linalg.norm(flow - truth, axis=2).astype(np.float32)


def mean_error(flow: np.ndarray, truth: np.ndarray) -> float:
    """EPE in pixels: the mean of `error_map` over the known pixels; NaN if there are none."""
    return _mean(error_map(flow, truth), _known(truth))


def fl_all(flow: np.ndarray, truth: np.ndarray) -> float:
    """Share of outliers, 0 to 1: known pixels with an error above 3 pixels and above 5% of the true motion.

    Fl-all of KITTI 2015 (Menze and Geiger, "Object Scene Flow for Autonomous Vehicles", 2015). NaN without known
    pixels.
    """
    error = error_map(flow, truth)
    right = (error <= 3) | (error <= 0.05 * np.linalg.norm(truth, axis=2))  # a flow of NaN counts as wrong
    return _mean(~right, _known(truth))


def warp(second: np.ndarray, flow: np.ndarray) -> Warped:
    """Warps the second frame back to the first with bilinear interpolation.

    Raises InputError for a frame longer than 32,766 pixels along a side.
    """
    _same_size("The frame", second, "the flow", flow)
    height, width = flow.shape[:2]
    if max(height, width) > _LONGEST_SIDE:
        raise InputError(f"The frames have more than {_LONGEST_SIDE:,} pixels along a side. Use smaller frames.")
    here = np.dstack(np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)))
    there = here + flow
    edge = np.array([width - 1, height - 1], np.float32)
    inside = np.all((there >= -0.5) & (there <= edge + 0.5), axis=2)  # a pixel extends 0.5 from its center; NaN: False
    there = np.clip(np.where(np.isnan(there).any(axis=2, keepdims=True), here, there), 0, edge)
    columns, rows = there[..., 0], there[..., 1]
    moved = np.empty(second.shape, np.float32)
    for channel in range(second.shape[2]):  # remap rounds positions to 1/32 pixel for two channels at once
        values = second[..., channel].astype(np.float32)
        moved[..., channel] = cv2.remap(values, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return Warped(moved, inside)


def photometric_error(first: np.ndarray, second: np.ndarray, flow: np.ndarray) -> tuple[float, float]:
    """Mean absolute difference of the frames, in their units: as they are, and with the second one warped back.

    Both are over the same pixels, those that move to a position within the frame; NaN if there are none.
    """
    _same_size("The first frame", first, "the second", second)
    warped = warp(second, flow)
    before, after = (np.abs(first.astype(np.float32) - image).mean(axis=2) for image in (second, warped.image))
    return _mean(before, warped.inside), _mean(after, warped.inside)


def occluded(forward: np.ndarray, backward: np.ndarray) -> np.ndarray:
    """bool [height, width]: pixels of the first frame that seem to be occluded in the second.

    forward: flow from the first frame to the second.
    backward: flow from the second frame to the first.

    A pixel is occluded if following both flows does not return to it: |f + b|^2 > 0.01 (|f|^2 + |b|^2) + 0.5, with b at
    the end of f (Sundaram, Brox and Keutzer, "Dense Point Trajectories by GPU-accelerated Large Displacement Optical
    Flow", 2010, section 3). Pixels that leave the frame or have unknown motion count as occluded.
    """
    _same_size("The forward flow", forward, "the backward flow", backward)
    back = warp(backward, forward)
    missed = _square(forward + back.image)
    returned = missed <= 0.01 * (_square(forward) + _square(back.image)) + 0.5  # False for NaN
    return np.logical_not(returned & back.inside)


def _known(truth: np.ndarray) -> np.ndarray:
    return ~np.any(np.isnan(truth), axis=2)


def _mean(values: np.ndarray, chosen: np.ndarray) -> float:
    return float(values[chosen].mean(dtype=np.float64)) if chosen.any() else float("nan")


def _square(flow: np.ndarray) -> np.ndarray:
    """Squared length, [height, width]."""
    return np.square(flow).sum(axis=2)


def _same_size(name: str, array: np.ndarray, other_name: str, other: np.ndarray) -> None:
    (height, width), (other_height, other_width) = array.shape[:2], other.shape[:2]
    if (height, width) != (other_height, other_width):
        raise InputError(
            f"{name} has {width:,}x{height:,} pixels, but {other_name} has {other_width:,}x{other_height:,}."
        )
