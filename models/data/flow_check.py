"""Checks of a flow: warp error, forward-backward consistency, and error against the ground truth."""

import numpy as np
from PIL.Image import Image, fromarray

from models.data.flow_scores import error_map, fl_all, mean_error, occluded, photometric_error, warp
from models.schema import FlowCheck


def check_flow(
    first: Image, second: Image, flow: np.ndarray, back: np.ndarray | None = None, truth: np.ndarray | None = None
) -> FlowCheck:
    """Checks a flow. Raises InputError for different sizes.

    first, second: RGB frames.
    flow: from the first to the second frame, float32 [height, width, 2] in pixels, x right, y down.
    back: flow from the second frame to the first.
    truth: ground truth, NaN where it is unknown.
    """
    here, there = np.asarray(first), np.asarray(second)
    moved = warp(there, flow)
    before, after = photometric_error(here, there, flow)
    known = truth is not None
    return FlowCheck(
        warped=fromarray(moved.image.round().astype(np.uint8)),
        known=moved.inside,
        before=before,
        after=after,
        hidden=None if back is None else occluded(flow, back),
        errors=error_map(flow, truth) if known else None,
        epe=mean_error(flow, truth) if known else None,
        fl_all=fl_all(flow, truth) if known else None,
    )
