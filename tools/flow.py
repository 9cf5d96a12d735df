"""Draws the examples of optical flow, pairs with ground truth and a clip: `python -m tools.flow`.

Each pair has two frames, and `<name>_truth.png` as in KITTI 2015: 16 bits, red and green flow * 64 + 2^15 in pixels
right and down, blue 1 where it is valid: here everywhere, also where a point is occluded in the second frame.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from models.data.media.writing import write_clip
from tools.flow_harbor import harbor
from tools.flow_road import road
from tools.flow_scenes import bookshelf, bus, plate, window
from tools.layers import Scene

FOLDER = Path(__file__).parent.parent / "assets" / "examples" / "optical_flow"

SCENES: dict[str, tuple[Callable[[], Scene], float, float]] = {
    "rotation": (plate, 0, 0),
    "zoom": (road, 0, 0),
    "occlusion": (bus, 0, 0),
    "transparency": (window, 0, 0),
    "nothing": (bookshelf, 0, 1.5),
    "harbor": (harbor, 9, 0),
}
"""The scene, the time of the first frame, and the standard deviation of the camera noise, of 255."""


def pair(scene: Scene, time: float, noise: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both frames, uint8 [height, width, 3], and the flow between them, float32 [height, width, 2] in pixels."""
    rng = np.random.default_rng(0)
    first, second = (
        np.clip(np.rint(frame + noise * rng.standard_normal(frame.shape)), 0, 255).astype(np.uint8)
        for frame in (scene.frame(time), scene.frame(time + 1))
    )
    return first, second, scene.flow(time, time + 1)


def clip(scene: Scene) -> Iterator[np.ndarray]:
    """Its 25 frames, uint8 [height, width, 3]."""
    for time in range(25):
        yield np.clip(np.rint(scene.frame(time)), 0, 255).astype(np.uint8)


def save_truth(path: Path, flow: np.ndarray) -> None:
    """Flow float [height, width, 2], from -512 to 511 pixels, as KITTI's 16-bit PNG. Raises OSError."""
    stored = np.clip(np.rint(flow * 64 + 2**15), 0, 2**16 - 1)
    channels = np.dstack([np.ones(flow.shape[:2]), stored[..., 1], stored[..., 0]])  # OpenCV order: blue first
    if not cv2.imwrite(str(path), channels.astype(np.uint16), [cv2.IMWRITE_PNG_COMPRESSION, 9]):
        raise OSError(f"{path} could not be written.")


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, (scene, time, noise) in SCENES.items():
        first, second, truth = pair(scene(), time, noise)
        Image.fromarray(first).save(FOLDER / f"{name}_first.png", optimize=True)
        Image.fromarray(second).save(FOLDER / f"{name}_second.png", optimize=True)
        save_truth(FOLDER / f"{name}_truth.png", truth)
    write_clip(FOLDER / "harbor.mp4", clip(harbor()), fps=12.5)
