"""Optical flow in words. Flow is float [height, width, 2] in pixels, x right, y down; not finite: unknown."""

import numpy as np

from components.analysis.grid import region
from components.words.numbers import length_in_words, percent

HARDLY = 0.1
"""Pixels below which there is almost no motion."""
TOGETHER = 0.5
"""Length of the mean vector over the mean length, from which the flow has a common direction."""
_TURNS = ("right", "right and down", "down", "left and down", "left", "left and up", "up", "right and up")


def vector_in_words(right: float, down: float) -> str:
    """ "3.2 px right, 0.4 px up", "almost no motion (0.04 px)" or "unknown". right, down: pixels."""
    if not (np.isfinite(right) and np.isfinite(down)):
        return "unknown"
    length = float(np.hypot(right, down))
    if length < HARDLY:
        return f"almost no motion ({length_in_words(length)})"
    parts = ((right, "right", "left"), (down, "down", "up"))
    lengths = [(f"{abs(part):,.1f}", ahead if part > 0 else back) for part, ahead, back in parts]
    return ", ".join(f"{length} px {way}" for length, way in lengths if length != "0.0")


def direction_in_words(right: float, down: float) -> str:
    """The nearest of eight: "right", "right and down", …"""
    return _TURNS[round(float(np.arctan2(down, right)) / (np.pi / 4)) % 8]


def flow_in_words(flow: np.ndarray) -> str:
    """ "mean motion 3.2 px, mostly right and up; largest 11 px (lower left)", and the unknown share."""
    known = np.isfinite(flow[..., 0]) & np.isfinite(flow[..., 1])
    if not known.any():
        return "unknown everywhere"
    vectors = np.where(known[..., None], flow, 0.0)
    lengths = np.hypot(vectors[..., 0], vectors[..., 1])
    count = int(known.sum())
    mean, largest = float(lengths.sum(dtype=np.float64)) / count, int(lengths.argmax())
    way = _way(vectors.sum(axis=(0, 1), dtype=np.float64) / count, mean)
    facts = [f"mean motion {length_in_words(mean)}, {way}"]
    if mean < HARDLY:
        facts = [f"almost no motion (mean {length_in_words(mean)})"]
    if lengths.flat[largest] > 0:
        facts.append(f"largest {length_in_words(float(lengths.flat[largest]))} ({region(largest, lengths.shape)})")
    if count < known.size:
        facts.append(f"{percent(1 - count / known.size)} unknown")
    return "; ".join(facts)


def _way(vector: np.ndarray, mean: float) -> str:
    """vector: the mean of all; mean: of their lengths."""
    together = float(np.hypot(*vector)) >= TOGETHER * mean
    return f"mostly {direction_in_words(*vector.tolist())}" if together else "no common direction"


def errors_in_words(errors: np.ndarray) -> str:
    """End-point errors in pixels, float [height, width], not finite where the ground truth is unknown.

    "largest error 10 px (lower left); 4% without ground truth".
    """
    known = np.isfinite(errors)
    if not known.any():
        return "no ground truth"
    largest = int(np.where(known, errors, -1.0).argmax())
    place = region(largest, (errors.shape[0], errors.shape[1]))
    facts = [f"largest error {length_in_words(float(errors.flat[largest]))} ({place})"]
    if not known.all():
        facts.append(f"{percent(1 - float(known.mean()))} without ground truth")
    return "; ".join(facts)


def scores_in_words(epe: float, fl_all: float) -> str:
    """ "EPE 0.42 px · Fl-all 3.1%". epe: mean, pixels; fl_all: share of outliers, 0 to 1 (KITTI: > 3 px and > 5%)."""
    error = f"{epe:.2f} px" if np.isfinite(epe) else "unknown"
    return f"EPE {error} · Fl-all {percent(fl_all) if np.isfinite(fl_all) else 'unknown'}"
