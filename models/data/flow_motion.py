"""Where most of a scene moves: the pixel that stands for the motion between two frames."""

import numpy as np
import scipy

MAX_SIDE = 512
"""Pixels along the longer side at which regions are found; larger flows are sampled."""
QUANTILE = 0.99
"""Magnitudes above this quantile may be outliers of the estimate."""
STILL = 0.1
"""Pixels of motion below which nothing moves."""


def center_of_motion(flow: np.ndarray) -> tuple[int, int]:
    """Row and column of the center of the largest moving region.

    A region is a connected set of pixels that move by more than half of the 99% quantile of all magnitudes: the largest
    magnitude would be an overshoot of the estimate. Its center is the pixel farthest from its edge, where the edges of
    the frame count, too. If nothing moves, it is the center of the frame.

    flow: float [height, width, 2] in pixels; not finite where unknown.
    """
    step = -(-max(flow.shape[:2]) // MAX_SIDE)
    offset = step // 2 if min(flow.shape[:2]) > step // 2 else 0
    lengths = np.hypot(flow[offset::step, offset::step, 0], flow[offset::step, offset::step, 1])
    known = np.isfinite(lengths)
    fast = float(np.quantile(lengths[known], QUANTILE)) if known.any() else 0.0
    moving = known & (np.nan_to_num(lengths) > fast / 2) if fast > STILL else np.ones_like(known)
    regions = np.zeros(moving.shape, np.int32)
    scipy.ndimage.label(moving, output=regions)
    largest = regions == np.bincount(regions[moving]).argmax()
    depth = np.asarray(scipy.ndimage.distance_transform_edt(np.pad(largest, 1)))
    row, column = _innermost(depth[1:-1, 1:-1])
    return row * step + offset, column * step + offset


def _innermost(depth: np.ndarray) -> tuple[int, int]:
    """The position farthest from the edge; among several, the one nearest to their mean."""
    places = np.argwhere(depth > depth.max() - 1e-9)
    row, column = places[np.square(places - places.mean(axis=0)).sum(axis=1).argmin()]
    return int(row), int(column)
