"""How far estimated motions are from the true ones: on held-out scenes, and on real ones of Middlebury."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from models.classical_flow import METHODS
from training.flow_scenes import held_out, read_textures

COUNT, SIZE, REACH = 48, 160, 12.0
"""The held-out scenes: how many, pixels along each side, and how far things move."""
UNKNOWN = 1e9
"""What a .flo file has above this is not known."""

Estimate = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Two frames uint8 [height, width, 3] -> flow float32 [height, width, 2] in pixels, x right, y down."""


@dataclass(frozen=True, slots=True)
class Pair:
    """first, second: uint8 [height, width, 3]. flow: float32 [height, width, 2], NaN where it is not known."""

    first: np.ndarray
    second: np.ndarray
    flow: np.ndarray


def evaluate(estimate: Estimate, data: Path, real: bool = True) -> dict:
    """Mean end-point errors in pixels: "synthetic", over the pixels of all held-out scenes; "middlebury", the mean of
    those of its scenes, which are in "scenes". Not `real`, or where Middlebury is not there, the first only."""
    errors = np.concatenate([end_point_error(estimate, pair).ravel() for pair in _synthetic(data)])
    pairs = dict(middlebury(data)) if real else {}
    scenes = {name: float(np.nanmean(end_point_error(estimate, pair))) for name, pair in pairs.items()}
    found: dict = {"synthetic": round(float(errors.mean()), 4)}
    if scenes:
        found["middlebury"] = round(float(np.mean(list(scenes.values()))), 4)
        found["scenes"] = {name: round(error, 4) for name, error in scenes.items()}
    return found


def baselines(data: Path) -> dict[str, dict]:
    """The same for no motion and for the classical methods."""
    return {name: evaluate(method, data) for name, method in {"no motion": no_motion, **METHODS}.items()}


def no_motion(first: np.ndarray, _: np.ndarray) -> np.ndarray:
    return np.zeros((*first.shape[:2], 2), np.float32)


def end_point_error(estimate: Estimate, pair: Pair) -> np.ndarray:
    """[height, width]: the length of the difference in pixels, NaN where the truth is not known."""
    return np.linalg.norm(estimate(pair.first, pair.second) - pair.flow, axis=-1)


def middlebury(data: Path) -> Iterator[tuple[str, Pair]]:
    """The scenes in DIR/middlebury or DIR/flow/middlebury, by name."""
    folder = next((path for base in (data, data / "flow") if (path := base / "middlebury").is_dir()), None)
    for scene in sorted(folder.iterdir()) if folder else ():
        first, second = (np.asarray(Image.open(scene / f"frame{n}.png").convert("RGB")) for n in (10, 11))
        yield scene.name, Pair(first, second, read_flo(scene / "flow10.flo"))


def read_flo(file: Path) -> np.ndarray:
    """float32 [height, width, 2], NaN where it is not known. Of files that the evaluation trusts."""
    content = file.read_bytes()
    width, height = np.frombuffer(content, "<i4", 2, offset=4)
    flow = np.frombuffer(content, "<f4", offset=12).reshape(height, width, 2)
    return np.where(np.abs(flow).max(axis=-1, keepdims=True) > UNKNOWN, np.nan, flow).astype(np.float32)


@cache
def _synthetic(data: Path) -> tuple[Pair, ...]:
    pairs = held_out(read_textures(data), COUNT, SIZE, REACH)
    first, second, flow = (frames.movedim(1, -1).numpy() for frames in (pairs.first, pairs.second, pairs.flow))
    frames = [(each * 255).round().astype(np.uint8) for each in (first, second)]
    return tuple(Pair(*each) for each in zip(*frames, flow, strict=True))
