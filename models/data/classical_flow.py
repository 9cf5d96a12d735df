"""Optical flow without a network, to compare with: Farnebäck, DIS and TV-L1 on the gray values of two frames.

Each of METHODS is a function of the first and the second frame, uint8 RGB [height, width, 3], to float32
[height, width, 2]: how far each pixel of the first moves, in pixels, x right, y down. Raises InputError for frames of
different sizes. They may have any size from 1x1: below 16 pixels along a side, where the methods fail or have little to
work on, they are reflected until they have 16, and the result is cut back.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import cv2
import numpy as np

from models.schema import InputError

SMALLEST_SIDE = 16  # pixels; DIS needs 12, TV-L1 takes none of its coarse steps below 16

FlowMethod = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _farneback(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Farnebäck, "Two-Frame Motion Estimation Based on Polynomial Expansion", 2003, of OpenCV, as it comes.

    That is five levels, each half of the last, windows of 13 pixels, and expansions over 5 pixels (sigma 1.1).
    """
    return _calc(cv2.FarnebackOpticalFlow.create(), first, second)


def _dis(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Kroeger et al., "Fast Optical Flow using Dense Inverse Search", 2016, of OpenCV, its preset "medium"."""
    return _calc(cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM), first, second)


def _tvl1(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Zach, Pock and Bischof, "A Duality Based Approach for Realtime TV-L1 Optical Flow", 2007, of scikit-image.

    With its own parameters. The slowest of the three.
    """
    from skimage.registration import optical_flow_tvl1  # half a second to load, for one of three

    down, right = optical_flow_tvl1(first / np.float32(255), second / np.float32(255), dtype=np.float32)
    return np.dstack([right, down])


def _calc(method: cv2.DenseOpticalFlow, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """From no flow to start with, for which OpenCV's types have no word: DIS would refine one that is all zeros."""
    return method.calc(first, second, None)  # pyright: ignore[reportCallIssue, reportArgumentType]


def _of_colors(method: FlowMethod) -> FlowMethod:
    """A method for gray frames [height, width] that are large enough, made one for what visitors bring."""

    def flow(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        if first.shape != second.shape:
            (height, width), (other_height, other_width) = first.shape[:2], second.shape[:2]
            raise InputError(
                f"The frames differ in size: {width:,} x {height:,} and {other_width:,} x {other_height:,} pixels."
            )
        missing = [(0, max(0, SMALLEST_SIDE - side)) for side in first.shape[:2]]
        gray = (np.pad(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), missing, "symmetric") for frame in (first, second))
        return method(*gray)[: first.shape[0], : first.shape[1]].astype(np.float32)

    return flow


METHODS: Mapping[str, FlowMethod] = MappingProxyType(
    {"farneback": _of_colors(_farneback), "dis": _of_colors(_dis), "tvl1": _of_colors(_tvl1)}
)
