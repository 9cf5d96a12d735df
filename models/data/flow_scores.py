"""How right a flow is: against the truth where there is one, and against the frames themselves where there is none.

Flows are float32 [height, width, 2] in pixels, x right, y down: the pixel x of the first frame is found at x + flow(x)
in the second. A truth has NaN where it is unknown. Frames are [height, width, channels] of any number type.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from models.schema import InputError

_LONGEST_SIDE = 32_766  # of what OpenCV's remap takes


@dataclass(frozen=True, slots=True)
class Warped:
    """A frame moved back by a flow.

    image: float32 [height, width, channels], in the units of the frame. inside: bool [height, width], whether the
    motion of a pixel ends within the frame; where not, `image` shows the pixel at the frame's edge that is nearest to
    where it ends (and for an unknown motion, the pixel that was there), for the eye only: scores leave it out.
    """

    image: np.ndarray
    inside: np.ndarray


def error_map(flow: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """float32 [height, width]: the end-point error, the distance from the true motion in pixels; NaN where unknown.

    Raises InputError, as all here do, for two of different sizes.
    """
    _same_size("The flow", flow, "the truth", truth)
    return np.linalg.norm(flow - truth, axis=2).astype(np.float32)


def mean_error(flow: np.ndarray, truth: np.ndarray) -> float:
    """EPE in pixels: the mean of `error_map` over the known pixels. NaN where none is known."""
    return _mean(error_map(flow, truth), _known(truth))


def zero_flow_error(truth: np.ndarray) -> float:
    """EPE in pixels of saying that nothing moves, which is the mean length of the true motion."""
    return mean_error(np.zeros_like(truth), truth)


def fl_all(flow: np.ndarray, truth: np.ndarray) -> float:
    """Share of known pixels, 0 to 1, that are wrong by more than 3 pixels and by more than 5% of the true motion.

    KITTI 2015's Fl-all (Menze and Geiger, "Object Scene Flow for Autonomous Vehicles", 2015). NaN where none is known.
    """
    error = error_map(flow, truth)
    right = (error <= 3) | (error <= 0.05 * np.linalg.norm(truth, axis=2))  # so that a flow of NaN is wrong
    return _mean(~right, _known(truth))


def warp(second: np.ndarray, flow: np.ndarray) -> Warped:
    """The second frame moved back to where the first one is, by bilinear interpolation.

    Raises InputError for a frame that is longer than 32,766 pixels along a side.
    """
    _same_size("The frame", second, "the flow", flow)
    height, width = flow.shape[:2]
    if max(height, width) > _LONGEST_SIDE:
        raise InputError(f"Frames of more than {_LONGEST_SIDE:,} pixels along a side cannot be compared here.")
    here = np.dstack(np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)))
    there = here + flow
    edge = np.array([width - 1, height - 1], np.float32)
    inside = np.all((there >= -0.5) & (there <= edge + 0.5), axis=2)  # pixels reach half of one further; NaN is not
    there = np.clip(np.where(np.isnan(there).any(axis=2, keepdims=True), here, there), 0, edge)
    columns, rows = there[..., 0], there[..., 1]
    moved = np.empty(second.shape, np.float32)
    for channel in range(second.shape[2]):  # two at once, as of a flow, would be rounded to 1/32 pixel
        values = second[..., channel].astype(np.float32)
        moved[..., channel] = cv2.remap(values, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return Warped(moved, inside)


def photometric_error(first: np.ndarray, second: np.ndarray, flow: np.ndarray) -> tuple[float, float]:
    """Mean absolute difference of the frames, in their units: as they are, and with the second one moved back.

    Both are of the same pixels, those whose motion ends within the frame; NaN if there are none.
    """
    _same_size("The first frame", first, "the second", second)
    warped = warp(second, flow)
    before, after = (np.abs(first.astype(np.float32) - image).mean(axis=2) for image in (second, warped.image))
    return _mean(before, warped.inside), _mean(after, warped.inside)


def occluded(forward: np.ndarray, backward: np.ndarray) -> np.ndarray:
    """bool [height, width]: which pixels of the first frame the second one seems not to show.

    forward: flow from the first frame to the second; backward: from the second to the first. Where a pixel goes there
    and back and does not return, |f + b|^2 > 0.01 (|f|^2 + |b|^2) + 0.5, with b read where f ends (Sundaram, Brox and
    Keutzer, "Dense Point Trajectories by GPU-accelerated Large Displacement Optical Flow", 2010, section 3). A pixel
    that leaves the frame, or of unknown motion, counts as occluded, too.
    """
    _same_size("The flow forward", forward, "the flow backward", backward)
    back = warp(backward, forward)
    missed = _square(forward + back.image)
    returned = missed <= 0.01 * (_square(forward) + _square(back.image)) + 0.5  # which NaN does not
    return np.logical_not(returned & back.inside)


def _known(truth: np.ndarray) -> np.ndarray:
    return ~np.any(np.isnan(truth), axis=2)


def _mean(values: np.ndarray, chosen: np.ndarray) -> float:
    return float(values[chosen].mean(dtype=np.float64)) if chosen.any() else float("nan")


def _square(flow: np.ndarray) -> np.ndarray:
    """Squared length, [height, width]"""
    return np.square(flow).sum(axis=2)


def _same_size(name: str, array: np.ndarray, other_name: str, other: np.ndarray) -> None:
    (height, width), (other_height, other_width) = array.shape[:2], other.shape[:2]
    if (height, width) != (other_height, other_width):
        raise InputError(
            f"{name} has {width:,} x {height:,} pixels, but {other_name} has {other_width:,} x {other_height:,}."
        )
