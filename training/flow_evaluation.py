"""End-point errors of estimated flow: on held-out synthetic scenes, and on real scenes of Middlebury.

Synthetic scenes are always the same; Middlebury (Baker et al. 2011) is only used for scores.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from models.data import classical_flow
from models.data.flow_files import read_flow
from training.flow_scenes import held_out
from training.flow_textures import read_photographs
from training.progress import reported

SEED, COUNT, SIZE, REACH = 0, 64, 128, 8.0
"""Synthetic scenes: seed, number, pixels along each side, and largest motion in pixels."""
Estimate = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Two frames uint8 [height, width, 3] -> flow float32 [height, width, 2] in pixels, x right, y down."""


@dataclass(frozen=True, slots=True)
class Pair:
    """first, second: uint8 [height, width, 3].

    flow: float32 [height, width, 2], pixels; NaN where it is unknown.
    """

    name: str
    first: np.ndarray
    second: np.ndarray
    flow: np.ndarray


def evaluate(estimate: Estimate, pairs: Iterable[Pair]) -> dict:
    """{"epe": mean over the pairs, "pairs": {name: mean end-point error in pixels over the known flow}}.

    Scores of an estimate that is not finite are not finite. Raises ValueError for an estimate of another shape.
    """
    errors = {pair.name: float(_end_point_error(estimate, pair).mean()) for pair in pairs}
    if not errors:
        raise ValueError("There are no pairs to evaluate.")
    mean = round(float(np.mean(list(errors.values()))), 4)
    return {"epe": mean, "pairs": {name: round(error, 4) for name, error in errors.items()}}


def scores(estimate: Estimate, sets: Mapping[str, tuple[Pair, ...]]) -> dict:
    """{name of the set: result of `evaluate`}; "pairs" is only their number if there are more than ten."""
    found = {name: evaluate(estimate, pairs) for name, pairs in sets.items()}
    for each in found.values():
        if len(each["pairs"]) > 10:
            each["pairs"] = len(each["pairs"])
    return found


def evaluation_sets(data: Path) -> dict[str, tuple[Pair, ...]]:
    """{"synthetic": COUNT pairs, "middlebury": its scenes}, of the data folder or `flow` in it."""
    return {"synthetic": synthetic(data), "middlebury": middlebury(data)}


def baselines(data: Path) -> dict:
    """{method: result of `scores`} for METHODS. About 20 seconds on one core, most of them for TV-L1."""
    sets = evaluation_sets(data)
    return {name: scores(METHODS[name], sets) for name in reported(METHODS, len(METHODS), "methods")}


def synthetic(data: Path) -> tuple[Pair, ...]:
    """COUNT scenes with photographs that training does not use, rounded to bytes."""
    pairs = held_out(read_photographs(data), SEED, COUNT, SIZE, REACH)
    frames = zip(_bytes(pairs.first), _bytes(pairs.second), pairs.flow.permute(0, 2, 3, 1).numpy(), strict=True)
    return tuple(Pair(f"scene {number}", *each) for number, each in enumerate(frames))


def middlebury(data: Path) -> tuple[Pair, ...]:
    """The scenes in data/flow/middlebury or data/middlebury, by name: frame10.png, frame11.png, flow10.flo in each."""
    folder = next((path for base in (data / "flow", data) if (path := base / "middlebury").is_dir()), None)
    if folder is None:
        raise SystemExit(f"{data} holds neither flow/middlebury nor middlebury")
    return tuple(_scene(path) for path in sorted(folder.iterdir()) if path.is_dir())


def _scene(folder: Path) -> Pair:
    first, second = (_read_image(folder / f"frame{number}.png") for number in (10, 11))
    return Pair(folder.name, first, second, read_flow(folder / "flow10.flo"))


def _read_image(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def _end_point_error(estimate: Estimate, pair: Pair) -> np.ndarray:
    """[n]: length of the difference in pixels, where the flow is known."""
    found = estimate(pair.first, pair.second)
    if found.shape != pair.flow.shape:
        raise ValueError(f"{pair.name}: the flow has shape {list(found.shape)}, not {list(pair.flow.shape)}")
    known = ~np.isnan(pair.flow).any(axis=-1)
    return np.linalg.norm(found[known].astype(np.float64) - pair.flow[known], axis=-1)


def _bytes(frames: Tensor) -> np.ndarray:
    """float32 [n, 3, h, w], 0 to 1 -> uint8 [n, h, w, 3]."""
    return (255 * frames.permute(0, 2, 3, 1).numpy()).round().astype(np.uint8)


def _zero(first: np.ndarray, _: np.ndarray) -> np.ndarray:
    return np.zeros((*first.shape[:2], 2), np.float32)


METHODS: Mapping[str, Estimate] = {"zero": _zero, **classical_flow.METHODS}
"""Methods to compare with."""
