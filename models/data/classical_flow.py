"""Classical optical flow as a baseline: Farnebäck, DIS and TV-L1 on the gray values of two frames.

Each of METHODS maps the first and the second frame, uint8 RGB [height, width, 3], to the flow, float32 [height, width,
2]: how far each pixel of the first frame moves, in pixels, x right, y down. It raises InputError for frames of
different sizes. Frames below 16 pixels along a side, where the methods fail, are mirrored up to 16 pixels, and the flow
is cropped to their size.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import cv2
import numpy as np

from models.schema import InputError

SMALLEST_SIDE = 16  # pixels; DIS needs 12, and TV-L1 has no coarse levels below 16

FlowMethod = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _farneback(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Farnebäck, "Two-Frame Motion Estimation Based on Polynomial Expansion", 2003; OpenCV's defaults.

    Five levels, each half the size of the previous one, windows of 13 pixels, expansions over 5 pixels (sigma 1.1).
    """
    return _calc(cv2.FarnebackOpticalFlow.create(), first, second)


def _dis(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Kroeger et al., "Fast Optical Flow using Dense Inverse Search", 2016; OpenCV, preset "medium"."""
    return _calc(cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM), first, second)


def _tvl1(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """TV-L1 flow of scikit-image with its default parameters. The slowest of the three.

    Zach, Pock and Bischof, "A Duality Based Approach for Realtime TV-L1 Optical Flow", 2007.
    """
    from skimage.registration import optical_flow_tvl1  # takes half a second to import

    down, right = optical_flow_tvl1(first / np.float32(255), second / np.float32(255), dtype=np.float32)
    return np.dstack([right, down])


def _calc(method: cv2.DenseOpticalFlow, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Starts without an initial flow, which the types of OpenCV do not allow; DIS would refine one of zeros."""
    return method.calc(first, second, None)  # pyright: ignore[reportCallIssue, reportArgumentType]


def _of_colors(method: FlowMethod) -> FlowMethod:
    """Adapts a method for sufficiently large gray frames [height, width] to color frames of any size."""

    def flow(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        if first.shape != second.shape:
            (height, width), (other_height, other_width) = first.shape[:2], second.shape[:2]
            raise InputError(
                f"Frames differ in size: {width:,}x{height:,} and {other_width:,}x{other_height:,} pixels. "
                "Use two frames of the same size."
            )
        missing = [(0, max(0, SMALLEST_SIDE - side)) for side in first.shape[:2]]
        gray = (np.pad(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), missing, "symmetric") for frame in (first, second))
        return method(*gray)[: first.shape[0], : first.shape[1]].astype(np.float32)

    return flow


METHODS: Mapping[str, FlowMethod] = MappingProxyType(
    {"farneback": _of_colors(_farneback), "dis": _of_colors(_dis), "tvl1": _of_colors(_tvl1)}
)
