"""How something moves, in words. Flow is float [height, width, 2] in pixels, x right, y down; not finite: unknown."""

import numpy as np

from components.analysis.grid import region
from components.words.numbers import length_in_words, percent

HARDLY = 0.1
"""Pixels below which motion counts as none."""
TOGETHER = 0.5
"""Length of the mean vector over the mean length from which all move about alike."""
_TURNS = ("right", "right and down", "down", "left and down", "left", "left and up", "up", "right and up")


def vector_in_words(right: float, down: float) -> str:
    """ "3.2 px right, 0.4 px up", "hardly moves (0.04 px)", "unknown". Both in pixels."""
    if not (np.isfinite(right) and np.isfinite(down)):
        return "unknown"
    length = float(np.hypot(right, down))
    if length < HARDLY:
        return f"hardly moves ({length_in_words(length)})"
    parts = ((right, "right", "left"), (down, "down", "up"))
    said = [(f"{abs(part):,.1f}", ahead if part > 0 else back) for part, ahead, back in parts]
    return ", ".join(f"{number} px {way}" for number, way in said if number != "0.0")


def direction_in_words(right: float, down: float) -> str:
    """The nearest of eight: "right", "right and down", …"""
    return _TURNS[round(float(np.arctan2(down, right)) / (np.pi / 4)) % 8]


def flow_in_words(flow: np.ndarray) -> str:
    """ "mean 3.2 px, mostly right and up; largest 11 px in the lower left", and how much is unknown."""
    known = np.isfinite(flow[..., 0]) & np.isfinite(flow[..., 1])
    if not known.any():
        return "unknown everywhere"
    vectors = np.where(known[..., None], flow, 0.0)
    lengths = np.hypot(vectors[..., 0], vectors[..., 1])
    count = int(known.sum())
    mean, largest = float(lengths.sum(dtype=np.float64)) / count, int(lengths.argmax())
    said = [f"mean {length_in_words(mean)}, {_way(vectors.sum(axis=(0, 1), dtype=np.float64) / count, mean)}"]
    if mean < HARDLY:
        said = [f"hardly anything moves: mean {length_in_words(mean)}"]
    if lengths.flat[largest] > 0:
        said.append(f"largest {length_in_words(float(lengths.flat[largest]))} in the {region(largest, lengths.shape)}")
    if count < known.size:
        said.append(f"{percent(1 - count / known.size)} unknown")
    return "; ".join(said)


def _way(vector: np.ndarray, mean: float) -> str:
    """vector: the mean of all; mean: of their lengths."""
    together = float(np.hypot(*vector)) >= TOGETHER * mean
    return f"mostly {direction_in_words(*vector.tolist())}" if together else "in many directions"


def errors_in_words(errors: np.ndarray) -> str:
    """End-point errors in pixels, float [height, width], not finite where the ground truth is unknown.

    "largest 10 px in the lower left; 4% without truth".
    """
    known = np.isfinite(errors)
    if not known.any():
        return "no truth is known"
    largest = int(np.where(known, errors, -1.0).argmax())
    place = region(largest, (errors.shape[0], errors.shape[1]))
    said = [f"largest {length_in_words(float(errors.flat[largest]))} in the {place}"]
    if not known.all():
        said.append(f"{percent(1 - float(known.mean()))} without truth")
    return "; ".join(said)


def scores_in_words(epe: float, fl_all: float) -> str:
    """ "EPE 0.42 px · Fl-all 3.1%". epe: mean, pixels; fl_all: share of outliers, 0 to 1 (KITTI: > 3 px and > 5%)."""
    error = f"{epe:.2f} px" if np.isfinite(epe) else "unknown"
    return f"EPE {error} · Fl-all {percent(fl_all) if np.isfinite(fl_all) else 'unknown'}"
